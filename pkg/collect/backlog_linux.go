package collect

import (
	"cmp"
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// attachBacklog gives connections that nobody has accepted to the holders of
// the listener they wait for. Such a connection has no file yet, so its inode
// is 0.
func attachBacklog(sockets []host.Socket) {
	listeners := make(map[uint16][]*host.Socket)
	for i := range sockets {
		if s := &sockets[i]; s.State == host.StateListen {
			listeners[s.Local.Port()] = append(listeners[s.Local.Port()], s)
		}
	}
	for i := range sockets {
		s := &sockets[i]
		if !mayWait(s) {
			continue
		}
		if owners := queueOwners(listeners[s.Local.Port()], s); len(owners) > 0 {
			giveToListeners(s, owners)
		}
	}
}

// giveToListeners makes the holders of the listeners those of the connection.
func giveToListeners(s *host.Socket, owners []*host.Socket) {
	s.HolderStatus = owners[0].HolderStatus
	for i, l := range owners {
		if i > 0 && !sameProcesses(l, owners[0]) {
			// One of them has it, and it may be one that could not be named.
			s.HolderStatus = host.HoldersPartial
		}
		for _, h := range l.Holders {
			if !slices.ContainsFunc(s.Holders, func(o host.Holder) bool { return o.PID == h.PID }) {
				s.Holders = append(s.Holders, host.Holder{PID: h.PID, FD: -1, Via: host.ViaBacklog})
			}
		}
	}
	slices.SortFunc(s.Holders, func(a, b host.Holder) int { return cmp.Compare(a.PID, b.PID) })
	if len(s.Holders) == 0 {
		s.HolderStatus = host.HoldersHidden
	}
}

func sameProcesses(a, b *host.Socket) bool {
	return slices.EqualFunc(a.Holders, b.Holders, func(x, y host.Holder) bool { return x.PID == y.PID })
}

// mayWait reports whether a connection can be in the queue of a listener. One
// that a process has closed is in none of these states: close(2) leads from
// them to FIN_WAIT1 and LAST_ACK (tcp_close_state in net/ipv4/tcp.c). And the
// end of a listener resets all that wait there.
func mayWait(s *host.Socket) bool {
	if s.Protocol != port.TCP || s.Inode != 0 || len(s.Holders) > 0 {
		return false
	}
	switch s.State {
	case host.StateEstablished, host.StateCloseWait, host.StateSynReceived:
		return true
	}
	return false
}

// queueOwners returns the listeners that may have taken the connection in, as
// inet_lookup_listener chooses: an exact address before a wildcard. More than
// one means that they share the address and nobody can tell whose it is.
func queueOwners(listeners []*host.Socket, s *host.Socket) []*host.Socket {
	var exact, wild []*host.Socket
	for _, l := range listeners {
		// A connection has the family and the device of its listener
		// (tcp_v4_syn_recv_sock).
		if l.Local.Addr().Is4() != s.Local.Addr().Is4() || l.InterfaceIndex != s.InterfaceIndex {
			continue
		}
		switch {
		case l.Local.Addr() == s.Local.Addr():
			exact = append(exact, l)
		case !l.Local.Addr().IsUnspecified():
		case s.Local.Addr().Is4In6() && (l.V6Only == nil || *l.V6Only):
		default:
			wild = append(wild, l)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return wild
}
