package pick

import (
	"slices"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

const (
	between   = 2 // blanks between two columns
	markWidth = 6
)

// column is a column of the choice.
type column struct {
	title string
	of    func(Item) term.Text
	// cut brings a cell to a width; nil is term.Text.Cut.
	cut   func(t term.Text, width int) term.Text
	width int
	least int  // it may be cut down to so much
	drop  bool // it may be left out
}

// columns are in the order of the line. Those that may be left out go from the
// right.
func columns() []*column {
	return []*column{
		{title: "PORT", of: func(i Item) term.Text { return i.Port }, least: 8},
		{title: "WHO", of: func(i Item) term.Text { return i.Who }, cut: cutName, least: 18},
		{title: "ADDRESS", of: func(i Item) term.Text { return i.Address }, cut: term.Text.CutMiddle, least: 9, drop: true},
		{title: "USER", of: func(i Item) term.Text { return i.User }, least: 8, drop: true},
		{title: "UP", of: func(i Item) term.Text { return i.Up }, least: 7, drop: true},
		{title: "TO STOP IT", of: func(i Item) term.Text { return i.Does }, least: 18},
	}
}

// fit measures the columns and brings them to a width: what is empty goes, then
// what may be left out, then the widest cells are cut.
func fit(items []Item, width int) []*column {
	list := slices.DeleteFunc(columns(), func(c *column) bool {
		empty := true
		for _, item := range items {
			w := c.of(item).Width()
			c.width, empty = max(c.width, w), empty && w == 0
		}
		c.width = max(c.width, len(c.title))
		return empty
	})
	comfortable := func() int {
		sum := between * (len(list) - 1)
		for _, c := range list {
			sum += min(c.width, c.least)
		}
		return sum
	}
	for comfortable() > width {
		last := -1
		for i, c := range list {
			if c.drop {
				last = i
			}
		}
		if last < 0 {
			break
		}
		list = slices.Delete(list, last, last+1)
	}
	for _, hard := range []bool{false, true} {
		for total(list) > width && narrow(list, hard) {
		}
	}
	return list
}

func total(list []*column) int {
	sum := between * (len(list) - 1)
	for _, c := range list {
		sum += c.width
	}
	return sum
}

// narrow takes one column from the widest that is above its least width, or
// above 1.
func narrow(list []*column, hard bool) bool {
	var widest *column
	for _, c := range list {
		least := c.least
		if hard {
			least = 1
		}
		if c.width > least && (widest == nil || c.width > widest.width) {
			widest = c
		}
	}
	if widest == nil {
		return false
	}
	widest.width--
	return true
}

// table draws the head and the lines that are shown.
func (m model) table(width int, l layout) (head term.Text, rows []term.Text) {
	list := fit(m.config.Items, width-markWidth)
	titles := make([]term.Text, len(list))
	for i, c := range list {
		titles[i] = pad(term.Clean(c.title).In(term.Label).Cut(c.width), c.width)
	}
	gap := strings.Repeat(" ", between)
	head = term.Clean(strings.Repeat(" ", markWidth)).Plus(term.Join(gap, titles...))
	for i := l.top; i < min(l.top+l.rows, len(m.config.Items)); i++ {
		cells := make([]term.Text, len(list))
		for j, c := range list {
			cells[j] = pad(c.fitted(m.config.Items[i]), c.width)
		}
		line := term.Clean(m.mark(i)).Plus(term.Join(gap, cells...))
		switch {
		case i == m.at:
			line = line.In(term.Bold)
		case m.config.Items[i].Refused:
			line = line.In(term.Label)
		}
		rows = append(rows, line)
	}
	return head, rows
}

func (c *column) fitted(item Item) term.Text {
	if c.cut != nil {
		return c.cut(c.of(item), c.width)
	}
	return c.of(item).Cut(c.width)
}

// cutName fits a name and its pids: a long name gives way before the pid.
func cutName(t term.Text, width int) term.Text { return t.CutFirst(width, 4) }

// pad fills a cell up to a width.
func pad(t term.Text, width int) term.Text {
	return t.Plus(term.Clean(strings.Repeat(" ", max(width-t.Width(), 0))))
}
