package diagnose

import (
	"net/netip"

	"github.com/portwho/portwho/pkg/host"
)

// overlap tells whether the addresses of a candidate and an existing socket
// meet, as inet_rcv_saddr_equal(match_wildcard=true) in
// net/ipv4/inet_connection_sock.c decides it. Ports and protocols are the
// caller's business.
func overlap(c host.Candidate, e *host.Socket) trilean {
	cAddr, eAddr := c.Local.Addr().WithZone(""), e.Local.Addr().WithZone("")
	v6only := effectiveV6Only(e)

	if cAddr.Is4() {
		meets := cAddr.IsUnspecified() // also for an IPv6 socket connected from a native address
		if e4, ok := ipv4Of(eAddr); ok {
			meets = meets || e4.IsUnspecified() || e4 == cAddr
		}
		return known(meets).and(v6only.not())
	}

	cIPv4Like, eIPv4Like := cAddr.Is4In6(), eAddr.Is4() || eAddr.Is4In6()
	switch {
	case cIPv4Like && eIPv4Like:
		c4, e4 := cAddr.Unmap(), eAddr.Unmap()
		return known(c4 == e4 || c4.IsUnspecified() || e4.IsUnspecified()).and(v6only.not())
	case cAddr.IsUnspecified() && !cIPv4Like && eAddr.IsUnspecified() && !eIPv4Like:
		return yes // two [::] always meet, IPv6 only or not
	case eAddr.IsUnspecified() && !eIPv4Like:
		return v6only.and(known(cIPv4Like)).not()
	case cAddr.IsUnspecified() && !cIPv4Like:
		return known(!c.Options.IPv6Only || !eIPv4Like)
	default:
		return known(cAddr == eAddr)
	}
}

// ipv4Of returns the IPv4 address an existing socket stands for: itself, the
// mapped one, or 0.0.0.0 for [::]. A native IPv6 address has none.
func ipv4Of(addr netip.Addr) (netip.Addr, bool) {
	switch {
	case addr.Is4() || addr.Is4In6():
		return addr.Unmap(), true
	case addr.IsUnspecified():
		return netip.IPv4Unspecified(), true
	}
	return netip.Addr{}, false
}

// effectiveV6Only is the flag the kernel compares. Binding to a native address
// forces it on, but binding to [::] and then connecting leaves it off although
// the address has become specific, so a connected socket's flag is unknown
// unless it was read.
func effectiveV6Only(e *host.Socket) trilean {
	addr := e.Local.Addr()
	switch {
	case addr.Is4(), addr.Is4In6():
		return no
	case e.V6Only != nil:
		return known(*e.V6Only)
	case !addr.IsUnspecified() && (e.State == host.StateListen || e.State == host.StateBound || e.State == host.StateUnconnected):
		return yes
	}
	return unknown
}
