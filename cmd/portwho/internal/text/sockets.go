package text

import (
	"fmt"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// sockets draws the table of one result and the crowds below it. It returns
// the table as drawn, nil if there was nothing to draw.
func (p *page) sockets(sockets []*report.Socket) (*table, error) {
	rows, crowds := arrange(sockets)
	if len(rows) == 0 {
		return nil, nil
	}
	p.gap()
	t := &table{columns: []*column{
		{title: "ADDRESS", least: 21, cut: term.Text.CutMiddle},
		{title: "PEER", least: 15, cut: term.Text.CutMiddle, drop: 5},
		{title: "STATE", least: 11},
		{title: "HOLDER", least: 20, cut: cutHolder},
		{title: "USER", least: 8, drop: 3},
		{title: "UP", drop: 2},
		{title: "IN CHARGE", least: 14, drop: 1},
		{title: "REACH", drop: 4},
	}}
	for _, r := range rows {
		t.add(
			address(r.first()),
			peerCell(r),
			stateCell(r),
			holderCell(r.holding()),
			userCell(r.sockets),
			upCell(r.sockets, p.opts.Now),
			chargeCell(r.sockets),
			term.Clean(string(r.first().Reach)),
		)
	}
	if err := p.table(2, t, true); err != nil {
		return nil, err
	}
	for _, c := range crowds {
		p.prose(2, 2, c.text())
	}
	return t, nil
}

// holding are the sockets to count in the holder cell: a crowd of connections
// is counted as peers instead.
func (r row) holding() []*report.Socket {
	if r.peers > 0 {
		return r.sockets[:1]
	}
	return r.sockets
}

func peerCell(r row) term.Text {
	switch {
	case r.peers > 1:
		return term.Clean(count(r.peers, "peer"))
	case r.first().Remote != nil:
		return term.Clean(r.first().Remote.String())
	}
	return term.Text{}
}

// stateCell names the state, and how long it lasts where the kernel ends it by
// itself.
func stateCell(r row) term.Text {
	var longest uint32
	expires := false
	for _, s := range r.sockets {
		if s.ExpiresMS != nil {
			expires = true
			longest = max(longest, *s.ExpiresMS)
		}
	}
	text := string(r.first().State)
	if expires {
		text += fmt.Sprintf(" %d s", (longest+999)/1000)
	}
	return term.Clean(text)
}
