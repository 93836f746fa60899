package text

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// Row is a row of a list as data, for a screen that draws it again and again.
type Row struct {
	Target report.Target
	// Sockets are the ids of those it stands for; empty for a port that was
	// asked about and that nobody serves.
	Sockets []string
	// Holders are their pids, sorted.
	Holders []int32
	Address netip.Addr
	// Started is when the oldest holder did; zero where unknown.
	Started time.Time
	// Cells are in the order of the columns of a list, the state of the port
	// behind them. Short may stand for the note where there is no room.
	Cells []term.Text
	Short term.Text
}

// narrowScreen is the width below which the columns of a screen give way that a
// list always has.
const narrowScreen = 60

// liveState is where the state stands among the cells.
const liveState = 9

// Rows are the rows of a list. Where states is set, each says how its port
// stands, and a port that nobody serves has one that says why.
func Rows(rep report.Report, states bool, opts Options) []Row {
	opts = opts.at(rep.TakenAt)
	var rows []Row
	for i := range rep.Results {
		r := &rep.Results[i]
		state := term.Text{}
		if states {
			state = term.Clean(statusWords(r.Status)).In(statusStyle(r.Status))
		}
		entries := entriesOf(rep.Results[i : i+1])
		for _, e := range entries {
			cells, short := e.cells(opts.Now)
			row := Row{Target: r.Target, Address: e.first().Local.Addr(), Cells: append(cells, state), Short: short}
			row.Started, _ = e.start()
			for _, s := range e.sockets {
				row.Sockets = append(row.Sockets, s.ID)
			}
			if e.second != nil {
				row.Sockets = append(row.Sockets, e.second.ID)
			}
			for _, h := range holdersOf(e.sockets) {
				row.Holders = append(row.Holders, h.PID)
			}
			rows = append(rows, row)
		}
		if states && len(entries) == 0 {
			cells := make([]term.Text, liveState+1)
			cells[0] = term.Clean(fmt.Sprint(r.Target.Port))
			cells[1] = term.Clean(string(r.Target.Protocol))
			cells[2] = term.Clean(r.Target.Address)
			if r.Status != report.StatusFree {
				cells[liveState-1] = term.Clean(r.Summary)
			}
			cells[liveState] = state
			rows = append(rows, Row{Target: r.Target, Cells: cells})
		}
	}
	return rows
}

// Slot is a column of a list as it is drawn in a terminal of some width.
type Slot struct {
	Title string
	// Cell is the column's place in Row.Cells.
	Cell  int
	Width int
	// Short says that Row.Short is to be drawn.
	Short bool
	cut   func(term.Text, int) term.Text
}

// Fit brings a cell to the slot's width, with blanks behind it.
func (s Slot) Fit(t term.Text) term.Text {
	switch {
	case t.Width() <= s.Width:
	case s.cut != nil:
		t = s.cut(t, s.Width)
	default:
		t = t.Cut(s.Width)
	}
	return t.Plus(spaces(s.Width - t.Width()))
}

// Slots are the columns that a list of these rows has in so many terminal
// columns, by the rules that [List] has. In a very narrow terminal more of them
// give way.
func Slots(rows []Row, width int) []Slot {
	t, note := listTable()
	state := &column{title: "STATE"}
	all := append(slices.Clone(t.columns), state)
	for i, c := range all {
		c.cells = make([]term.Text, len(rows))
		for j := range rows {
			c.cells[j] = rows[j].Cells[i]
		}
	}
	for i := range rows {
		note.short = append(note.short, rows[i].Short)
	}
	if width < narrowScreen {
		// What a person cannot do without is the port and who has it.
		all[1].drop, all[2].least, all[3].least, all[7].drop, state.drop = 6, 9, 12, 5, 7
	}
	if !state.isEmpty() {
		t.columns = slices.Insert(t.columns, 2, state)
	}
	t.fit(width)
	var out []Slot
	for _, c := range t.columns {
		out = append(out, Slot{Title: c.title, Cell: slices.Index(all, c), Width: c.width, Short: c == note && c.short == nil, cut: c.cut})
	}
	return out
}

// Age writes how long something has been running, as a list does.
func Age(d time.Duration) string { return age(d) }

// GapLines are what could not be read and matters to a list, a line each.
func GapLines(rep report.Report) []term.Text {
	var out []term.Text
	for _, g := range thatMatter(rep.Gaps, rep.Results) {
		line := "not seen: " + gapText(g)
		if !slices.ContainsFunc(out, func(t term.Text) bool { return t.String() == term.Sanitize(line) }) {
			out = append(out, term.Clean(line))
		}
	}
	return out
}

// Step says in words what was just done or seen while stopping.
func Step(action report.Action, s report.Step) term.Text {
	text := stepText(s, victimNames(action)[s.PID])
	if s.Detail != "" {
		text += ": " + s.Detail
	}
	return term.Clean(text)
}
