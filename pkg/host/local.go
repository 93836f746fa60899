package host

import "net/netip"

// IsLocal tells whether the machine accepts the address as its own. The
// second result is false where that is unknown. On Linux a whole loopback
// prefix is local (the local routing table holds 127.0.0.0/8), elsewhere only
// the addresses themselves are.
func (n *Network) IsLocal(os string, addr netip.Addr) (local, known bool) {
	addr = addr.Unmap().WithZone("")
	if addr.IsUnspecified() {
		return true, true
	}
	if len(n.Addresses) == 0 {
		return false, false
	}
	for _, a := range n.Addresses {
		if a.Prefix.Addr().WithZone("") == addr {
			return true, true
		}
		if os == "linux" && a.Loopback && addr.Is4() && a.Prefix.Masked().Contains(addr) {
			return true, true
		}
	}
	return false, true
}

// InterfaceIndex returns the index of the named interface, as far as its
// addresses tell; 0 where unknown.
func (n *Network) InterfaceIndex(name string) uint32 {
	for _, a := range n.Addresses {
		if a.Interface == name {
			return a.Index
		}
	}
	return 0
}
