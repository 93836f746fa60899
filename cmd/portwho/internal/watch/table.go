package watch

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// line is a row and what has become of it.
type line struct {
	Row
	// id stays the same for as long as the row is there.
	id int
	// born, changed and gone are the looks that first showed it, its new
	// holder and its absence; 0 for never. What the first look shows is not
	// new.
	born, changed, gone int
	// unsure says that the last look could not tell whether it is there.
	unsure bool
	// words are its cells in lower case, made when they are asked for.
	words string
}

// vacant reports whether it is a port that nobody serves.
func (l *line) vacant() bool { return len(l.Sockets) == 0 }

// table is the rows, and the person's place in them.
type table struct {
	lines []*line // all, in the order of the sort
	shown []*line // those that the filter keeps
	slots []Slot

	looks, ids int
	// fade is for how many looks a mark is shown.
	fade int

	sort    int // the place of the cell
	reverse bool
	filter  string

	// chosen is the id of the line that the cursor is on, at its place in
	// shown, top the first one that is drawn.
	chosen, at, top int
}

// fadeLooks is how many looks a mark is shown: five, or as many as fit into
// five seconds, in which a person can see it.
func fadeLooks(every time.Duration) int {
	const least, span = 5, 5 * time.Second
	if every <= 0 {
		return least
	}
	return max(least, int(span/every))
}

// change is a line that is new, has another holder, or is gone.
type change struct {
	line *line
	was  Row // before; without cells where it was not there
	kind byte
}

// The kinds of changes, and the signs they are shown with.
const (
	opened = '+'
	closed = '-'
	passed = '~'
	doubt  = '?'
)

// take brings in what a look has shown and returns what has changed.
func (t *table) take(look Look) []change {
	rows, unsure, others := look.Rows, setOf(look.Unsure), setOf(look.Others)
	t.looks++
	known := make(map[string]*line, len(t.lines))
	for _, l := range t.lines {
		if l.gone > 0 {
			continue
		}
		for _, key := range l.keys() {
			known[key] = l
		}
	}
	var changes []change
	here := make(map[*line]bool, len(rows))
	next := make([]*line, 0, len(rows))
	for _, row := range rows {
		fresh := line{Row: row}
		var l *line
		for _, key := range fresh.keys() {
			if k := known[key]; k != nil && !here[k] {
				l = k
				break
			}
		}
		switch {
		case l == nil:
			t.ids++
			l = &line{id: t.ids}
			if t.looks > 1 && len(row.Sockets) > 0 {
				l.born = t.looks
			}
			changes = append(changes, change{line: l, kind: opened})
		case len(row.Holders) == 0: // who it is cannot be told now
			row.Holders = l.Holders
		case len(l.Holders) > 0 && !slices.Equal(l.Holders, row.Holders):
			l.changed = t.looks
			changes = append(changes, change{line: l, was: l.Row, kind: passed})
		}
		l.Row, l.words, l.unsure = row, "", false
		here[l] = true
		next = append(next, l)
	}
	for _, l := range t.lines {
		switch {
		case here[l]:
		case l.gone == 0 && l.isAmong(unsure):
			l.unsure = true
			next = append(next, l)
		case l.gone == 0 && l.isAmong(others):
			changes = append(changes, change{line: l, was: l.Row, kind: closed})
		case l.gone == 0:
			changes = append(changes, change{line: l, was: l.Row, kind: closed})
			l.gone = t.looks
			if !l.vacant() {
				next = append(next, l)
			}
		case t.looks-l.gone < t.fade:
			next = append(next, l)
		}
	}
	t.lines = lastGone(next)
	return changes
}

