package watch

import (
	"fmt"
	"net/netip"

	tea "charm.land/bubbletea/v2"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

type detailMsg struct {
	number int
	text   string
	err    error
}

// openDetail shows what portwho TARGET says of the line under the cursor.
func (s *screen) openDetail() tea.Cmd {
	l := s.table.current()
	if l == nil {
		return nil
	}
	target := aim(l, false)
	s.pane = pane{kind: detailPane, number: s.pane.number, target: target, line: l, title: term.Clean("portwho " + target.Text), text: "looking..."}
	return s.askDetail()
}

func (s *screen) askDetail() tea.Cmd {
	p := &s.pane
	p.number++
	again := p.looks > 0
	p.asked, p.stale, p.looks = true, false, s.looks
	number, target, width := p.number, p.target, s.paneWidth()
	return func() tea.Msg {
		text, err := s.config.Detail(s.ctx, target, width, again)
		return detailMsg{number, text, err}
	}
}

func (p *pane) takeDetail(s *screen, m detailMsg) tea.Cmd {
	if p.kind != detailPane || m.number != p.number {
		return nil
	}
	p.asked = false
	if p.text = m.text; m.err != nil {
		p.text = term.Sanitize(m.err.Error())
	}
	if p.stale {
		return s.askDetail()
	}
	return nil
}

// aim is the target for a line: its port, and its address where that is asked
// for and is one address. A number alone means TCP.
func aim(l *line, address bool) report.Target {
	t := l.Target
	t.Address = ""
	t.Text = fmt.Sprint(t.Port)
	if address && l.Address.IsValid() && !l.Address.IsUnspecified() {
		t.Address = l.Address.String()
		t.Text = netip.AddrPortFrom(l.Address, t.Port).String()
	}
	if t.Protocol != port.TCP {
		t.Text = string(t.Protocol) + "/" + t.Text
	}
	return t
}
