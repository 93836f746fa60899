package term

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sanitize makes a string from outside safe to show on one line of a terminal,
// and shows what it hides. Control characters, bytes that are not UTF-8, and
// characters that cannot be seen or that change how others are seen (format
// and bidi controls, zero-width characters, variation selectors, odd spaces,
// line and paragraph separators) become escapes: \n, \x1b, \u202e. Everything
// else stays.
//
// The result is valid UTF-8 without control and format characters, and
// sanitising it again changes nothing. A backslash stays as it is, so the
// result is meant for eyes and cannot be turned back into the original.
func Sanitize(s string) string {
	i := firstUnsafe(s)
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i < len(s) {
		b.WriteString(s[:i])
		r, size := utf8.DecodeRuneInString(s[i:])
		b.WriteString(escape(r, s[i:i+size]))
		s = s[i+size:]
		i = firstUnsafe(s)
	}
	b.WriteString(s)
	return b.String()
}

// firstUnsafe returns the offset of the first character to be escaped, or the
// length of the string.
func firstUnsafe(s string) int {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < ' ' || c == 0x7f {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if !shown(r) || r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(s)
}

// shown reports whether a character puts a mark of its own on the screen, or
// is the plain space.
func shown(r rune) bool {
	if r < utf8.RuneSelf {
		return ' ' <= r && r != 0x7f
	}
	const brailleBlank = '\u2800'
	return strconv.IsPrint(r) && r != brailleBlank &&
		!unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// escape writes one character visibly. The bytes tell a byte that is not UTF-8
// from a character with the same number.
func escape(r rune, bytes string) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case len(bytes) == 1:
		return fmt.Sprintf(`\x%02x`, bytes[0])
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04x`, r)
	default:
		return fmt.Sprintf(`\U%08x`, r)
	}
}
