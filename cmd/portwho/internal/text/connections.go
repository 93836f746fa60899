package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// fewPeers is how many connections of one holder from one address get a row
// each.
const fewPeers = 3

// crowd is the connections of one server, told in a line instead of rows: on a
// busy port they would bury the server itself.
type crowd struct {
	server  row
	sockets []*report.Socket
}

// arrange turns sockets into what a table shows: those that serve, those that
// are only bound, connections; and the crowds that belong to a server.
func arrange(sockets []*report.Socket) (rows []row, crowds []crowd) {
	var seats, links []*report.Socket
	for _, s := range sockets {
		if isConnection(s) {
			links = append(links, s)
		} else {
			seats = append(seats, s)
		}
	}
	rows = rowsOf(seats)
	accepted := make([][]*report.Socket, len(rows))
	var others []*report.Socket
	for _, s := range links {
		if i := slices.IndexFunc(rows, func(r row) bool { return accepts(r, s) }); i >= 0 {
			accepted[i] = append(accepted[i], s)
		} else {
			others = append(others, s)
		}
	}
	for i, list := range accepted {
		if len(list) > 0 {
			crowds = append(crowds, crowd{rows[i], list})
		}
	}
	for _, r := range rowsOf(others) {
		if len(r.sockets) > fewPeers {
			r.peers = len(r.sockets)
			rows = append(rows, r)
			continue
		}
		for _, s := range r.sockets {
			rows = append(rows, row{sockets: []*report.Socket{s}, peers: 1})
		}
	}
	return rows, crowds
}

// accepts reports whether a connection came in through a listener: it has an
// address that the listener serves, and a holder in common or nobody at all.
func accepts(server row, link *report.Socket) bool {
	listener := server.first()
	if listener.Reach == report.ReachNone || listener.Protocol != link.Protocol || !serves(listener, link) {
		return false
	}
	if len(link.Holders) == 0 {
		named := len(holdersOf(server.sockets)) > 0
		return link.HolderStatus == host.HoldersNone || !named && socketUser(listener) == socketUser(link)
	}
	for _, h := range holdersOf(server.sockets) {
		if slices.ContainsFunc(link.Holders, func(l report.Holder) bool { return l.PID == h.PID }) {
			return true
		}
	}
	return false
}

// serves reports whether the listener's address takes in the connection's.
func serves(listener, link *report.Socket) bool {
	l, c := listener.Local.Addr(), link.Local.Addr()
	switch {
	case listener.Local.Port() != link.Local.Port():
		return false
	case l.Unmap() == c.Unmap():
		return true
	case !l.IsUnspecified():
		return false
	case l.Is4():
		return c.Unmap().Is4()
	default:
		return !c.Unmap().Is4() || onlyIPv6(listener) == ""
	}
}

// text writes the crowd in a line: plus 214 connections of nginx 812 (180
// established, 34 time_wait).
func (c crowd) text() term.Text {
	of := term.Clean("that server")
	if holders := holdersOf(c.server.sockets); len(holders) > 0 {
		of = nameHolders(holders)
	}
	return term.Cleanf("plus %s of ", count(len(c.sockets), "connection")).Plus(of, term.Cleanf(" (%s)", states(c.sockets)))
}

// states counts sockets by state, most frequent first.
func states(sockets []*report.Socket) string {
	counts := map[string]int{}
	var names []string
	for _, s := range sockets {
		name := string(s.State)
		if counts[name] == 0 {
			names = append(names, name)
		}
		counts[name]++
	}
	slices.SortFunc(names, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%d %s", counts[name], name)
	}
	return strings.Join(names, ", ")
}
