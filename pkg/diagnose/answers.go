package diagnose

import (
	"net/netip"
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// localhost is the name that most clients on one machine use.
const localhost = "localhost"

// An answer is who serves a client on this machine that asks for an address.
type answer struct {
	destination string
	address     netip.Addr
	// sockets are those among which the kernel chooses.
	sockets []*host.Socket
	// redirect is the rule that certainly takes the client elsewhere; nil
	// where none does.
	redirect *host.Redirect
}

// answered reports whether anybody serves the client, as far as is known.
func (a answer) answered() bool { return len(a.sockets) > 0 || a.redirect != nil }

// answers tells whom clients on this machine reach. A program that is given
// the name localhost tries its first address; what it does when nobody is
// there is its own affair.
func (v *view) answers() []answer {
	if len(v.serving) == 0 && !slices.ContainsFunc(v.redirects(), func(r *host.Redirect) bool { return r.Hook == host.HookOutput }) {
		return nil
	}
	// A view of one family has not all the sockets of the other.
	told := func(a netip.Addr) bool { return v.family == 0 || a.Is4() == (v.family == 4) }
	var names, loopback []netip.Addr
	for _, a := range v.snap.Network.Localhost {
		if told(a) {
			names = append(names, a)
		}
	}
	for _, a := range []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()} {
		missing := a.Is6() && v.snap.Network.IPv6 != nil && !*v.snap.Network.IPv6
		if told(a) && !missing {
			loopback = append(loopback, a)
		}
	}
	var out []answer
	if len(names) > 0 {
		out = append(out, v.answer(localhost, names[0]))
	}
	for _, a := range loopback {
		out = append(out, v.answer(a.String(), a))
	}
	for _, a := range names {
		if !slices.Contains(loopback, a) {
			out = append(out, v.answer(a.String(), a))
		}
	}
	return out
}

func (v *view) answer(destination string, address netip.Addr) answer {
	a := answer{destination: destination, address: address}
	if r := v.redirectOf(address); r != nil {
		a.redirect = r
		if to, same := v.landing(r, address); same {
			a.sockets = v.answering(to)
		}
		return a
	}
	a.sockets = v.answering(address)
	return a
}

// reportAnswers puts the answers into the report.
func (v *view) reportAnswers() []report.Answer {
	out := []report.Answer{}
	for _, a := range v.answers() {
		r := report.Answer{Destination: a.destination, Address: a.address.String(), Sockets: ids(a.sockets)}
		if a.redirect != nil {
			r.Redirected = v.redirectTarget(a.redirect)
		}
		out = append(out, r)
	}
	return out
}

// answering are the sockets among which the kernel chooses when a client on
// this machine sends to one of its addresses: __inet_lookup_listener and
// inet6_lookup_listener (net/ipv4/inet_hashtables.c) for TCP,
// __udp4_lib_lookup and __udp6_lib_lookup for UDP. A socket that is bound to
// the very address comes before any on a wildcard.
func (v *view) answering(to netip.Addr) []*host.Socket {
	for _, exact := range []bool{true, false} {
		var list []scored
		for _, s := range v.serving {
			if score := v.lookupScore(s, to, exact); score > 0 {
				list = append(list, scored{s, score})
			}
		}
		if len(list) > 0 {
			return chosen(list)
		}
	}
	return nil
}

// scored is a socket that matches, with the kernel's score for it.
type scored struct {
	socket *host.Socket
	score  int
}

// chosen are the sockets that the kernel may take from one list of matches. It
// walks the list and keeps the best score; but the first socket of a
// SO_REUSEPORT group that is better than what came before ends the walk at
// once, and its group shares. The order of a list is that of binding, newest
// first, which cannot be read; only that IPv6 sockets with SO_REUSEPORT stand
// behind all others (inet_hash, udp_lib_get_port) is known.
func chosen(list []scored) []*host.Socket {
	var front, behind []scored
	for _, m := range list {
		switch grouped := fromPtr(m.socket.ReusePort); {
		case grouped == unknown && len(list) > 1:
			return socketsOf(list, func(scored) bool { return true })
		case grouped == yes && m.socket.Local.Addr().Is6():
			behind = append(behind, m)
		default:
			front = append(front, m)
		}
	}
	alone, grouped := 0, 0 // the best scores in front
	for _, m := range front {
		if fromPtr(m.socket.ReusePort) == yes {
			grouped = max(grouped, m.score)
		} else {
			alone = max(alone, m.score)
		}
	}
	out := socketsOf(front, func(m scored) bool { return fromPtr(m.socket.ReusePort) == yes })
	if alone < grouped {
		return out
	}
	last := socketsOf(behind, func(m scored) bool { return m.score > alone })
	if len(last) == 0 {
		last = socketsOf(front, func(m scored) bool { return fromPtr(m.socket.ReusePort) != yes && m.score == alone })
	}
	return append(out, last...)
}

func socketsOf(list []scored, wanted func(scored) bool) []*host.Socket {
	var out []*host.Socket
	for _, m := range list {
		if wanted(m) {
			out = append(out, m.socket)
		}
	}
	return out
}

// lookupScore is compute_score of the kernel for a packet that arrives over
// loopback; 0 is no match. The socket of a connection is not looked at here:
// it answers its peer only.
func (v *view) lookupScore(s *host.Socket, to netip.Addr, exact bool) int {
	bound := s.Local.Addr().WithZone("")
	switch {
	case s.InterfaceIndex != 0 && !onLoopbackDevice(v.snap, s):
		return 0
	case to.Is4():
		if bound.Is6() && !bound.Is4In6() && (!bound.IsUnspecified() || effectiveV6Only(s) == yes) {
			return 0
		}
		bound = bound.Unmap()
		if bound.IsUnspecified() {
			bound = netip.IPv4Unspecified()
		}
	case !bound.Is6() || bound.Is4In6():
		return 0
	}
	if exact && bound != to || !exact && !bound.IsUnspecified() {
		return 0
	}
	score := 1
	if s.InterfaceIndex != 0 {
		score += 4 // TCP adds 1 and UDP 4; no two sockets differ in more than this
		if v.protocol == port.TCP {
			score -= 3
		}
	}
	if to.Is4() && s.Local.Addr().Is4() {
		score++
	}
	return score
}
