package watch

import (
	tea "charm.land/bubbletea/v2"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// The panes that cover the table.
type paneKind int

const (
	noPane paneKind = iota
	detailPane
	historyPane
	helpPane
	stopPane
)

// pane is what covers the table, and whether the filter is being typed.
type pane struct {
	kind   paneKind
	typing bool
	title  term.Text
	// target is what it is about, and line the one it was opened from.
	target report.Target
	line   *line
	// text is what it shows, with its colours.
	text string
	top  int
	// number tells an answer that came too late from one that is waited for.
	number int
	asked  bool // an answer is waited for
	looks  int  // the look after which it was last asked
	stop   stopping
}

// close goes back to the table.
func (p *pane) close() { *p = pane{number: p.number + 1} }

// press does what a key says to the pane.
func (p *pane) press(s *screen, name string) tea.Cmd {
	if p.kind == stopPane {
		if cmd, done := p.pressStop(s, name); done {
			return cmd
		}
	}
	if to, ok := moved(name, p.top, s.paneRoom(), len(p.lines(s))); ok {
		p.top = to
		return nil
	}
	switch name {
	case "esc", "q", "left", "backspace":
		p.close()
	case "enter":
		if p.kind != stopPane {
			p.close()
		}
	case "h":
		if p.kind == historyPane {
			p.close()
		}
	case "?", "f1":
		if p.kind == helpPane {
			p.close()
		}
	case "x":
		if p.kind == detailPane {
			return s.openStop()
		}
	case "c":
		return s.copy()
	}
	return nil
}

// paneRoom is how many lines of a pane are seen.
func (s *screen) paneRoom() int { return max(s.height-len(s.foot())-1, 1) }

// lines are what the pane shows, as wide as the screen.
func (p *pane) lines(s *screen) []string {
	switch p.kind {
	case historyPane:
		return s.history.draw(s)
	case helpPane:
		return s.help()
	}
	return wrapStyled(p.text, s.paneWidth())
}

// paneWidth leaves a blank at each edge.
func (s *screen) paneWidth() int { return max(s.width-2, 1) }

func (p *pane) draw(s *screen) []string {
	lines := p.lines(s)
	room := s.paneRoom()
	p.top = max(min(p.top, len(lines)-room), 0)
	title := p.title
	switch p.kind {
	case historyPane:
		title = term.Clean("who had which port since the start")
	case helpPane:
		title = term.Clean("keys")
	}
	where := term.Text{}
	if len(lines) > room {
		where = term.Cleanf("%d-%d of %d", p.top+1, min(p.top+room, len(lines)), len(lines)).In(term.Label)
	}
	out := []string{s.between(title.In(term.Bold), where)}
	for _, line := range lines[p.top:min(p.top+room, len(lines))] {
		if s.width > s.paneWidth() {
			line = " " + line
		}
		out = append(out, line)
	}
	return out
}

// resize has the text made anew for another width.
func (p *pane) resize(s *screen) tea.Cmd {
	if p.kind == detailPane {
		return s.askDetail()
	}
	return nil
}

// take brings in an answer.
func (p *pane) take(s *screen, message tea.Msg) tea.Cmd {
	switch m := message.(type) {
	case detailMsg:
		p.takeDetail(m)
	case planMsg:
		p.takePlan(m)
	case stepMsg:
		return p.takeStep(s, m)
	case stoppedMsg:
		p.takeStopped(m)
		return s.look()
	}
	return nil
}

// looked has the details made anew after a look, when the line has changed or
// they are old.
func (p *pane) looked(s *screen) tea.Cmd {
	if p.kind != detailPane || p.asked {
		return nil
	}
	sign, looks := s.table.mark(p.line)
	if sign != 0 && looks == 0 || s.looks-p.looks >= s.table.fade {
		return s.askDetail()
	}
	return nil
}
