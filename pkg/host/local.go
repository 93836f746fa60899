package host

import (
	"net/netip"

	"github.com/portwho/portwho/pkg/port"
)

// IsLocal tells whether the machine lets a program bind the address as its
// own. The second result is false where that is unknown. On Linux a whole
// loopback prefix is local and broadcast addresses can be bound (the local
// routing table holds them), elsewhere only the addresses themselves are.
func (n *Network) IsLocal(os string, addr netip.Addr) (local, known bool) {
	addr = addr.Unmap().WithZone("")
	if addr.IsUnspecified() {
		return true, true
	}
	if os == "linux" && addr == limitedBroadcast() {
		return true, true
	}
	if os == "linux" && addr.Is4() && len(n.LocalRoutes) > 0 {
		for _, p := range n.LocalRoutes {
			if p.Contains(addr) {
				return true, true
			}
		}
		return false, true
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

// limitedBroadcast is 255.255.255.255 (RFC 919).
func limitedBroadcast() netip.Addr { return netip.AddrFrom4([4]byte{255, 255, 255, 255}) }

// InterfaceNamed returns the interface of that name; nil where there is none
// or where that is unknown.
func (n *Network) InterfaceNamed(name string) *Interface {
	for i := range n.Interfaces {
		if n.Interfaces[i].Name == name {
			return &n.Interfaces[i]
		}
	}
	return nil
}

// InterfaceAt returns the interface with the index; nil where there is none
// or where that is unknown.
func (n *Network) InterfaceAt(index uint32) *Interface {
	for i := range n.Interfaces {
		if n.Interfaces[i].Index == index {
			return &n.Interfaces[i]
		}
	}
	return nil
}

// InterfaceName returns the name of the interface with the index; empty where
// it has none.
func (n *Network) InterfaceName(index uint32) string {
	if i := n.InterfaceAt(index); i != nil {
		return i.Name
	}
	return ""
}

// KernelSocketOn returns the kernel object that keeps the port; nil where
// none is known.
func (n *Network) KernelSocketOn(protocol port.Protocol, number uint16) *KernelSocket {
	for i := range n.KernelSockets {
		if k := &n.KernelSockets[i]; k.Protocol == protocol && k.Port == number {
			return k
		}
	}
	return nil
}
