package watch

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// gutter is what stands left of the table: the cursor and the mark.
const gutter = 3

// between stands between two columns.
const between = 2

// View draws the screen, which has as many lines as the terminal.
func (s *screen) View() tea.View {
	lines := s.drawAbove()
	if s.pane.kind == noPane {
		lines = s.drawTable(s.room())
	} else {
		lines = append(lines, s.pane.draw(s)...)
	}
	foot := s.foot()
	body := max(s.height-len(foot), 0)
	lines = lines[:min(len(lines), body)]
	for len(lines) < body {
		lines = append(lines, "")
	}
	lines = append(lines, foot[max(len(foot)-s.height, 0):]...)
	view := tea.NewView(strings.Join(lines, "\n"))
	view.AltScreen = true
	if s.config.Mouse {
		view.MouseMode = tea.MouseModeCellMotion
	}
	if s.pane.typing {
		view.Cursor = tea.NewCursor(min(len(filterPrompt)+term.Width(term.Sanitize(s.table.filter)), s.width-1), s.height-2)
	}
	return view
}

func (s *screen) tableWidth() int { return max(s.width-gutter, 1) }

// room is how many lines there are above the foot, without the title and the
// header.
func (s *screen) room() int { return max(s.height-len(s.foot())-2, 1) }

// render writes a text cut to the screen.
func (s *screen) render(t term.Text) string { return t.Cut(s.width).Render(s.config.Color) }

// tall is a screen that has room for the table above the details.
const tall = 30

// above is how many lines of the screen the table keeps while a pane is open: a
// third of a tall one while details are shown, and else none.
func (s *screen) above() int {
	if s.pane.kind != detailPane || s.height < tall {
		return 0
	}
	return s.height / 3
}

// drawAbove draws that part of the table, and a blank line below. The table has
// its old place again when the pane is closed.
func (s *screen) drawAbove() []string {
	height := s.above()
	if height == 0 {
		return nil
	}
	top := s.table.top
	lines := s.drawTable(height - 3) // without title, header and the blank line
	s.table.top = top
	for len(lines) < height {
		lines = append(lines, "")
	}
	return lines
}

// drawTable draws the title, the header and so many rows.
func (s *screen) drawTable(height int) []string {
	lines := []string{s.title(), s.header()}
	if len(s.table.shown) == 0 {
		return append(lines, "", s.render(term.Clean("   "+s.nothing())))
	}
	s.table.scroll(height)
	now := s.now()
	for i := s.table.top; i < min(s.table.top+height, len(s.table.shown)); i++ {
		lines = append(lines, s.drawLine(s.table.shown[i], i == s.table.at, s.table.shown[i].up(s.config, now)))
	}
	return lines
}

// nothing says why no line is shown.
func (s *screen) nothing() string {
	switch {
	case s.looks == 0 && s.failed.IsEmpty():
		return "looking..."
	case s.looks == 0:
		return "nothing is known yet"
	case s.table.filter != "":
		return "nothing contains that; esc shows all"
	}
	return "no listener found"
}

// drawLine draws a row. What has become of it is told by its sign, and by
// colour besides.
func (s *screen) drawLine(l *line, chosen bool, up term.Text) string {
	sign, looks := s.table.mark(l)
	cells := make([]term.Text, 0, len(s.table.slots))
	for _, slot := range s.table.slots {
		cell := l.Cells[slot.Cell]
		switch {
		case slot.Cell == cellUp:
			cell = up
		case slot.Short:
			cell = l.Short
		}
		cells = append(cells, slot.Fit(cell))
	}
	text := term.Join(strings.Repeat(" ", between), cells...)
	mark, style := term.Clean(" "), term.Plain
	const bright = 2 // looks
	if sign != 0 {
		style = term.Label
		if looks < bright {
			style = map[byte]term.Style{opened: term.Good, closed: term.Bad, passed: term.Warn, doubt: term.Warn}[sign]
		}
		mark = term.Clean(string(rune(sign)))
	}
	switch {
	case sign == closed && looks < bright:
		text = text.In(term.Struck)
	case sign == closed:
		text = text.In(term.Label)
	case sign != 0 && looks < bright:
		text = text.In(style)
	}
	if chosen {
		whole := term.Clean(">").Plus(mark, term.Clean(" "), text)
		if !s.config.Color {
			return strings.TrimRight(s.render(whole), " ")
		}
		return s.render(whole.Plus(term.Cleanf("%*s", max(s.width-whole.Width(), 0), "")).In(term.Chosen))
	}
	return strings.TrimRight(s.render(term.Clean(" ").Plus(mark.In(style), term.Clean(" "), text)), " ")
}

// header names the columns. An arrow in the gap behind one says that they are
// sorted by it.
func (s *screen) header() string {
	out := term.Cleanf("%*s", gutter, "")
	for i, slot := range s.table.slots {
		title := term.Clean(slot.Title)
		if slot.Cell == s.table.sort {
			title = title.Cut(slot.Width).Plus(term.Clean(map[bool]string{false: "↓", true: "↑"}[s.table.reverse])).In(term.Bold)
		} else {
			title = title.Cut(slot.Width).In(term.Label)
		}
		if i < len(s.table.slots)-1 {
			title = title.Plus(term.Cleanf("%*s", max(slot.Width+between-title.Width(), 0), ""))
		}
		out = out.Plus(title)
	}
	return strings.TrimRight(s.render(out), " ")
}

// title says how much there is, and how the screen goes on.
func (s *screen) title() string {
	here, vacant, fresh, gone := 0, 0, 0, 0
	for _, l := range s.table.lines {
		sign, _ := s.table.mark(l)
		switch {
		case sign == closed:
			gone++
			continue
		case l.vacant():
			vacant++
			continue
		case sign == opened:
			fresh++
		}
		here++
	}
	left := count(here, "listener")
	if s.config.Subject != "" {
		left = s.config.Subject + ": " + left
	}
	for _, part := range []struct {
		n    int
		word string
	}{{vacant, "not served"}, {fresh, "new"}, {gone, "gone"}} {
		if part.n > 0 {
			left += fmt.Sprintf(", %d %s", part.n, part.word)
		}
	}
	if s.table.filter != "" && !s.pane.typing {
		left += fmt.Sprintf(", %d with %q", len(s.table.shown), s.table.filter)
	}
	right := "every " + s.config.Every.String()
	if !s.sortShown() {
		right = "by " + s.sortName() + ", " + right
	}
	if s.paused {
		return s.between(term.Clean(left).In(term.Bold), term.Clean("paused").In(term.Warn))
	}
	return s.between(term.Clean(left).In(term.Bold), term.Clean(right).In(term.Label))
}

func (s *screen) sortShown() bool {
	return len(s.table.slots) == 0 || slices.ContainsFunc(s.table.slots, func(slot Slot) bool { return slot.Cell == s.table.sort })
}

func (s *screen) sortName() string {
	names := []string{"port", "protocol", "address", "holder", "user", "up", "in charge", "reach", "note", "state"}
	return names[s.table.sort]
}

// between puts a text at the left edge and one at the right, if there is room.
func (s *screen) between(left, right term.Text) string {
	left = term.Clean(" ").Plus(left)
	if right.IsEmpty() {
		return s.render(left)
	}
	blank := s.width - left.Width() - right.Width() - 1
	if blank < 2 {
		return s.render(left)
	}
	return s.render(left.Plus(term.Cleanf("%*s", blank, ""), right))
}

// count writes "1 listener", "3 listeners".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
