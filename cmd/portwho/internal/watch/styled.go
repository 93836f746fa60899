package watch

import (
	"strings"
	"unicode/utf8"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// wrapStyled breaks text that holds colours into lines of at most width
// columns. Most lines have that width already; a command that must stay whole
// may be longer, and goes on in the next line, in its colour.
func wrapStyled(text string, width int) []string {
	var out []string
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		style := ""
		for {
			end, next, ends := cutStyled(line, width, style)
			cut := style + line[:end]
			if next < len(line) && ends != "" {
				cut += reset
			}
			out = append(out, cut)
			if next >= len(line) {
				break
			}
			line, style = line[next:], ends
		}
	}
	return out
}

const reset = "\x1b[0m"

// cutStyled finds where a line of text that holds colours is to be cut: before
// end, and the next line begins at next, in the style that is on there. It cuts
// at a blank where there is one.
func cutStyled(line string, width int, style string) (end, next int, ends string) {
	column, blank, blankStyle := 0, 0, ""
	for i := 0; i < len(line); {
		if n := styleEnd(line[i:]); n > 0 {
			if style = line[i : i+n]; style == reset {
				style = ""
			}
			i += n
			continue
		}
		r, size := utf8.DecodeRuneInString(line[i:])
		w := term.Width(line[i : i+size])
		if column+w > width && i > 0 {
			switch {
			case r == ' ':
				return i, i + 1, style
			case blank > 0 && strings.TrimSpace(line[:blank]) != "":
				return blank, blank + 1, blankStyle
			}
			return i, i, style
		}
		if r == ' ' {
			blank, blankStyle = i, style
		}
		column += w
		i += size
	}
	return len(line), len(line), style
}

// styleEnd is the length of the colour code at the beginning; 0 if there is
// none.
func styleEnd(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	return strings.IndexByte(s, 'm') + 1
}