// lastGone leaves of the lines of one address that are gone the one that went
// last: of a port that opens and closes all the time, more would fill the screen.
func lastGone(lines []*line) []*line {
	type place struct {
		target  report.Target
		address netip.Addr
	}
	last := make(map[place]int)
	for _, l := range lines {
		if at := (place{l.Target, l.Address}); l.gone > 0 {
			last[at] = max(last[at], l.gone)
		}
	}
	return slices.DeleteFunc(lines, func(l *line) bool { return l.gone > 0 && l.gone < last[place{l.Target, l.Address}] })
}

// isAmong reports whether one of its sockets is among those ids.
func (l *line) isAmong(ids map[string]bool) bool {
	return slices.ContainsFunc(l.Sockets, func(id string) bool { return ids[id] })
}

func setOf(ids []string) map[string]bool {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// keys are what tells that it is the same line as before.
func (l *line) keys() []string {
	if l.vacant() {
		return []string{string(l.Target.Protocol) + " " + l.Target.Text}
	}
	return l.Sockets
}

// mark is the sign of what has become of a line, 0 for none, and for how many
// looks it has been shown.
func (t *table) mark(l *line) (sign byte, looks int) {
	switch {
	case l.gone > 0:
		return closed, t.looks - l.gone
	case l.unsure:
		return doubt, 0
	case l.changed > 0 && t.looks-l.changed < t.fade:
		return passed, t.looks - l.changed
	case l.born > 0 && t.looks-l.born < t.fade:
		return opened, t.looks - l.born
	}
	return 0, 0
}

// arrange sorts and filters the lines, and keeps the cursor where it was.
func (t *table) arrange() {
	slices.SortStableFunc(t.lines, t.compare)
	t.shown = t.shown[:0]
	wanted := strings.Fields(strings.ToLower(t.filter))
	for _, l := range t.lines {
		if l.matches(wanted) {
			t.shown = append(t.shown, l)
		}
	}
	at := slices.IndexFunc(t.shown, func(l *line) bool { return l.id == t.chosen })
	if at < 0 {
		at = t.at
	}
	t.move(at)
}

// matches reports whether each of the words is in some cell. For how long the
// holder has been running is none: lines would come and go by themselves.
func (l *line) matches(wanted []string) bool {
	if len(wanted) == 0 {
		return true
	}
	if l.words == "" {
		cells := slices.Delete(slices.Clone(l.Cells), cellUp, cellUp+1)
		words := make([]string, 0, len(cells))
		for _, c := range cells {
			words = append(words, c.String())
		}
		l.words = strings.ToLower(strings.Join(words, "\n"))
	}
	for _, word := range wanted {
		if !strings.Contains(l.words, word) {
			return false
		}
	}
	return true
}

// up is for how long its holder has been running.
func (l *line) up(config Config, now time.Time) term.Text {
	if l.Started.IsZero() || l.gone > 0 || config.Age == nil {
		return l.Cells[cellUp]
	}
	return term.Clean(config.Age(now.Sub(l.Started)))
}

// fit chooses the columns for a width.
func (t *table) fit(config Config, width int, now time.Time) {
	rows := make([]Row, len(t.lines))
	for i, l := range t.lines {
		rows[i] = l.Row
		if up := l.up(config, now); up.Width() > l.Cells[cellUp].Width() {
			rows[i].Cells = slices.Clone(l.Cells)
			rows[i].Cells[cellUp] = up
		}
	}
	t.slots = config.Slots(rows, width)
}

// move puts the cursor on a line by its place.
func (t *table) move(at int) {
	t.at = max(min(at, len(t.shown)-1), 0)
	if l := t.current(); l != nil {
		t.chosen = l.id
	}
}

// current is the line that the cursor is on, nil if there is none.
func (t *table) current() *line {
	if t.at < len(t.shown) {
		return t.shown[t.at]
	}
	return nil
}

// scroll sees that the cursor is among the lines that are drawn.
func (t *table) scroll(height int) {
	t.top = min(t.top, t.at)
	t.top = max(t.top, t.at-height+1)
	t.top = max(min(t.top, len(t.shown)-height), 0)
}
