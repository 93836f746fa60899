package text

import (
	"bytes"
	"slices"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// between stands between two columns.
const between = "  "

// column is a column of a table and how it gives way when the table is wider
// than the terminal.
type column struct {
	title string
	cells []term.Text
	// least is the width down to which cells may be cut before a column is
	// dropped; 0 if they had better stay whole.
	least int
	// cut fits a cell to a width; nil is term.Text.Cut.
	cut func(t term.Text, width int) term.Text
	// drop is the turn at which the column is left out, 1 first; 0 for a
	// column that stays.
	drop int
	// short are cells to show when the column's turn has come, instead of
	// leaving it out.
	short []term.Text
	width int
	// whole is the width of the widest cell.
	whole int
}

// table is a table on its way to a width.
type table struct {
	columns []*column
	// lost are the titles of columns that were dropped.
	lost []string
	// above are lines to write above a row, by its number.
	above map[int]term.Text
}

// add appends a row; the cells are in the order of the columns.
func (t *table) add(cells ...term.Text) {
	for i, c := range t.columns {
		c.cells = append(c.cells, cells[i])
	}
}

// fit brings the table to a width, 0 being unlimited: columns without content
// go; then, lowest turn first, columns for which there is no room; then the
// widest cells are cut until every row takes one line.
func (t *table) fit(width int) {
	t.columns = slices.DeleteFunc(t.columns, func(c *column) bool {
		c.measure()
		return c.width == 0 || c.drop > 0 && c.isEmpty()
	})
	if width <= 0 {
		return
	}
	for t.total((*column).comfortable) > width && t.giveWay() {
	}
	// In a terminal too narrow even for that, what may be cut is cut harder,
	// and in the end everything is.
	for _, floor := range []func(*column) int{
		(*column).comfortable,
		func(c *column) int {
			if c.least == 0 {
				return c.width
			}
			return 4
		},
		func(*column) int { return 1 },
	} {
		for t.total(func(c *column) int { return c.width }) > width && t.narrow(floor) {
		}
	}
}

// total adds up what the columns take.
func (t *table) total(of func(*column) int) int {
	sum := len(between) * max(len(t.columns)-1, 0)
	for _, c := range t.columns {
		sum += of(c)
	}
	return sum
}

// giveWay shortens or drops the column whose turn it is. It reports whether
// there was one.
func (t *table) giveWay() bool {
	at := -1
	for i, c := range t.columns {
		if c.drop > 0 && (at < 0 || c.drop < t.columns[at].drop) {
			at = i
		}
	}
	if at < 0 {
		return false
	}
	c := t.columns[at]
	if c.short != nil {
		c.cells, c.short, c.drop, c.least = c.short, nil, 0, 0
		c.measure()
		return true
	}
	t.lost = append(t.lost, c.title)
	t.columns = append(t.columns[:at], t.columns[at+1:]...)
	return true
}

// tells reports whether a fitted table shows every cell of a column whole.
func (t *table) tells(title string) bool {
	for _, c := range t.columns {
		if c.title == title && c.width < c.whole {
			return false
		}
	}
	return !slices.Contains(t.lost, title)
}

// narrow takes one column's width from the widest column above its floor.
func (t *table) narrow(floor func(*column) int) bool {
	var widest *column
	for _, c := range t.columns {
		if c.width > floor(c) && (widest == nil || c.width > widest.width) {
			widest = c
		}
	}
	if widest == nil {
		return false
	}
	widest.width--
	return true
}

func (c *column) measure() {
	c.width = term.Width(c.title)
	for _, cell := range c.cells {
		c.width = max(c.width, cell.Width())
	}
	c.whole = c.width
}

func (c *column) isEmpty() bool {
	for _, cell := range c.cells {
		if !cell.IsEmpty() {
			return false
		}
	}
	return true
}

// comfortable is the width at which the column still reads well.
func (c *column) comfortable() int {
	if c.least == 0 {
		return c.width
	}
	return min(c.width, c.least)
}

func (c *column) fitted(t term.Text) term.Text {
	if c.cut != nil {
		return c.cut(t, c.width)
	}
	return t.Cut(c.width)
}

// table draws a table, with its header if it has titles.
func (p *page) table(indent int, t *table, header bool) error {
	if len(t.columns) == 0 || len(t.columns[0].cells) == 0 {
		return nil
	}
	width := p.opts.tableWidth()
	if width > 0 {
		width = max(width-indent, narrowest/2)
	}
	if !header {
		for _, c := range t.columns {
			c.title = ""
		}
	}
	rows := len(t.columns[0].cells)
	t.fit(width)
	if len(t.columns) == 0 {
		return nil
	}

	var drawn bytes.Buffer
	d := newDrawing(&drawn, len(t.columns))
	cells := make([][]term.Text, 0, rows+1)
	if header {
		titles := make([]term.Text, len(t.columns))
		for i, c := range t.columns {
			titles[i] = term.Clean(c.title).In(term.Label).Cut(c.width)
		}
		cells = append(cells, titles)
	}
	for i := range rows {
		row := make([]term.Text, len(t.columns))
		for j, c := range t.columns {
			row[j] = c.fitted(c.cells[i])
		}
		cells = append(cells, row)
	}
	for _, row := range cells {
		d.measure(row)
	}
	for _, row := range cells {
		d.row(row, p.opts.Color)
	}
	row := 0
	if header {
		row = -1
	}
	for line := range strings.Lines(drawn.String()) {
		if title, any := t.above[row]; any {
			p.gap()
			p.prose(0, 2, title)
		}
		row++
		p.out.WriteString(strings.TrimRight(strings.Repeat(" ", indent)+strings.TrimRight(line, "\n"), " "))
		p.out.WriteByte('\n')
	}
	return nil
}
