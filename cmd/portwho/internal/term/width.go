package term

import (
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

// Ellipsis stands for what was cut off.
const Ellipsis = "…"

// Width returns how many columns a string takes. It adds up the characters
// one by one, as tablewriter does, so that both agree on every cell.
// Characters of ambiguous width count as one column.
func Width(s string) int {
	width := 0
	for _, r := range s {
		width += runeWidth(r)
	}
	return width
}

func runeWidth(r rune) int {
	if ' ' <= r && r < 0x7f {
		return 1
	}
	return displaywidth.Rune(r)
}

// Truncate returns s if it takes at most width columns, else its beginning
// with an [Ellipsis] at the end. A width below 1 gives the empty string.
func Truncate(s string, width int) string {
	if Width(s) <= width {
		return s
	}
	if width < 1 {
		return ""
	}
	return s[:prefix(s, width-1)] + Ellipsis
}

// TruncateMiddle is like [Truncate] with the [Ellipsis] in the middle, for
// paths and addresses, whose end tells as much as their beginning.
func TruncateMiddle(s string, width int) string {
	if Width(s) <= width {
		return s
	}
	if width < 1 {
		return ""
	}
	head := s[:prefix(s, (width-1)/2)]
	return head + Ellipsis + s[suffix(s, width-1-Width(head)):]
}

// prefix returns the length in bytes of the longest beginning of s that takes
// at most width columns. Marks that combine with the last character are kept.
func prefix(s string, width int) int {
	for i, r := range s {
		if width -= runeWidth(r); width < 0 {
			return i
		}
	}
	return len(s)
}

// suffix returns the offset of the longest end of s that takes at most width
// columns and does not begin with a mark that belongs to a character before.
func suffix(s string, width int) int {
	start := len(s)
	for end := len(s); end > 0; {
		r, size := utf8.DecodeLastRuneInString(s[:end])
		end -= size
		w := runeWidth(r)
		if width -= w; width < 0 {
			break
		}
		if w > 0 {
			start = end
		}
	}
	return start
}
