package diagnose

import (
	"net/netip"
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// wavedThrough tells whether the kernel lets a candidate pass without
// comparing it to the sockets that would block it. TCP keeps a note at each
// port (struct inet_bind_bucket) and waves through what looks like the sockets
// that made it; UDP goes by the first overlapping socket alone when the
// candidate has SO_REUSEPORT.
func (j judge) wavedThrough(c host.Candidate, sockets, blockers []*host.Socket) trilean {
	switch {
	case !j.linux():
		return no
	case c.Protocol == port.TCP:
		if b := j.bucket(c); b != nil {
			return known(b.FastReuse > 0 && c.Options.ReuseAddress || j.bucketMatches(b, c))
		}
		return j.bucketMayMatch(c, blockers)
	case c.Options.ReusePort:
		return j.firstShares(c, sockets)
	}
	return no
}

// bucket is what the kernel remembers about the candidate's port; nil where
// that was not read.
func (j judge) bucket(c host.Candidate) *host.BindBucket {
	for i := range j.snap.BindBuckets {
		b := &j.snap.BindBuckets[i]
		if b.Protocol == c.Protocol && b.Port == c.Local.Port() && b.VRF == j.vrfOf(c) {
			return b
		}
	}
	return nil
}

// bucketMatches is sk_reuseport_match of net/ipv4/inet_connection_sock.c.
func (j judge) bucketMatches(b *host.BindBucket, c host.Candidate) bool {
	uid := j.candidateUID(c)
	if b.FastReusePort <= host.FastReusePortNone || !c.Options.ReusePort || uid == nil || *uid != b.FastUID {
		return false
	}
	return b.FastReusePort == host.FastReusePortAny || strictlyMatches(b.FastAddress, b.FastIPv6Only, c)
}

// strictlyMatches is inet_rcv_saddr_equal without the candidate's wildcard:
// the address of the note includes the candidate's or is the same. Two [::]
// are the same whatever their IPV6_V6ONLY says.
func strictlyMatches(fast netip.Addr, fastIPv6Only bool, c host.Candidate) bool {
	addr := c.Local.Addr().WithZone("")
	fast = fast.WithZone("")
	fastIPv4, cIPv4 := fast.Is4() || fast.Is4In6(), addr.Is4() || addr.Is4In6()
	cIPv6Only := addr.Is6() && !addr.Is4In6() && (c.Options.IPv6Only || !addr.IsUnspecified())
	switch {
	case fast.Is4() && !cIPv4, fastIPv4 && addr.Is6() && !cIPv4:
		// The note of an IPv4 socket is compared by the IPv4 address alone,
		// and that of an IPv6 candidate is 0.0.0.0 for [::] only.
		return fast.Is4() && !cIPv6Only && fast.IsUnspecified()
	case fastIPv4 && cIPv4:
		return fast.Unmap() == addr.Unmap() || fast.Unmap().IsUnspecified()
	case fast.IsUnspecified():
		return addr.IsUnspecified() && !cIPv4 || !fastIPv6Only || !cIPv4
	}
	return fast == addr
}

// bucketMayMatch tells, without the kernel's note, whether there can be one
// that fits. Whoever left it may be gone by now; it had SO_REUSEPORT, the
// candidate's user and an address that passes for the candidate's, and it was
// bound after every blocker. So there was none if some blocker was in its way
// whatever other options it had.
func (j judge) bucketMayMatch(c host.Candidate, blockers []*host.Socket) trilean {
	if !c.Options.ReusePort {
		return no
	}
	for _, author := range authors(c) {
		passed := true
		for _, e := range blockers {
			passed = passed && j.conflict(author, e) != yes
		}
		if passed {
			return unknown
		}
	}
	return no
}

// authors are the binds whose note fits the candidate and that meet the fewest
// sockets. For a dual-stack [::] the note of [::] with IPV6_V6ONLY fits, and
// so does that of 0.0.0.0, each of which meets but half of its blockers.
func authors(c host.Candidate) []host.Candidate {
	c.Options.ReuseAddress, c.Options.ReusePort = true, true
	if addr := c.Local.Addr(); addr != netip.IPv6Unspecified() || c.Options.IPv6Only {
		return []host.Candidate{c}
	}
	only, ipv4 := c, c
	only.Options.IPv6Only = true
	ipv4.Local = netip.AddrPortFrom(netip.IPv4Unspecified(), c.Local.Port())
	return []host.Candidate{only, ipv4}
}

// longestScanned is how many sockets of a port UDP compares in the order of
// its list; beyond, it looks them up by address (udp_lib_get_port).
const longestScanned = 10

// firstShares tells whether the first socket in the kernel's list that
// overlaps a SO_REUSEPORT candidate has the option and the user too, which
// ends the search (udp_lib_lport_inuse). New sockets are put in front. Without
// privilege the order is known within an address family only.
func (j judge) firstShares(c host.Candidate, sockets []*host.Socket) trilean {
	var first *host.Socket
	sharers, others := false, false
	ordered := len(sockets) <= longestScanned
	placed := !slices.ContainsFunc(sockets, func(e *host.Socket) bool { return e.ListPlace == 0 })
	place := func(e *host.Socket) int {
		if placed {
			return e.ListPlace
		}
		return e.ListRank
	}
	for _, e := range sockets {
		meets := overlap(c, e).and(j.sameDevice(c, e)).and(known(c.Options.ReuseAddress).and(fromPtr(e.ReuseAddress)).not())
		shares := fromPtr(e.ReusePort).and(j.sameUser(c, e))
		switch {
		case meets == no:
			continue
		case meets == unknown || shares == unknown:
			return unknown
		}
		sharers, others = sharers || shares == yes, others || shares == no
		ordered = ordered && place(e) > 0 && (placed || first == nil || first.Local.Addr().Is4() == e.Local.Addr().Is4())
		if first == nil || place(e) < place(first) {
			first = e
		}
	}
	switch {
	case !sharers:
		return no
	case !others:
		return yes
	case !ordered:
		return unknown
	}
	return fromPtr(first.ReusePort).and(j.sameUser(c, first))
}
