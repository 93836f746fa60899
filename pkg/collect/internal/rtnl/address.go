package rtnl

import (
	"encoding/binary"
	"net/netip"

	"github.com/portwho/portwho/pkg/collect/internal/netlink"
)

// Address is one address of an interface.
type Address struct {
	Index  uint32
	Prefix netip.Prefix
}

// Values of include/uapi/linux/if_addr.h.
const (
	newAddress      = 20 // RTM_NEWADDR
	addressHeader   = 8  // struct ifaddrmsg
	addressPeer     = 1  // IFA_ADDRESS
	addressLocal    = 2  // IFA_LOCAL
	addressFlags    = 8  // IFA_FLAGS
	flagOptimistic  = 0x04
	flagTentative   = 0x40
	longestPrefixV6 = 128
)

// ParseAddresses reads the answer to a dump of RTM_GETADDR. Addresses that
// duplicate address detection has not cleared are left out: the kernel does
// not let anybody bind them yet (ipv6_chk_addr).
func ParseAddresses(b []byte) ([]Address, error) {
	var addresses []Address
	for m, err := range netlink.Messages(b) {
		if err != nil {
			return addresses, err
		}
		if m.Kind != newAddress || len(m.Body) < addressHeader {
			continue
		}
		length, flags := m.Body[1], uint32(m.Body[2])
		// On a point-to-point interface IFA_ADDRESS is the peer's address and
		// IFA_LOCAL ours; IPv6 has IFA_LOCAL only there.
		var address netip.Addr
		for a := range netlink.Attributes(m.Body[addressHeader:]) {
			switch {
			case a.Kind == addressFlags:
				flags = netlink.Uint32(a.Value)
			case a.Kind == addressLocal || a.Kind == addressPeer && !address.IsValid():
				if parsed, ok := netip.AddrFromSlice(a.Value); ok {
					address = parsed
				}
			}
		}
		if flags&flagTentative != 0 && flags&flagOptimistic == 0 {
			continue
		}
		if !address.IsValid() || length > longestPrefixV6 || int(length) > address.BitLen() {
			continue
		}
		addresses = append(addresses, Address{
			Index:  binary.NativeEndian.Uint32(m.Body[4:]),
			Prefix: netip.PrefixFrom(address, int(length)),
		})
	}
	return addresses, nil
}
