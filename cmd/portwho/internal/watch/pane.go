package watch

import (
	tea "charm.land/bubbletea/v2"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// The panes that cover the table. On a tall screen the details leave a part of it.
type paneKind int

const (
	noPane paneKind = iota
	detailPane
	historyPane
	helpPane
	stopPane
)

// pane is what is shown instead of the table, and whether the filter is being typed.
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
	stale  bool // and to be asked for again then, for another width
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
	if to, ok := moved(name, p.top, s.paneRoom(), p.lines(s).count); ok {
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
func (s *screen) paneRoom() int { return max(s.height-len(s.foot())-s.above()-1, 1) }

// paneLines are what a pane shows, as wide as the screen.
type paneLines struct {
	count int
	at    func(i int) string
}

func (p *pane) lines(s *screen) paneLines {
	var lines []string
	switch p.kind {
	case historyPane:
		return s.history.draw(s)
	case helpPane:
		lines = s.help()
	default:
		lines = wrapStyled(p.text, s.paneWidth())
	}
	return paneLines{len(lines), func(i int) string { return lines[i] }}
}

// paneWidth leaves a blank at each edge.
func (s *screen) paneWidth() int { return max(s.width-2, 1) }

func (p *pane) draw(s *screen) []string {
	lines := p.lines(s)
	room := s.paneRoom()
	p.top = max(min(p.top, lines.count-room), 0)
	title := p.title
	switch p.kind {
	case historyPane:
		title = term.Clean("who had which port since the start")
	case helpPane:
		title = term.Clean("keys")
	}
	where := term.Text{}
	if lines.count > room {
		where = term.Cleanf("%d-%d of %d", p.top+1, min(p.top+room, lines.count), lines.count).In(term.Label)
	}
	out := []string{s.between(title.In(term.Bold), where)}
	for i := p.top; i < min(p.top+room, lines.count); i++ {
		line := lines.at(i)
		if s.width > s.paneWidth() {
			line = " " + line
		}
		out = append(out, line)
	}
	return out
}

// resize has the text made anew for another width.
func (p *pane) resize(s *screen) tea.Cmd {
	switch {
	case p.kind != detailPane:
		return nil
	case p.asked: // one look at a time, however fast the window changes
		p.stale = true
		return nil
	}
	return s.askDetail()
}

// take brings in an answer.
func (p *pane) take(s *screen, message tea.Msg) tea.Cmd {
	switch m := message.(type) {
	case detailMsg:
		return p.takeDetail(s, m)
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
