package watch

import (
	"io"

	tea "charm.land/bubbletea/v2"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

type (
	// continuedMsg says that the program goes on after it was stopped.
	continuedMsg struct{}
	// suspendedMsg says the same after it has stopped itself, or why it has not.
	suspendedMsg struct{ err error }
)

// suspend gives the terminal back, stops the program and takes the terminal
// again when it goes on. The library would wait for ever where nothing can stop it.
func (s *screen) suspend() tea.Cmd {
	if s.config.Suspend == nil {
		return nil
	}
	s.suspended = true
	return tea.Exec(suspension(s.config.Suspend), func(err error) tea.Msg { return suspendedMsg{err} })
}

// suspension is run while the terminal is given back, and needs nothing of it.
type suspension func() error

func (s suspension) Run() error        { return s() }
func (suspension) SetStdin(io.Reader)  {}
func (suspension) SetStdout(io.Writer) {}
func (suspension) SetStderr(io.Writer) {}

// resumed goes on after the program has stopped itself.
func (s *screen) resumed(err error) tea.Cmd {
	s.suspended = false
	if err != nil {
		s.message = term.Cleanf("not suspended: %v", err)
	}
	return tea.Batch(tea.ClearScreen, s.look())
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
