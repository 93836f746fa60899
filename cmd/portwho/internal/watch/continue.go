package watch

import (
	"context"
	"os"

	tea "charm.land/bubbletea/v2"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// continuedMsg says that the program goes on after it was stopped.
type continuedMsg struct{}

// heedContinue tells the program whenever it goes on, until ctx ends.
func heedContinue(ctx context.Context, program *tea.Program, continued <-chan os.Signal) {
	for {
		select {
		case <-continued:
			program.Send(continuedMsg{})
		case <-ctx.Done():
			return
		}
	}
}

// retake takes the terminal as at the start and draws everything anew: whoever
// had it meanwhile has drawn on it, and set it as it liked. The library can only
// give it back first, and must not be asked to take it again at once: the old
// clock of its frames may then stop the new one.
func (s *screen) retake() tea.Cmd {
	term.MakeRaw(s.config.In) // how it was before the start, the library knows
	// The other screen, no cursor, text that is pasted marked as such, the mouse
	// (ctlseqs, "Private Mode Set").
	modes := "\x1b[?1049h\x1b[?25l\x1b[?2004h"
	if s.config.Mouse {
		modes += "\x1b[?1002h\x1b[?1006h"
	}
	return tea.Sequence(tea.Raw(modes), tea.ClearScreen, s.look())
}
