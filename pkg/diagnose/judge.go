package diagnose

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// Verdict is the answer to one candidate.
type Verdict struct {
	Candidate host.Candidate
	// Errno is what bind would return; host.ErrnoUnknown where that hangs on
	// something that was not read.
	Errno host.Errno
	// Probed says that the kernel itself gave the errno.
	Probed bool
	// Predicted is the errno by the rule alone.
	Predicted host.Errno
	// Blockers are the sockets in the way, each of which would block alone.
	// They are listed also when an earlier check (EACCES) gives the errno.
	Blockers []*host.Socket
	// Maybe are sockets that block or not, depending on options that were not
	// read.
	Maybe []*host.Socket
	// Rule says in one sentence what decided.
	Rule string
}

// Judge tells what the kernel would answer to the candidate, in the kernel's
// order: is the address local, may the user bind the port, is it in use. A
// probe of the same candidate in the snapshot overrules the prediction.
func Judge(snap *host.Snapshot, c host.Candidate) Verdict {
	return judge{snap: snap}.verdict(c, onPort(snap, c.Protocol, c.Local.Port()))
}

// onPort returns the sockets of the protocol whose local port it is.
func onPort(snap *host.Snapshot, protocol port.Protocol, number uint16) []*host.Socket {
	var out []*host.Socket
	for i := range snap.Sockets {
		s := &snap.Sockets[i]
		if s.Protocol == protocol && s.Local.Port() == number {
			out = append(out, s)
		}
	}
	return out
}

func (j judge) verdict(c host.Candidate, sockets []*host.Socket) Verdict {
	v := Verdict{Candidate: c}
	for _, e := range sockets {
		switch j.conflict(c, e) {
		case yes:
			v.Blockers = append(v.Blockers, e)
		case unknown:
			v.Maybe = append(v.Maybe, e)
		}
	}
	waved := no
	if len(v.Blockers)+len(v.Maybe) > 0 {
		waved = j.wavedThrough(c, sockets, v.Blockers)
	}
	switch {
	case waved == yes:
		v.Blockers, v.Maybe = nil, nil
	case waved == unknown && len(v.Blockers) > 0:
		v.Maybe = append(v.Maybe, v.Blockers...)
		v.Blockers = nil
	}
	v.Errno, v.Rule = j.predict(c, &v)
	if waved == yes && v.Errno == host.OK {
		v.Rule = wavedRule(c)
	}
	v.Predicted = v.Errno
	if p, ok := j.probe(c); ok && p.Errno != host.ErrnoUnknown {
		v = j.overrule(v, p)
	} else if ok && v.Errno == host.ErrnoUnknown && p.Reason != "" {
		v.Rule += "; trying it was not possible: " + p.Reason
	}
	return v
}

// predict applies the checks of bind(2) in their order.
func (j judge) predict(c host.Candidate, v *Verdict) (host.Errno, string) {
	if r := j.addressRefusal(c); r.errno != host.OK {
		return r.errno, r.rule
	}
	if len(v.Blockers) > 0 {
		return host.EADDRINUSE, blockRule(c, v.Blockers)
	}
	if len(v.Maybe) > 0 {
		return host.ErrnoUnknown, maybeRule(c, v.Maybe)
	}
	if !j.snap.Scope.CoversPort(c.Local.Port()) || !j.snap.Scope.CoversProtocol(c.Protocol) || j.snap.Scope.ListenersOnly {
		return host.ErrnoUnknown, "the snapshot was not asked for every socket on this port"
	}
	for _, g := range j.snap.Gaps {
		if g.Decides && (g.Protocol == "" || g.Protocol == c.Protocol) {
			return host.ErrnoUnknown, fmt.Sprintf("%s could not be read: %s", g.Subject, g.Reason)
		}
	}
	return host.OK, "no socket overlaps this address"
}

// indexProbes finds the probes of a snapshot by what they were about.
func indexProbes(snap *host.Snapshot) map[netip.AddrPort][]int {
	index := make(map[netip.AddrPort][]int, len(snap.Probes))
	for i := range snap.Probes {
		at := snap.Probes[i].Candidate.Local
		index[at] = append(index[at], i)
	}
	return index
}

