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
		var b strings.Builder
		style, column := "", 0
		for i := 0; i < len(line); {
			if end := styleEnd(line[i:]); end > 0 {
				if style = line[i : i+end]; style == "\x1b[0m" {
					style = ""
				}
				b.WriteString(line[i : i+end])
				i += end
				continue
			}
			_, size := utf8.DecodeRuneInString(line[i:])
			w := term.Width(line[i : i+size])
			if column+w > width && column > 0 {
				if style != "" {
					b.WriteString("\x1b[0m")
				}
				out = append(out, b.String())
				b.Reset()
				b.WriteString(style)
				column = 0
			}
			b.WriteString(line[i : i+size])
			column += w
			i += size
		}
		out = append(out, b.String())
	}
	return out
}

// styleEnd is the length of the colour code at the beginning; 0 if there is
// none.
func styleEnd(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	return strings.IndexByte(s, 'm') + 1
}
