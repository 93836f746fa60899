package preflight

import (
	"fmt"
	"strings"
)

// envEntry is a variable in a .env file.
type envEntry struct {
	name   string
	text   string // as it is written, without quotes and comment
	value  string // with the variables in it filled in
	unset  []string
	offset int // of text in the file
}

// parseEnv reads a .env file as most programs do: NAME=VALUE, with export or
// without, values in quotes over several lines, comments. before are the
// variables that may be filled in besides those of the file. Findings are for
// lines that are none of that.
func parseEnv(f file, before variables) ([]envEntry, []envFault) {
	p := envParser{text: string(f.data), before: before, values: map[string]string{}}
	for p.pos < len(p.text) {
		p.line()
	}
	return p.entries, p.faults
}

// envFault is a line of a .env file that cannot be understood.
type envFault struct {
	offset int
	why    string
	severe bool
}

// maxEnvFilled is what the values of a file with variables in them may come to,
// in bytes.
const maxEnvFilled = 4 << 20

type envParser struct {
	text    string
	pos     int
	before  variables
	values  map[string]string
	entries []envEntry
	faults  []envFault
	filled  int
}

// line reads what starts on a line, and goes to the next.
func (p *envParser) line() {
	start := p.pos
	rest := p.text[start:]
	if i := strings.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	p.pos = min(start+len(rest)+1, len(p.text))
	body := strings.TrimSpace(rest)
	if body == "" || body[0] == '#' {
		return
	}
	at := start + strings.Index(rest, body)
	if after, ok := strings.CutPrefix(body, "export"); ok && after != "" && (after[0] == ' ' || after[0] == '\t') {
		body = strings.TrimLeft(after, " \t")
		at = start + len(strings.TrimRight(rest, " \t\r")) - len(body)
	}
	n := 0
	for n < len(body) && (isNameByte(body[n], n == 0) || n > 0 && (body[n] == '.' || body[n] == '-')) {
		n++
	}
	name, after := body[:n], strings.TrimLeft(body[n:], " \t")
	switch {
	case name == "":
		p.faults = append(p.faults, envFault{at, "the line is no NAME=VALUE", false})
		return
	case after == "": // NAME alone takes the value of the environment
		return
	case after[0] != '=' && (after[0] != ':' || len(after) > 1 && after[1] != ' ' && after[1] != '\t'):
		p.faults = append(p.faults, envFault{at, "the line is no NAME=VALUE", false})
		return
	}
	value := strings.TrimLeft(after[1:], " \t")
	p.value(name, value, at+len(body)-len(value))
}

// value reads the value that starts at an offset, line being the rest of its
// line.
func (p *envParser) value(name, line string, offset int) {
	if line == "" || strings.IndexByte("\"'`", line[0]) < 0 {
		p.add(name, withoutComment(line), offset, true)
		return
	}
	quote := line[0]
	for i := offset + 1; i < len(p.text); i++ {
		switch p.text[i] {
		case '\\':
			i++
		case quote:
			p.pos = len(p.text)
			if end := strings.IndexByte(p.text[i:], '\n'); end >= 0 {
				p.pos = i + end + 1
			}
			p.add(name, p.text[offset+1:i], offset+1, quote == '"')
			return
		}
	}
	p.faults = append(p.faults, envFault{offset, "the quote of " + name + " is not closed", true})
}

// withoutComment cuts a comment off a value without quotes.
func withoutComment(value string) string {
	for i := range len(value) {
		if value[i] == '#' && (i == 0 || value[i-1] == ' ' || value[i-1] == '\t' || isDigits(value[:i])) {
			value = value[:i]
			break
		}
	}
	return strings.TrimSpace(value)
}

func (p *envParser) add(name, text string, offset int, fill bool) {
	e := envEntry{name: name, text: text, value: text, offset: offset}
	if fill && strings.Contains(text, "$") {
		known := p.before.or(p.values)
		if filled, unset, err := interpolate(strings.ReplaceAll(text, `\$`, "$$"), known); err == nil {
			e.value, e.unset = filled, unset
		}
		if p.filled += len(e.value); p.filled > maxEnvFilled {
			p.faults = append(p.faults, envFault{offset, fmt.Sprintf("with variables filled in, it comes to more than %d MiB", maxEnvFilled>>20), true})
			p.pos = len(p.text)
			return
		}
	}
	p.values[name] = e.value
	p.entries = append(p.entries, e)
}
