package diagnose

import (
	"slices"

	"github.com/portwho/portwho/pkg/host"
)

// programs parts sockets into those of one program each, in order. One program
// may be several processes: a parent with its children, workers that one parent
// started with one command line, all of a container or of a unit.
func (v *view) programs(sockets []*host.Socket) [][]*host.Socket {
	var groups [][]*host.Socket
	for _, s := range sockets {
		joined := []*host.Socket{s}
		var apart [][]*host.Socket
		for _, g := range groups {
			if slices.ContainsFunc(g, func(other *host.Socket) bool { return v.oneProgram(other, s) }) {
				joined = append(g, joined...)
			} else {
				apart = append(apart, g)
			}
		}
		groups = append(apart, joined)
	}
	order := func(g []*host.Socket) int { return slices.Index(sockets, g[0]) }
	slices.SortFunc(groups, func(a, b []*host.Socket) int { return order(a) - order(b) })
	return groups
}

// oneProgram reports whether two sockets belong to one program.
func (v *view) oneProgram(a, b *host.Socket) bool {
	if sameHolders(a, b) || sameUnit(a, b) {
		return true
	}
	if m, n := charge(a), charge(b); m != nil && n != nil && m.Kind == host.ManagerContainer && n.Kind == host.ManagerContainer {
		return false // of two containers
	}
	for _, h := range a.Holders {
		for _, other := range b.Holders {
			if h.PID == other.PID || v.relatives(h.PID, other.PID) {
				return true
			}
		}
	}
	return false
}

func sameUnit(a, b *host.Socket) bool {
	m, n := charge(a), charge(b)
	return m != nil && n != nil && m.Kind == n.Kind && m.Kind != host.ManagerContainer && m.Name == n.Name
}

// relatives reports whether one process is the parent of the other, or both
// are children of one parent that run the same program in the same way. The
// command lines must be the same, because two servers of one interpreter have
// the same program. Process 1 is the parent of everything and tells nothing.
func (v *view) relatives(a, b int32) bool {
	p, q := v.snap.Process(a), v.snap.Process(b)
	if p == nil || q == nil {
		return false
	}
	return p.PPID == q.PID && q.PID != 1 || q.PPID == p.PID && p.PID != 1 ||
		p.PPID == q.PPID && p.Exe == q.Exe && p.Name == q.Name && slices.Equal(p.Command, q.Command)
}
