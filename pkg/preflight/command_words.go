package preflight

import "strings"

// word is a word of a command line.
type word struct {
	text   string // without quotes
	offset int    // of text in the command line; of its first part where quotes are within
	quoted bool   // as a whole, so that it may be a command of its own
	fills  bool   // the shell fills in variables: it is not in single quotes
}

// simpleCommands splits a command line into its simple commands, as a shell
// does: at && || ; | & and line ends. It knows quotes, and no more of the
// grammar than that.
func simpleCommands(line string) [][]word {
	s := splitter{line: line}
	for s.pos < len(line) {
		switch b := line[s.pos]; {
		case b == ' ' || b == '\t' || b == '\r':
			s.pos++
		case strings.IndexByte("&|;\n()", b) >= 0:
			s.pos++
			s.end()
		case b == '#':
			next := strings.IndexByte(line[s.pos:], '\n')
			if next < 0 {
				next = len(line) - s.pos
			}
			s.pos += next
		default:
			s.word()
		}
	}
	s.end()
	return s.commands
}

type splitter struct {
	line     string
	pos      int
	words    []word
	commands [][]word
}

func (s *splitter) end() {
	if len(s.words) > 0 {
		s.commands = append(s.commands, s.words)
		s.words = nil
	}
}

func (s *splitter) word() {
	w := word{offset: s.pos, fills: true}
	var text strings.Builder
	parts, open := 0, byte(0)
	for ; s.pos < len(s.line); s.pos++ {
		switch b := s.line[s.pos]; {
		case open != 0 && b == open:
			open = 0
			continue
		case b == '\\' && open != '\'' && s.pos+1 < len(s.line) && strings.IndexByte(`"'\ $`, s.line[s.pos+1]) >= 0:
			s.pos++
			text.WriteByte(s.line[s.pos])
			continue
		case open != 0:
			text.WriteByte(b)
			continue
		case b == '\'' || b == '"':
			if text.Len() == 0 {
				w.offset = s.pos + 1
			}
			open, w.fills = b, w.fills && b == '"'
			parts++
			continue
		case b == '$' && s.pos+1 < len(s.line) && s.line[s.pos+1] == '{':
			end := strings.IndexByte(s.line[s.pos:], '}')
			if end < 0 {
				end = len(s.line) - s.pos - 1
			}
			text.WriteString(s.line[s.pos : s.pos+end+1])
			s.pos += end
			continue
		case strings.IndexByte(" \t\r\n&|;()", b) >= 0:
			w.text, w.quoted = text.String(), parts == 1 && w.offset+text.Len() < s.pos
			s.words = append(s.words, w)
			return
		default:
			text.WriteByte(b)
		}
	}
	w.text, w.quoted = text.String(), parts == 1 && w.offset+text.Len() < s.pos
	s.words = append(s.words, w)
}
