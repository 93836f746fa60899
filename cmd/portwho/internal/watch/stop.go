package watch

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// stopping is how far a stop is.
type stopping struct {
	state stopState
	plan  Plan
	steps chan tea.Msg
	done  []string
}

type stopState int

const (
	planning stopState = iota
	planned            // the person is asked, or told why not
	running
	over
)

type (
	planMsg struct {
		number int
		plan   Plan
		err    error
	}
	stepMsg struct {
		number int
		text   term.Text
	}
	stoppedMsg struct {
		number int
		text   string
		err    error
	}
)

// asks reports whether the next key decides about a stop.
func (p *pane) asks() bool { return p.kind == stopPane && p.stop.state == planned && p.stop.plan.Ready }

// openStop makes the plan to stop what holds the line under the cursor.
func (s *screen) openStop() tea.Cmd {
	l := s.pane.line
	if s.pane.kind != detailPane {
		l = s.table.current()
	}
	switch {
	case l == nil:
		return nil
	case l.gone > 0:
		s.message = term.Clean("it is gone already")
		return nil
	}
	target := s.aimed(l)
	s.pane = pane{kind: stopPane, number: s.pane.number + 1, target: target, line: l, title: term.Clean("portwho kill " + target.Text), text: "looking what would have to be stopped..."}
	number, width := s.pane.number, s.paneWidth()
	return func() tea.Msg {
		plan, err := s.config.Plan(s.ctx, target, width)
		return planMsg{number, plan, err}
	}
}

// aimed is the target that means this line and no other one on its port.
func (s *screen) aimed(l *line) report.Target {
	for _, o := range s.table.lines {
		if o != l && o.gone == 0 && o.Target.Port == l.Target.Port && o.Target.Protocol == l.Target.Protocol {
			return aim(l, true)
		}
	}
	return aim(l, false)
}

func (p *pane) takePlan(m planMsg) {
	if p.kind != stopPane || m.number != p.number {
		return
	}
	p.stop.state, p.stop.plan, p.text = planned, m.plan, m.plan.Text
	if m.err != nil {
		p.stop.state, p.text = over, term.Sanitize(m.err.Error())
	}
}

// pressStop takes the answer to the question. Nothing but y stops anything.
func (p *pane) pressStop(s *screen, name string) (cmd tea.Cmd, done bool) {
	switch {
	case p.stop.state == running:
		switch name {
		case "q", "esc", "left", "backspace": // its steps would have nobody to hear them
			s.message = term.Clean("it is being stopped; ctrl+c leaves it half done")
			return nil, true
		}
		return nil, false
	case !p.asks():
		return nil, false
	case name == "y", name == "Y":
		return p.run(s), true
	case name == "n", name == "N", name == "esc", name == "q":
		p.close()
		s.message = term.Clean("nothing was stopped")
		return nil, true
	}
	return nil, false
}

// run carries the plan out. Its steps come one by one through a channel.
func (p *pane) run(s *screen) tea.Cmd {
	steps := make(chan tea.Msg)
	p.stop.state, p.stop.steps = running, steps
	p.text = "stopping..."
	number, ctx, stop := p.number, s.ctx, p.stop.plan.Stop
	send := func(m tea.Msg) {
		select {
		case steps <- m:
		case <-ctx.Done():
		}
	}
	work := func() tea.Msg {
		defer close(steps)
		text, err := stop(ctx, func(t term.Text) { send(stepMsg{number, t}) })
		return stoppedMsg{number, text, err}
	}
	return tea.Batch(work, p.nextStep(s))
}

// nextStep waits for one step.
func (p *pane) nextStep(s *screen) tea.Cmd {
	steps, ctx := p.stop.steps, s.ctx
	return func() tea.Msg {
		select {
		case m := <-steps:
			return m
		case <-ctx.Done():
			return nil
		}
	}
}

func (p *pane) takeStep(s *screen, m stepMsg) tea.Cmd {
	if p.kind != stopPane || m.number != p.number || p.stop.state != running {
		return nil
	}
	p.stop.done = append(p.stop.done, "  "+m.text.String())
	p.text = "stopping...\n\n" + strings.Join(p.stop.done, "\n")
	return p.nextStep(s)
}

func (p *pane) takeStopped(m stoppedMsg) {
	if p.kind != stopPane || m.number != p.number {
		return
	}
	p.stop.state, p.top = over, 0
	if p.text = m.text; m.err != nil {
		p.text = strings.TrimSpace(p.text + "\n" + term.Sanitize(m.err.Error()))
	}
}

// copy puts the command for what is shown on the clipboard, by an escape code
// (OSC 52) that not every terminal obeys.
func (s *screen) copy() tea.Cmd {
	l := s.pane.line
	if s.pane.kind == noPane {
		l = s.table.current()
	}
	if l == nil {
		return nil
	}
	argv := []string{"portwho", "kill", s.aimed(l).Text}
	switch {
	case len(s.pane.stop.plan.Instead) > 0:
		argv = s.pane.stop.plan.Instead
	case l.vacant():
		argv = []string{"portwho", l.Target.Text}
	}
	command := term.QuoteCommand(argv)
	s.message = term.Clean("copied, if the terminal allows it: " + command)
	return tea.SetClipboard(command)
}
