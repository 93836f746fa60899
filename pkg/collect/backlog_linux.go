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
	queues := make(map[uint16]*acceptQueue)
	for i := range sockets {
		if s := &sockets[i]; s.State == host.StateListen {
			q := queues[s.Local.Port()]
			if q == nil {
				q = &acceptQueue{}
				queues[s.Local.Port()] = q
			}
			q.listeners = append(q.listeners, s)
			q.told += s.ReceiveQueue
		}
	}
	var waiting []*host.Socket
	for i := range sockets {
		s := &sockets[i]
		if q := queues[s.Local.Port()]; q != nil && mayWait(s) && q.add(s) {
			waiting = append(waiting, s)
		}
	}
	for _, s := range waiting {
		giveToListeners(s, queues[s.Local.Port()].owners(s))
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
