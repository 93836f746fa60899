package watch

import (
	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

const filterPrompt = " filter: "

// foot is what stands below: what could not be read, what to tell, the filter
// that is typed, and the keys.
func (s *screen) foot() []string {
	var out []string
	add := func(most int, style term.Style, t term.Text) {
		lines := term.Wrap(t, max(s.width-2, 1))
		for i, line := range lines[:min(most, len(lines))] {
			if i == most-1 && len(lines) > most {
				line = line.Plus(term.Clean(" ")).Plus(lines[i+1]).Cut(max(s.width-2, 1))
			}
			out = append(out, s.render(term.Clean(" ").Plus(line.In(style))))
		}
	}
	most := 2 // lines a gap
	if s.height < 12 {
		most = 1
	}
	if s.pane.kind == noPane {
		for _, g := range s.gaps[:min(len(s.gaps), most)] {
			add(most, term.Label, g)
		}
	}
	if !s.failed.IsEmpty() {
		add(most, term.Bad, s.failed)
	}
	if !s.message.IsEmpty() {
		add(most, term.Warn, s.message)
	}
	if s.pane.typing {
		out = append(out, s.render(term.Clean(filterPrompt).In(term.Label).Plus(term.Clean(s.table.filter))))
	}
	return append(out, s.keys())
}

// keys tells as many keys as there is room for, the most useful first; ? tells
// the others.
func (s *screen) keys() string {
	hints := s.hints()
	out := term.Clean(" ")
	for i, h := range hints {
		next := term.Clean(h[0]).In(term.Bold).Plus(term.Clean(" " + h[1]).In(term.Label))
		if i > 0 {
			next = term.Clean("  ").Plus(next)
		}
		if out.Width()+next.Width() > s.width {
			break
		}
		out = out.Plus(next)
	}
	return s.render(out)
}

func (s *screen) hints() [][2]string {
	switch {
	case s.pane.typing:
		return [][2]string{{"enter", "keep"}, {"esc", "show all"}}
	case s.pane.kind == noPane:
		pause := "pause"
		if s.paused {
			pause = "go on"
		}
		return [][2]string{{"?", "help"}, {"q", "quit"}, {"enter", "details"}, {"/", "filter"}, {"x", "stop"}, {"s", "sort"}, {"h", "history"}, {"c", "copy"}, {"p", pause}}
	case s.pane.asks():
		return [][2]string{{"y", "stop it"}, {"n", "leave it alone"}}
	case s.pane.stop.state == running:
		return [][2]string{{"ctrl+c", "leave it half done"}, {"j k", "scroll"}}
	case s.pane.kind == detailPane:
		return [][2]string{{"esc", "back"}, {"x", "stop"}, {"c", "copy"}, {"j k", "scroll"}}
	case len(s.pane.stop.plan.Instead) > 0:
		return [][2]string{{"esc", "back"}, {"c", "copy the command"}, {"j k", "scroll"}}
	}
	return [][2]string{{"esc", "back"}, {"j k", "scroll"}}
}
