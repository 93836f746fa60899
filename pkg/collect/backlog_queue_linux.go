package collect

import (
	"net/netip"

	"github.com/portwho/portwho/pkg/host"
)

// acceptQueue is the listeners of a port, and what waits for them to be accepted.
type acceptQueue struct {
	listeners []*host.Socket
	// told is how many connections the listeners tell to be waiting, and found
	// how many were listed. A half-open one counts in neither.
	told, found uint32
	// to counts those that were listed by their address and device.
	to map[place]uint32
}

// place is what a connection has in common with an exact listener.
type place struct {
	addr   netip.Addr
	device uint32
}

func placeOf(s *host.Socket) place { return place{s.Local.Addr(), s.InterfaceIndex} }

// add counts a connection, if there is a listener that may have it.
func (q *acceptQueue) add(s *host.Socket) bool {
	if exact, wild := q.takers(s); len(exact)+len(wild) == 0 {
		return false
	}
	if isEstablished(s) {
		if q.to == nil {
			q.to = make(map[place]uint32)
		}
		q.found++
		q.to[placeOf(s)]++
	}
	return true
}

// isEstablished reports whether a waiting connection counts in the queue of its
// listener; one that is half open waits elsewhere.
func isEstablished(s *host.Socket) bool { return s.State != host.StateSynReceived }

// takers are the listeners that could have taken the connection in.
func (q *acceptQueue) takers(s *host.Socket) (exact, wild []*host.Socket) {
	for _, l := range q.listeners {
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
	return exact, wild
}

// owners returns the listeners that may have the connection. More than one means
// that nobody can tell which of them it is.
//
// A new connection goes to an exact address before a wildcard
// (inet_lookup_listener), but one that came before the exact listener did stays
// where it was. Where all that wait were listed, the lengths of the queues
// (idiag_rqueue, which is sk_ack_backlog) tell who has none.
func (q *acceptQueue) owners(s *host.Socket) []*host.Socket {
	exact, wild := q.takers(s)
	if q.told == q.found && isEstablished(s) {
		having, queued := withQueue(exact)
		wildHaving, _ := withQueue(wild)
		switch {
		case len(having)+len(wildHaving) == 0: // it is gone by now
		case queued < q.to[placeOf(s)]:
			return append(having, wildHaving...)
		default:
			return having
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return wild
}

// withQueue leaves those that have connections in their queue, and counts these.
func withQueue(listeners []*host.Socket) (some []*host.Socket, queued uint32) {
	for _, l := range listeners {
		if queued += l.ReceiveQueue; l.ReceiveQueue > 0 {
			some = append(some, l)
		}
	}
	return some, queued
}
