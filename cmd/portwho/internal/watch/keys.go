package watch

import (
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// press does what a key says.
func (s *screen) press(key tea.KeyPressMsg) tea.Cmd {
	s.message = term.Text{}
	name := key.String()
	switch name {
	case "ctrl+c":
		return tea.Quit
	case "ctrl+z":
		return s.suspend()
	}
	switch {
	case s.pane.typing:
		return s.typed(key)
	case s.pane.kind != noPane:
		return s.pane.press(s, name)
	}
	return s.command(name)
}

// command does what a key says to the table.
func (s *screen) command(name string) tea.Cmd {
	if to, ok := moved(name, s.table.at, s.room(), len(s.table.shown)); ok {
		s.table.move(to)
		return nil
	}
	switch name {
	case "q":
		return tea.Quit
	case "esc":
		s.setFilter("")
	case "/":
		s.pane.typing = true
	case "s":
		s.table.nextSort()
		s.arrange()
	case "r":
		s.table.reverse = !s.table.reverse
		s.arrange()
	case "p", "space":
		s.paused = !s.paused
		if !s.paused {
			return s.look()
		}
	case "enter":
		return s.openDetail()
	case "h":
		s.pane = pane{kind: historyPane}
	case "?", "f1":
		s.pane = pane{kind: helpPane}
	case "x":
		return s.openStop()
	case "c":
		return s.copy()
	}
	return nil
}

func (s *screen) arrange() { s.table.arrange() }

// moved is where a key moves to in a list of so many lines; false if it is no
// such key. In a pane it is the first line that is drawn.
func moved(name string, at, page, lines int) (int, bool) {
	switch name {
	case "up", "k", "ctrl+p":
		return at - 1, true
	case "down", "j", "ctrl+n":
		return at + 1, true
	case "pgup", "ctrl+b":
		return at - page, true
	case "pgdown", "ctrl+f":
		return at + page, true
	case "ctrl+u":
		return at - page/2, true
	case "ctrl+d":
		return at + page/2, true
	case "home", "g":
		return 0, true
	case "end", "G", "shift+g":
		return lines - 1, true
	}
	return 0, false
}

// typed takes a key for the filter.
func (s *screen) typed(key tea.KeyPressMsg) tea.Cmd {
	filter := s.table.filter
	switch key.String() {
	case "enter":
		s.pane.typing = false
	case "esc":
		s.pane.typing = false
		s.setFilter("")
	case "backspace":
		if filter == "" {
			s.pane.typing = false
			break
		}
		_, size := utf8.DecodeLastRuneInString(filter)
		s.setFilter(filter[:len(filter)-size])
	case "ctrl+u":
		s.setFilter("")
	case "up", "down", "pgup", "pgdown":
		to, _ := moved(key.String(), s.table.at, s.room(), len(s.table.shown))
		s.table.move(to)
	default:
		s.setFilter(filter + key.Text)
	}
	return nil
}

// paste adds what was pasted to the filter.
func (s *screen) paste(text string) {
	if s.pane.typing {
		line, _, _ := strings.Cut(text, "\n")
		s.setFilter(s.table.filter + line)
	}
}

func (s *screen) setFilter(filter string) {
	if filter == s.table.filter {
		return
	}
	s.table.filter = filter
	s.arrange()
}

// mouse moves by the wheel, and to the line that was clicked.
func (s *screen) mouse(m tea.MouseMsg) tea.Cmd {
	const wheel = 3 // lines
	step := 0
	switch m.Mouse().Button {
	case tea.MouseWheelUp:
		step = -wheel
	case tea.MouseWheelDown:
		step = wheel
	case tea.MouseLeft:
		const above = 2 // the title and the header
		at := s.table.top + m.Mouse().Y - above
		if s.pane.kind == noPane && m.Mouse().Y >= above && m.Mouse().Y < above+s.room() && at < len(s.table.shown) {
			s.table.move(at)
		}
		return nil
	}
	if s.pane.kind == noPane {
		s.table.move(s.table.at + step)
	} else {
		s.pane.top += step // and within its bounds when it is drawn
	}
	return nil
}
