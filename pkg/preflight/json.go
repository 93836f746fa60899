package preflight

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/portwho/portwho/pkg/report"
)

// jsonValue is a value of JSON and where it stands.
type jsonValue struct {
	kind    jsonKind
	text    string // of a string, with its escapes read; of other scalars as it is written
	raw     string // as it is written
	plain   bool   // raw has no escapes
	offset  int
	places  []int        // where the bytes of text stand in raw, where that is not plain
	members []jsonMember // of an object
	items   []*jsonValue // of an array
}

type jsonMember struct {
	name   string
	offset int
	value  *jsonValue
}

type jsonKind byte

const (
	jsonLiteral jsonKind = iota // true, false, null
	jsonNumber
	jsonString
	jsonArray
	jsonObject
)

// What a file may make us keep.
const (
	maxJSONDepth  = 500
	maxJSONValues = 1 << 17
)

// parseJSON reads a file of JSON (RFC 8259), or of JSON with comments and
// commas before a closing bracket, as editors write their settings. The finding
// is where it is none.
func parseJSON(f file, comments bool) (*jsonValue, *report.Finding) {
	p := jsonParser{text: string(f.data), comments: comments}
	v := p.value(0)
	p.space()
	if p.why == "" && p.pos < len(p.text) {
		p.fail("something comes after the end")
	}
	if p.why == "" {
		return v, nil
	}
	line, column := linesOf(f.data).at(p.bad)
	bad := unreadable(f, line, column, p.why)
	return nil, &bad
}

// eachJSON reads files one after the other. What is no JSON is a finding.
func eachJSON(files []file, comments bool, read func(f file, top *jsonValue) parsed) parsed {
	var out parsed
	for _, f := range files {
		top, bad := parseJSON(f, comments)
		if bad != nil {
			out.findings = append(out.findings, *bad)
			continue
		}
		out.add(read(f, top))
	}
	return out
}

// get is an object's member; nil where there is none. The last of several
// counts.
func (v *jsonValue) get(name string) *jsonValue {
	if v == nil {
		return nil
	}
	for i := len(v.members) - 1; i >= 0; i-- {
		if v.members[i].name == name {
			return v.members[i].value
		}
	}
	return nil
}

// is tells the kind of a value that may be missing.
func (v *jsonValue) is(kind jsonKind) bool { return v != nil && v.kind == kind }

// at is the offset in the file of a byte in a string's text.
func (v *jsonValue) at(index int) int {
	if v.plain {
		return v.offset + len(`"`) + index
	}
	if v.places == nil {
		p := jsonParser{text: v.raw, pos: len(`"`)}
		for len(v.places) <= len(v.text) && p.why == "" {
			place := p.pos
			for range max(len(p.char()), 1) {
				v.places = append(v.places, place)
			}
		}
	}
	return v.offset + v.places[min(index, len(v.places)-1)]
}

type jsonParser struct {
	text     string
	pos      int
	comments bool
	values   int
	why      string // what is wrong; empty for nothing
	bad      int    // where it is
}

func (p *jsonParser) fail(format string, arguments ...any) {
	if p.why == "" {
		p.why, p.bad = fmt.Sprintf(format, arguments...), p.pos
	}
}

func (p *jsonParser) skip() {
	if p.why == "" {
		p.pos++
	}
}

// next is the byte at the current place, 0 at the end.
func (p *jsonParser) next() byte {
	if p.pos < len(p.text) && p.why == "" {
		return p.text[p.pos]
	}
	return 0
}

// space skips what is between values.
func (p *jsonParser) space() {
	for p.why == "" {
		rest := strings.TrimLeft(p.text[p.pos:], " \t\r\n")
		p.pos = len(p.text) - len(rest)
		ending, closing := "\n", ""
		switch {
		case strings.HasPrefix(rest, "//"):
		case strings.HasPrefix(rest, "/*"):
			ending, closing = "*/", "*/"
		default:
			return
		}
		if !p.comments {
			p.fail("a comment, which JSON has none of")
			return
		}
		end := strings.Index(rest[2:], ending)
		if end < 0 && closing != "" {
			p.fail("the comment does not end")
			return
		}
		if end < 0 {
			p.pos = len(p.text)
			return
		}
		p.pos += 2 + end + len(closing)
	}
}

