package pick

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// continuedMsg says that the program goes on after it was stopped.
type continuedMsg struct{}

// retake takes the terminal as at the start and draws the choice anew below what
// others have written meanwhile. The library goes up by no more than the choice
// has lines before it draws, so that many are put in between.
func (m model) retake() tea.Cmd {
	term.MakeRaw(m.config.In) // how it was before the start, the library knows
	lines := strings.Count(m.View().Content, "\n")
	// No cursor, text that is pasted marked as such (ctlseqs, "Private Mode Set").
	return tea.Sequence(tea.Raw("\x1b[?25l\x1b[?2004h\r"+strings.Repeat("\n", lines)), tea.ClearScreen)
}
