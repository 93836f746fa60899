package preflight

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// maxDotenv is what the values of a .env file may come to, in bytes, when
// variables in them are filled in.
const maxDotenv = 4 << 20

// A dotenvError is what in a .env file docker compose does not take.
type dotenvError struct {
	line int
	why  string
}

func (e *dotenvError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.why) }

// parseDotenv reads a .env file as docker compose does (compose-go, package
// dotenv), and adds its variables to those of the files before. The values of
// earlier ones, and of the environment, may be used in it.
func parseDotenv(text string, v variables, into map[string]string) error {
	p := dotenvParser{text: text, rest: text, variables: v.or(into), into: into}
	for p.skipToStatement() {
		if err := p.statement(); err != nil {
			return err
		}
	}
	return nil
}

type dotenvParser struct {
	text, rest string
	variables  variables
	into       map[string]string
	size       int
}

// skipToStatement skips white space and comments.
func (p *dotenvParser) skipToStatement() bool {
	for {
		p.rest = strings.TrimLeftFunc(p.rest, unicode.IsSpace)
		if !strings.HasPrefix(p.rest, "#") {
			return p.rest != ""
		}
		_, p.rest, _ = strings.Cut(p.rest, "\n")
	}
}

// statement reads NAME=VALUE, NAME: VALUE, or NAME alone, which takes the value
// of the environment.
func (p *dotenvParser) statement() error {
	if after, ok := strings.CutPrefix(p.rest, "export"); ok && after != "" && strings.IndexByte(" \t\r\n\f", after[0]) >= 0 {
		p.rest = strings.TrimLeftFunc(after, isDotenvSpace)
	}
	name, bare, err := p.name()
	if err != nil {
		return err
	}
	if bare {
		if value, ok := p.variables(name); ok {
			return p.set(name, value)
		}
		return nil
	}
	value, err := p.value()
	if err != nil {
		return err
	}
	return p.set(name, value)
}

func (p *dotenvParser) set(name, value string) error {
	if p.size += len(name) + len(value); p.size > maxDotenv {
		return p.fail(fmt.Sprintf("the values come to more than %d MiB", maxDotenv>>20))
	}
	p.into[name] = value
	return nil
}

// name reads up to the sign after it. The last line has no name where it has no
// such sign.
func (p *dotenvParser) name() (name string, bare bool, err error) {
	if p.rest == "" {
		return "", false, p.fail("zero length string")
	}
	after := 0
loop:
	for i, r := range p.rest {
		switch {
		case isDotenvSpace(r), strings.ContainsRune("_.-[]", r), unicode.IsLetter(r), unicode.IsNumber(r):
		case r == '=', r == ':', r == '\n':
			name, bare, after = p.rest[:i], r == '\n', i+1
			break loop
		default:
			line, _, _ := strings.Cut(p.rest, "\n")
			return "", false, p.fail(fmt.Sprintf("unexpected character %q in variable name %q", string(r), line))
		}
	}
	name = strings.TrimRightFunc(name, unicode.IsSpace)
	if strings.Contains(name, " ") {
		return "", false, p.fail("key cannot contain a space")
	}
	p.rest = strings.TrimLeftFunc(p.rest[after:], isDotenvSpace)
	return name, bare, nil
}

func (p *dotenvParser) value() (string, error) {
	if p.rest == "" || p.rest[0] != '"' && p.rest[0] != '\'' {
		start := *p
		value, rest, _ := strings.Cut(p.rest, "\n")
		p.rest = rest
		value, _, _ = strings.Cut(value, " #")
		return start.fill(strings.TrimRightFunc(value, unicode.IsSpace))
	}
	start, quote := *p, p.rest[0]
	var out []byte
	escaped := false
	for i := 1; i < len(p.rest); i++ {
		b := p.rest[i]
		switch {
		case b == '\\' && !escaped:
			escaped = true
			continue
		case b == quote && !escaped:
			p.rest = p.rest[i+1:]
			if quote == '\'' {
				return string(out), nil
			}
			return start.fill(unescapeDotenv(string(out)))
		case b != quote && escaped:
			out = append(out, '\\')
		}
		escaped = false
		out = append(out, b)
	}
	line, _, _ := strings.Cut(p.rest, "\n")
	return "", p.fail("unterminated quoted value " + line)
}

func (p *dotenvParser) fill(value string) (string, error) {
	filled, _, err := interpolate(value, p.variables)
	if err != nil {
		return "", p.fail(err.Error())
	}
	return filled, nil
}

func (p *dotenvParser) fail(why string) error {
	return &dotenvError{1 + strings.Count(p.text[:len(p.text)-len(p.rest)], "\n"), why}
}

// unescapeDotenv takes escapes out of a value in double quotes. An escaped
// dollar sign becomes two, which the filling in of variables makes one.
func unescapeDotenv(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		switch next := text[i+1]; {
		case next == '$':
			out.WriteString("$$")
			i++
		case next == '0':
			digits := 0
			for digits < 3 && i+2+digits < len(text) && text[i+2+digits] >= '0' && text[i+2+digits] <= '9' {
				digits++
			}
			match := `\` + text[i+2:i+2+digits]
			out.WriteString(unquoted(match))
			i += 1 + digits
		case strings.IndexByte(`abcfnrtv"\`, next) >= 0:
			out.WriteString(unquoted(text[i : i+2]))
			i++
		default:
			out.WriteByte('\\')
		}
	}
	return out.String()
}

// unquoted is the character that an escape of Go stands for, or the escape where
// it is none.
func unquoted(escape string) string {
	if r, _, _, err := strconv.UnquoteChar(escape, '"'); err == nil {
		return string(r)
	}
	return escape
}

// isDotenvSpace is white space within a line.
func isDotenvSpace(r rune) bool {
	switch r {
	case '\t', '\v', '\f', '\r', ' ', 0x85, 0xA0:
		return true
	}
	return false
}
