package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// visible makes a string from outside safe to show on one line, for the formats
// that people read in a browser or a log: control characters, bytes that are
// not UTF-8 and characters that nobody sees become escapes such as \n, \x1b and
// \u202e. What is left is valid in XML 1.0 as well (section 2.2).
func visible(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += size
	}
	return b.String()
}

// shellWords writes a command for a POSIX shell, safe to show. An argument with
// characters that cannot be shown stands in $'...' quotes, in which their
// escapes mean them.
func shellWords(argv []string) string {
	words := make([]string, len(argv))
	for i, arg := range argv {
		switch {
		case visible(arg) != arg:
			words[i] = "$'" + visible(strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(arg)) + "'"
		case arg == "" || strings.ContainsFunc(arg, special) || i == 0 && strings.Contains(arg, "="):
			words[i] = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		default:
			words[i] = arg
		}
	}
	return strings.Join(words, " ")
}

// special reports whether a character may mean something to a shell.
func special(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r >= utf8.RuneSelf:
		return false
	}
	return !strings.ContainsRune("@%+:,./_-=", r)
}