// probe is the last probe of the candidate.
func (j judge) probe(c host.Candidate) (host.Probe, bool) {
	if j.probes != nil {
		at := j.probes[c.Local]
		for i := len(at) - 1; i >= 0; i-- {
			if p := j.snap.Probes[at[i]]; sameCandidate(p.Candidate, c) {
				return p, true
			}
		}
		return host.Probe{}, false
	}
	for i := len(j.snap.Probes) - 1; i >= 0; i-- {
		if p := j.snap.Probes[i]; sameCandidate(p.Candidate, c) {
			return p, true
		}
	}
	return host.Probe{}, false
}

func sameCandidate(a, b host.Candidate) bool {
	au, bu := a.Options.UID, b.Options.UID
	if (au == nil) != (bu == nil) || au != nil && *au != *bu {
		return false
	}
	a.Options.UID, b.Options.UID = nil, nil
	return a == b
}

// blockRule says why the blockers meet the candidate. One relation is enough:
// the nearest one is the one a person can act on.
func blockRule(c host.Candidate, blockers []*host.Socket) string {
	best, bestRank := "", 99
	for _, e := range blockers {
		sentence, rank := relation(c, e)
		if rank < bestRank || rank == bestRank && sentence < best {
			best, bestRank = sentence, rank
		}
	}
	return best
}

// relation says how an existing socket covers the candidate, nearest first.
func relation(c host.Candidate, e *host.Socket) (string, int) {
	cAddr, eAddr := c.Local.Addr(), e.Local.Addr()
	is := "is held"
	switch {
	case isTimeWait(e):
		is = "is still in TIME_WAIT"
	case e.Protocol == port.TCP && e.State == host.StateBound:
		is = "is bound"
	case !e.Serves() && e.State != host.StateBound:
		is = "is in use by a connection"
	}
	switch {
	case cAddr == eAddr:
		return fmt.Sprintf("%s %s", eAddr, is), 0
	case cAddr.IsUnspecified() && cAddr.Is6() && eAddr.Unmap().Is4():
		return fmt.Sprintf("%s %s, and :: being dual stack includes it", eAddr, is), 2
	case eAddr.IsUnspecified() && cAddr.Unmap().Is4() && eAddr.Is6():
		return fmt.Sprintf(":: %s, and being dual stack it includes %s", is, cAddr), 1
	case eAddr.IsUnspecified():
		return fmt.Sprintf("%s %s and includes %s", eAddr, is, cAddr), 1
	case cAddr.IsUnspecified() && cAddr.Is4() && eAddr.Is6() && !eAddr.Is4In6():
		return fmt.Sprintf("a dual-stack socket on %s %s, which keeps 0.0.0.0 too", eAddr, is), 3
	case cAddr.IsUnspecified():
		return fmt.Sprintf("%s %s, and %s includes it", eAddr, is, cAddr), 2
	default:
		return fmt.Sprintf("%s %s", eAddr, is), 3
	}
}

func maybeRule(c host.Candidate, maybe []*host.Socket) string {
	if allKnown(maybe) {
		if c.Protocol == port.TCP {
			return "it depends on what the kernel remembers of earlier SO_REUSEPORT binds on this port"
		}
		return "it depends on which of the sockets on this port was bound last"
	}
	option := "IPV6_V6ONLY"
	switch {
	case c.Options.ReusePort:
		option = "SO_REUSEPORT"
	case c.Options.ReuseAddress:
		option = "SO_REUSEADDR"
	}
	addresses := make([]string, 0, len(maybe))
	for _, e := range maybe {
		if a := e.Local.Addr().String(); len(addresses) == 0 || addresses[len(addresses)-1] != a {
			addresses = append(addresses, a)
		}
	}
	return fmt.Sprintf("it depends on whether the socket on %s set %s, which could not be read", strings.Join(addresses, ", "), option)
}

func wavedRule(c host.Candidate) string {
	if c.Protocol == port.TCP {
		return "the kernel lets it pass by what it remembers of the last binds, without a look at every socket"
	}
	return "the newest socket it overlaps shares the port by SO_REUSEPORT, and the kernel looks no further"
}

// allKnown reports whether the options of every socket were read, so that
// they are not what is missing.
func allKnown(sockets []*host.Socket) bool {
	for _, s := range sockets {
		if s.ReuseAddress == nil || s.ReusePort == nil || effectiveV6Only(s) == unknown {
			return false
		}
	}
	return true
}

// usualAddresses are the four binds a server usually makes.
func usualAddresses() []netip.Addr {
	return []netip.Addr{
		netip.AddrFrom4([4]byte{127, 0, 0, 1}),
		netip.IPv4Unspecified(),
		netip.IPv6Loopback(),
		netip.IPv6Unspecified(),
	}
}
