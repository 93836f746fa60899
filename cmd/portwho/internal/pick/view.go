package pick

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

const (
	narrowest = 20
	// fewestRows are shown before the detail gets a second line.
	fewestRows = 4
	mostDetail = 6
	help       = "space choose, a all, enter go on, esc stop nothing"
)

// layout is how the lines of the terminal are shared out.
type layout struct {
	title, detail, foot []term.Text
	room                int // lines for the detail, the same for every item
	rows, top           int
}

// layout shares out the lines. One stays free: a terminal that is full to the
// last line scrolls.
func (m model) layout() layout {
	width := max(m.width, narrowest)
	l := layout{
		title: term.Wrap(term.Clean(m.config.Title).In(term.Bold), width),
		foot:  m.foot(width, false),
	}
	for i := range m.config.Items {
		l.room = max(l.room, len(m.detail(i, width)))
	}
	free := m.height - 1 - len(l.title) - len(l.foot) - 3 // the head of the table and two blanks
	want := len(m.config.Items)
	l.room = max(min(l.room, mostDetail, free-min(want, fewestRows)), 0)
	l.rows = max(min(want, free-l.room), 1)
	if l.rows < want {
		l.foot = m.foot(width, true)
	}
	l.top = min(max(m.top, m.at-l.rows+1), m.at, max(want-l.rows, 0))
	if l.detail = m.detail(m.at, width); len(l.detail) > l.room {
		l.detail = l.detail[:l.room]
		if l.room > 0 {
			last := &l.detail[l.room-1]
			*last = last.Plus(term.Clean(" " + term.Ellipsis)).Cut(width)
			if w := last.Width(); w == width && !strings.HasSuffix(last.String(), term.Ellipsis) {
				*last = last.Cut(width - 1)
			}
		}
	}
	return l
}

// detail is what there is to know about an item, in lines.
func (m model) detail(i, width int) []term.Text {
	var out []term.Text
	for _, paragraph := range m.config.Items[i].Detail {
		for j, line := range term.Wrap(paragraph, width-4) {
			indent := "  "
			if j > 0 {
				indent = "    "
			}
			out = append(out, term.Clean(indent).Plus(line))
		}
	}
	return out
}

// foot counts what is chosen, says what the last key did not do, and tells the
// keys.
func (m model) foot(width int, scrolls bool) []term.Text {
	state := term.Cleanf("%d of %d chosen", len(m.places()), m.choosable())
	if scrolls {
		state = state.Plus(term.Cleanf(", line %d of %d", m.at+1, len(m.config.Items)))
	}
	if m.remark != "" {
		state = term.Clean(m.remark).In(term.Warn)
	}
	out := term.Wrap(state, width)
	return append(out, term.Wrap(term.Clean(help).In(term.Label), width)...)
}

func (m model) View() tea.View {
	if m.end != open {
		return tea.NewView("")
	}
	l := m.layout()
	lines := append([]term.Text{}, l.title...)
	head, rows := m.table(max(m.width, narrowest), l)
	lines = append(append(lines, head), rows...)
	lines = append(lines, term.Text{})
	lines = append(lines, l.detail...)
	for range l.room - len(l.detail) {
		lines = append(lines, term.Text{})
	}
	if l.room > 0 {
		lines = append(lines, term.Text{})
	}
	lines = append(lines, l.foot...)
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.TrimRight(line.Render(m.config.Color), " ")
	}
	return tea.NewView(strings.Join(out, "\n"))
}

// mark is the beginning of a line: the cursor, and whether it is chosen.
func (m model) mark(i int) string {
	cursor, box := " ", "[ ]"
	if i == m.at {
		cursor = ">"
	}
	switch {
	case m.config.Items[i].Refused:
		box = " - "
	case m.chosen[i]:
		box = "[x]"
	}
	return fmt.Sprintf("%s %s ", cursor, box)
}
