package text

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// List writes listeners in one table, a line each whatever the width. Columns
// give way in a narrow terminal; port, address, holder and reach stay. An
// unknown Options.Sort is an [ErrSort], and then nothing is written.
func List(w io.Writer, rep report.Report, opts Options) error {
	opts = opts.at(rep.TakenAt)
	entries := entriesOf(rep.Results)
	if err := sortEntries(entries, opts.Sort); err != nil {
		return err
	}
	p := newPage(opts)
	if err := p.list(entries); err != nil {
		return err
	}
	if !opts.NoHeader {
		if len(entries) == 0 {
			p.prose(0, 2, nothingFound(rep.Gaps))
		}
		p.gaps(thatMatter(rep.Gaps, rep.Results))
	}
	return p.writeTo(w)
}

func nothingFound(gaps []host.Gap) term.Text {
	if slices.ContainsFunc(gaps, func(g host.Gap) bool { return g.Decides }) {
		return term.Clean("no listener found, but not everything could be read")
	}
	return term.Clean("no listener found")
}

func (p *page) list(entries []entry) error {
	t, note := listTable()
	if p.opts.Wide {
		t.columns = append(t.columns, &column{title: "COMMAND", drop: 5})
	}
	for _, e := range entries {
		cells, short := e.cells(p.opts.Now)
		note.short = append(note.short, short)
		if p.opts.Wide {
			cells = append(cells, commandCell(e.sockets))
		}
		t.add(cells...)
	}
	return p.table(0, t, !p.opts.NoHeader)
}

// listTable is a list without rows, and its last column.
func listTable() (t *table, note *column) {
	note = &column{title: "NOTE", drop: 1}
	return &table{columns: []*column{
		{title: "PORT"},
		{title: "PROTO"},
		{title: "ADDRESS", least: 16, cut: term.Text.CutMiddle},
		{title: "HOLDER", least: 20, cut: cutHolder},
		{title: "USER", least: 8, drop: 4},
		{title: "UP", drop: 3},
		{title: "IN CHARGE", least: 14, drop: 2},
		{title: "REACH"},
		note,
	}}, note
}

// cells are the entry's in the columns of a list, and a shorter last one.
func (e entry) cells(now time.Time) (cells []term.Text, short term.Text) {
	long, short := riskNote(e.first(), e.info)
	return []term.Text{
		term.Clean(fmt.Sprint(e.number)),
		term.Clean(string(e.protocol)),
		e.address(),
		holderCell(e.sockets),
		userCell(e.sockets),
		upCell(e.sockets, now),
		chargeCell(e.sockets),
		reachCell(e.first()),
		long,
	}, short
}

// reachCell tells who can connect; for a socket that does not serve, its
// state.
func reachCell(s *report.Socket) term.Text {
	if s.Reach == report.ReachNone {
		return term.Clean(string(s.State)).In(term.Label)
	}
	return term.Clean(string(s.Reach))
}

// commandCell is the command line of the first holder that tells one.
func commandCell(sockets []*report.Socket) term.Text {
	for _, h := range holdersOf(sockets) {
		if len(h.Command) > 0 {
			return commandText(h.Command)
		}
	}
	return term.Text{}
}

// commandText is a command line in one line. A process that has written a title
// over its arguments shows it as it is.
func commandText(argv []string) term.Text {
	argv = withoutPadding(argv)
	if len(argv) == 1 {
		return term.Clean(argv[0])
	}
	return term.Clean(term.QuoteCommand(argv))
}
