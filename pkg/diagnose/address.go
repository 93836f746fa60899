package diagnose

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// refusal is an errno that comes before any other socket is looked at, with
// the rule that gives it. The zero refusal lets the bind go on.
type refusal struct {
	errno host.Errno
	rule  string
}

// addressRefusal is what socket(2), setsockopt(2) and bind(2) say about the
// candidate itself, in the kernel's order. IPv4 asks first whether the address
// is local and then whether the user may have the port (__inet_bind); IPv6
// asks the other way round (__inet6_bind).
func (j judge) addressRefusal(c host.Candidate) refusal {
	addr := c.Local.Addr()
	checks := []func(host.Candidate) refusal{j.family, j.device, j.form, j.privilege, j.ownership}
	if addr.Is4() {
		checks = []func(host.Candidate) refusal{j.device, j.ownership, j.privilege}
	}
	for _, check := range checks {
		if r := check(c); r.errno != host.OK {
			return r
		}
	}
	return refusal{}
}

// mayExist reports whether the candidate's address and interface are here, as
// far as that is known.
func (j judge) mayExist(c host.Candidate) bool {
	for _, check := range []func(host.Candidate) refusal{j.family, j.device, j.form, j.ownership} {
		if r := check(c); r.errno != host.OK && r.errno != host.ErrnoUnknown {
			return false
		}
	}
	return true
}

// family is socket(2): without IPv6 there is no such socket.
func (j judge) family(c host.Candidate) refusal {
	if exists := j.snap.Network.IPv6; exists != nil && !*exists && c.Local.Addr().Is6() {
		return refusal{host.EAFNOSUPPORT, "this machine has no IPv6"}
	}
	return refusal{}
}

// device is setsockopt(SO_BINDTODEVICE).
func (j judge) device(c host.Candidate) refusal {
	name := c.Options.Interface
	switch {
	case name == "" || j.snap.Network.InterfaceNamed(name) != nil:
		return refusal{}
	case len(j.snap.Network.Interfaces) == 0:
		return refusal{host.ErrnoUnknown, "this machine's interfaces could not be read"}
	}
	return refusal{host.ENODEV, fmt.Sprintf("there is no interface %q", name)}
}

// form are the addresses that an IPv6 socket takes under no circumstances.
func (j judge) form(c host.Candidate) refusal {
	if addr := c.Local.Addr(); j.linux() && c.Protocol == port.TCP && addr.IsMulticast() && !addr.Is4In6() {
		return refusal{host.EINVAL, fmt.Sprintf("%s is a multicast address, which TCP does not bind", addr)}
	}
	return refusal{}
}

// privilege is the check of the port number.
func (j judge) privilege(c host.Candidate) refusal {
	switch j.mayBindNumber(c) {
	case no:
		return refusal{host.EACCES, fmt.Sprintf("ports below %d are for privileged users", j.unprivilegedStart())}
	case unknown:
		return refusal{host.ErrnoUnknown, "it is not known which ports this user may bind"}
	}
	return refusal{}
}

// ownership is the check that the address is one of this machine
// (inet_addr_valid_or_nonlocal, ipv6_chk_addr).
func (j judge) ownership(c host.Candidate) refusal {
	addr, n := c.Local.Addr(), &j.snap.Network
	v6 := addr.Is6() && !addr.Is4In6()
	if addr.Is4In6() && c.Options.IPv6Only && j.linux() {
		return refusal{host.EINVAL, "a socket with IPV6_V6ONLY cannot have an IPv4 address"}
	}
	if v6 && needsScope(addr) {
		if r := j.scope(c); r.errno != host.OK {
			return r
		}
	}
	if addr.IsUnspecified() || addr.Unmap().IsUnspecified() || addr.Unmap().IsMulticast() {
		return refusal{}
	}
	nonlocal := n.NonlocalBindV4
	if v6 {
		nonlocal = n.NonlocalBindV6
	}
	if nonlocal != nil && *nonlocal {
		return refusal{}
	}
	local, sure := n.IsLocal(j.snap.Host.OS, addr)
	if v6 && local {
		local = j.onDevice(c)
	} else if !v6 && sure && !local && j.linux() && j.vrfOf(c) != 0 {
		// A VRF has a local table of its own, which was not read.
		local, sure = j.inVRF(addr, j.vrfOf(c))
	}
	switch {
	case !sure:
		return refusal{host.ErrnoUnknown, "this machine's addresses could not be read"}
	case !local && nonlocal == nil && j.linux():
		return refusal{host.ErrnoUnknown, fmt.Sprintf("%s is not an address of this machine, and whether that matters (ip_nonlocal_bind) could not be read", addr)}
	case !local && v6 && j.isAnybodys(addr):
		return refusal{host.EADDRNOTAVAIL, fmt.Sprintf("%s belongs to another interface", addr)}
	case !local:
		return refusal{host.EADDRNOTAVAIL, fmt.Sprintf("%s is not an address of this machine", addr)}
	}
	return refusal{}
}

