package diagnose

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// redirects are the rules of the packet filter that may take traffic for the
// view's port on an address of this machine.
func (v *view) redirects() []*host.Redirect {
	var out []*host.Redirect
	for i := range v.snap.Network.Redirects {
		r := &v.snap.Network.Redirects[i]
		if (r.Protocol == "" || r.Protocol == v.protocol) && takesPort(r, v.number) && v.takesLocal(r) && v.moves(r) {
			out = append(out, r)
		}
	}
	return out
}

func takesPort(r *host.Redirect, number uint16) bool {
	return len(r.Ports) == 0 || slices.ContainsFunc(r.Ports, func(p port.Range) bool { return p.Contains(number) })
}

// takesLocal reports whether the rule matches an address of this machine. One
// that only matches addresses elsewhere is about other machines' ports.
func (v *view) takesLocal(r *host.Redirect) bool {
	if len(r.Destination) == 0 || len(v.snap.Network.Addresses) == 0 {
		return true
	}
	return slices.ContainsFunc(v.snap.Network.Addresses, func(a host.InterfaceAddress) bool {
		addr := a.Prefix.Addr().WithZone("")
		return takesAddress(r, addr) || a.Loopback && slices.ContainsFunc(r.Destination, a.Prefix.Overlaps)
	})
}

func takesAddress(r *host.Redirect, addr netip.Addr) bool {
	if r.Family == 4 && !addr.Is4() || r.Family == 6 && !addr.Is6() {
		return false
	}
	return len(r.Destination) == 0 || slices.ContainsFunc(r.Destination, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// moves reports whether traffic ends up anywhere but where it was sent.
func (v *view) moves(r *host.Redirect) bool {
	if r.ToPort != 0 && r.ToPort != v.number {
		return true
	}
	if r.Conditional && !r.To.IsValid() && r.ToPort == 0 {
		return true // a target that was not understood may do anything
	}
	return r.To.IsValid() && !r.To.IsUnspecified() && !slices.ContainsFunc(r.Destination, func(p netip.Prefix) bool {
		return p.IsSingleIP() && p.Addr() == r.To && len(r.Destination) == 1
	})
}

// redirectOf is the rule that certainly takes what a client on this machine
// sends to one of its addresses; nil where none does. Rules stand in the order
// of the kernel, and the first that matches decides, so that a rule behind one
// that only may match is not certain.
func (v *view) redirectOf(addr netip.Addr) *host.Redirect {
	for _, r := range v.redirects() {
		if r.Hook != host.HookOutput || !takesAddress(r, addr) {
			continue
		}
		if r.Conditional {
			return nil
		}
		return r
	}
	return nil
}

// landing tells where traffic for an address goes by a rule, and whether that
// is the same port on this machine. A rule without an address means the
// loopback address for what this machine sends (nf_nat_redirect_ipv4 and
// nf_nat_redirect_ipv6).
func (v *view) landing(r *host.Redirect, addr netip.Addr) (netip.Addr, bool) {
	to := r.To
	if !to.IsValid() {
		to = netip.IPv6Loopback()
		if addr.Is4() {
			to = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		}
	}
	local, _ := v.snap.Network.IsLocal(v.snap.Host.OS, to)
	return to, local && (r.ToPort == 0 || r.ToPort == v.number)
}

// redirectTarget writes where a rule sends traffic: 10.0.0.2:80, or port 9090
// where that is on this machine.
func (v *view) redirectTarget(r *host.Redirect) string {
	number := r.ToPort
	if number == 0 {
		number = v.number
	}
	switch {
	case r.To.IsValid() && !r.To.IsUnspecified():
		return netip.AddrPortFrom(r.To, number).String()
	case r.ToPort == 0 && r.Conditional:
		return "where the rule says"
	}
	return fmt.Sprintf("port %d", number)
}
