package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// row is a row of a table: sockets that differ in nothing a person would look
// at twice. The workers of one server, each with its own SO_REUSEPORT socket,
// are one row that names them all.
type row struct {
	sockets []*report.Socket
	// peers counts the connections that a row of connections stands for.
	peers int
}

func (r row) first() *report.Socket { return r.sockets[0] }

// pointersTo lists sockets without copying them.
func pointersTo(sockets []report.Socket) []*report.Socket {
	out := make([]*report.Socket, len(sockets))
	for i := range sockets {
		out[i] = &sockets[i]
	}
	return out
}

// rowsOf groups sockets into rows, in the order of their first socket.
func rowsOf(sockets []*report.Socket) []row {
	if len(sockets) == 1 { // as on most ports
		return []row{{sockets: sockets}}
	}
	var rows []row
	at := map[string]int{}
	for _, s := range sockets {
		key := rowKey(s)
		i, seen := at[key]
		if !seen {
			i = len(rows)
			at[key] = i
			rows = append(rows, row{})
		}
		rows[i].sockets = append(rows[i].sockets, s)
	}
	return rows
}

// rowKey is equal for sockets that belong in one row.
func rowKey(s *report.Socket) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s|%s|%s|%s|%s|%s|%s|%s", s.Protocol, s.Local, s.Interface, onlyIPv6(s), s.State, s.Reach, socketUser(s), s.HolderStatus)
	for _, m := range s.Managers {
		fmt.Fprintf(&b, "|%q", m.Kind+":"+host.ManagerKind(m.Name))
	}
	if s.Group < 2 {
		b.WriteString(pidKey(s))
	}
	return b.String()
}

func pidKey(s *report.Socket) string {
	pids := make([]int32, len(s.Holders))
	for i, h := range s.Holders {
		pids[i] = h.PID
	}
	slices.Sort(pids)
	return fmt.Sprint(slices.Compact(pids))
}

// isConnection reports whether a socket has or had a peer, so that it is not
// what a server is started with.
func isConnection(s *report.Socket) bool {
	switch s.State {
	case host.StateListen, host.StateUnconnected, host.StateBound:
		return false
	}
	return true
}