func (p *jsonParser) value(depth int) *jsonValue {
	p.space()
	v := &jsonValue{offset: p.pos}
	if p.values++; p.values > maxJSONValues {
		p.fail("it has more than %d values", maxJSONValues)
	}
	if depth > maxJSONDepth {
		p.fail("it is nested more than %d deep", maxJSONDepth)
	}
	if p.why != "" {
		return v
	}
	switch b := p.next(); {
	case b == '{':
		v.kind = jsonObject
		p.list('}', func() {
			m := jsonMember{offset: p.pos}
			if p.next() != '"' {
				p.fail("a name in double quotes is missing")
			}
			m.name = p.string()
			p.space()
			if p.next() != ':' {
				p.fail("a colon is missing")
			}
			p.skip()
			m.value = p.value(depth + 1)
			v.members = append(v.members, m)
		})
	case b == '[':
		v.kind = jsonArray
		p.list(']', func() { v.items = append(v.items, p.value(depth+1)) })
	case b == '"':
		v.kind, v.text = jsonString, p.string()
	default:
		rest := p.text[p.pos:]
		word := rest[:len(rest)-len(strings.TrimLeft(rest, "+-.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"))]
		switch {
		case p.why != "":
		case word == "true" || word == "false" || word == "null":
		case word != "" && strings.Trim(word, "0123456789+-.eE") == "":
			v.kind = jsonNumber
		case rest == "":
			p.fail("it ends too early")
		default:
			p.fail("a value is missing")
		}
		v.text = word
		if p.why == "" {
			p.pos += len(word)
		}
	}
	if p.why == "" {
		v.raw = p.text[v.offset:p.pos]
		v.plain = v.kind == jsonString && strings.IndexByte(v.raw, '\\') < 0
	}
	return v
}

// list reads what stands between brackets.
func (p *jsonParser) list(closing byte, entry func()) {
	p.skip()
	for p.space(); p.why == "" && p.next() != closing; p.space() {
		entry()
		p.space()
		if p.next() == closing {
			break
		}
		if p.next() != ',' {
			p.fail("a comma or a %q is missing", closing)
		}
		if p.why != "" {
			return
		}
		comma := p.pos
		p.skip()
		p.space()
		if p.next() == closing && !p.comments {
			p.pos = comma
			p.fail("there is a comma too many")
			return
		}
	}
	p.skip()
}

func (p *jsonParser) string() string {
	if p.next() != '"' {
		return ""
	}
	p.pos++
	var out strings.Builder
	for p.next() != '"' {
		if p.pos >= len(p.text) {
			p.fail("a string does not end")
		}
		if p.why != "" {
			return ""
		}
		out.WriteString(p.char())
	}
	p.pos++
	return out.String()
}

// char reads a character of a string.
func (p *jsonParser) char() string {
	if p.pos >= len(p.text) {
		p.fail("a string does not end")
		return ""
	}
	switch b := p.text[p.pos]; {
	case b < ' ':
		p.fail("a string goes over the end of the line")
		return ""
	case b != '\\':
		_, size := utf8.DecodeRuneInString(p.text[p.pos:])
		p.pos += size
		return p.text[p.pos-size : p.pos]
	case p.pos+1 >= len(p.text):
		p.fail("a string does not end")
		return ""
	}
	p.pos += 2
	switch b := p.text[p.pos-1]; b {
	case '"', '\\', '/':
		return string(rune(b))
	case 'b':
		return "\b"
	case 'f':
		return "\f"
	case 'n':
		return "\n"
	case 'r':
		return "\r"
	case 't':
		return "\t"
	case 'u':
		first := p.hex()
		if rest := p.text[p.pos:]; utf16.IsSurrogate(first) && strings.HasPrefix(rest, `\u`) {
			p.pos += 2
			return string(utf16.DecodeRune(first, p.hex()))
		}
		return string(first)
	}
	p.pos -= 2
	p.fail("an escape that JSON has none of")
	return ""
}

// hex reads the four digits of an escape.
func (p *jsonParser) hex() rune {
	var r rune
	for range 4 {
		digit := rune(-1)
		if p.pos < len(p.text) {
			digit = rune(strings.IndexByte("0123456789abcdef", p.text[p.pos]|0x20))
		}
		if digit < 0 || p.text[p.pos] < '0' {
			p.fail("an escape that JSON has none of")
			return utf8.RuneError
		}
		r = r<<4 | digit
		p.pos++
	}
	return r
}
