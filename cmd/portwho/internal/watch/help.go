package watch

import (
	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// help tells all keys and signs.
func (s *screen) help() []string {
	var out []string
	for _, row := range [][2]string{
		{"j k", "down and up, as the arrows do"},
		{"pgdn pgup", "a page down, a page up"},
		{"g G", "to the first line, to the last"},
		{"enter", "details, as of portwho PORT"},
		{"h", "history: who had which port"},
		{"/", "filter as you type; esc shows all"},
		{"s", "sort by the next column"},
		{"r", "reverse the order"},
		{"p", "pause, and go on"},
		{"x", "stop what holds the port; asks first"},
		{"c", "copy the command for the line"},
		{"esc", "back"},
		{"q", "quit, or back"},
		{"ctrl+z", "suspend; fg comes back"},
		{"", ""},
		{"+", "new"},
		{"~", "the same socket, held by others"},
		{"-", "gone; it vanishes soon"},
		{"?", "may be gone: not everything could be read"},
		{">", "the cursor"},
	} {
		const keys = 11
		lines := term.Wrap(term.Clean(row[1]), max(s.paneWidth()-keys, 1))
		for i, line := range lines {
			key := term.Cleanf("%-*s", keys, row[0]).In(term.Bold)
			if i > 0 {
				key = term.Cleanf("%*s", keys, "")
			}
			out = append(out, key.Plus(line).Cut(s.paneWidth()).Render(s.config.Color))
		}
	}
	return out
}
