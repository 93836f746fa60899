package rtnl

import (
	"encoding/binary"
	"net/netip"
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
	for m, err := range messages(b) {
		if err != nil {
			return addresses, err
		}
		if m.kind != newAddress || len(m.body) < addressHeader {
			continue
		}
		length, flags := m.body[1], uint32(m.body[2])
		// On a point-to-point interface IFA_ADDRESS is the peer's address and
		// IFA_LOCAL ours; IPv6 has IFA_LOCAL only there.
		var address netip.Addr
		for a := range attributes(m.body[addressHeader:]) {
			switch {
			case a.kind == addressFlags:
				flags = number32(a.value)
			case a.kind == addressLocal || a.kind == addressPeer && !address.IsValid():
				if parsed, ok := netip.AddrFromSlice(a.value); ok {
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
			Index:  binary.NativeEndian.Uint32(m.body[4:]),
			Prefix: netip.PrefixFrom(address, int(length)),
		})
	}
	return addresses, nil
}