// needsScope reports whether an IPv6 address means nothing without an
// interface (__ipv6_addr_needs_scope_id).
func needsScope(addr netip.Addr) bool {
	return addr.IsLinkLocalUnicast() || addr.IsLinkLocalMulticast() || addr.IsInterfaceLocalMulticast()
}

// scope checks the interface of a link-local address.
func (j judge) scope(c host.Candidate) refusal {
	index, named := j.candidateDevice(c)
	switch {
	case !named:
		return refusal{host.EINVAL, "a link-local IPv6 address needs a scope, such as %eth0"}
	case index != 0:
		return refusal{}
	case len(j.snap.Network.Interfaces) == 0:
		return refusal{host.ErrnoUnknown, "this machine's interfaces could not be read"}
	}
	return refusal{host.ENODEV, fmt.Sprintf("there is no interface %q", c.Local.Addr().Zone())}
}

// candidateDevice is the interface that the candidate's socket is bound to
// when its port is compared: the zone of a link-local address overrides
// SO_BINDTODEVICE. Index 0 with named true is an interface that is not known.
func (j judge) candidateDevice(c host.Candidate) (index uint32, named bool) {
	n := &j.snap.Network
	if zone := c.Local.Addr().Zone(); zone != "" && needsScope(c.Local.Addr()) {
		if i := n.InterfaceNamed(zone); i != nil {
			return i.Index, true
		}
		if number, err := strconv.ParseUint(zone, 10, 32); err == nil && (n.InterfaceAt(uint32(number)) != nil || len(n.Interfaces) == 0) {
			return uint32(number), true
		}
		return 0, true
	}
	if c.Options.Interface == "" {
		return 0, false
	}
	if i := n.InterfaceNamed(c.Options.Interface); i != nil {
		return i.Index, true
	}
	return 0, true
}

// onDevice tells whether a native IPv6 address of this machine may be bound
// by a socket with the candidate's device: a link-local or loopback one must
// be the device's own, any other is as good as local.
func (j judge) onDevice(c host.Candidate) bool {
	index, named := j.candidateDevice(c)
	if !named || index == 0 || !j.linux() {
		return true
	}
	addr := c.Local.Addr().WithZone("")
	if !addr.IsLinkLocalUnicast() && !addr.IsLoopback() {
		return true
	}
	for _, a := range j.snap.Network.Addresses {
		if a.Index == index && a.Prefix.Addr().WithZone("") == addr {
			return true
		}
	}
	return false
}

// isAnybodys reports whether an IPv6 address belongs to some interface.
func (j judge) isAnybodys(addr netip.Addr) bool {
	local, _ := j.snap.Network.IsLocal(j.snap.Host.OS, addr)
	return local
}

// vrfOf is the index of the VRF that the candidate's device belongs to; 0 for
// none.
func (j judge) vrfOf(c host.Candidate) uint32 {
	if index, _ := j.candidateDevice(c); index != 0 {
		return j.vrfAt(index)
	}
	return 0
}

func (j judge) vrfAt(index uint32) uint32 {
	if i := j.snap.Network.InterfaceAt(index); i != nil {
		return i.VRF
	}
	return 0
}

// inVRF tells whether an IPv4 address belongs to an interface of a VRF.
func (j judge) inVRF(addr netip.Addr, vrf uint32) (local, sure bool) {
	for _, a := range j.snap.Network.Addresses {
		if a.Prefix.Addr() == addr.Unmap() && j.vrfAt(a.Index) == vrf {
			return true, true
		}
	}
	return false, false // a broadcast address, or none of ours
}

func (j judge) linux() bool { return j.snap.Host.OS == "linux" }
