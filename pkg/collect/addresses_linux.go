package collect

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/host"
)

// readAddresses asks rtnetlink(7) for every interface and every address at
// once; package net would ask once for each interface.
func readAddresses() ([]host.InterfaceAddress, map[uint32]string, error) {
	links, err := syscall.NetlinkRIB(unix.RTM_GETLINK, unix.AF_UNSPEC)
	if err != nil {
		return nil, nil, fmt.Errorf("list interfaces: %w", err)
	}
	names, loopback, err := parseLinks(links)
	if err != nil {
		return nil, nil, err
	}
	rows, err := syscall.NetlinkRIB(unix.RTM_GETADDR, unix.AF_UNSPEC)
	if err != nil {
		return nil, names, fmt.Errorf("list addresses: %w", err)
	}
	addresses, err := parseAddresses(rows, names, loopback)
	return addresses, names, err
}

// parseLinks reads the answer to RTM_GETLINK: the names of the interfaces by
// index, and which of them are loopback.
func parseLinks(b []byte) (names map[uint32]string, loopback map[uint32]bool, err error) {
	messages, err := syscall.ParseNetlinkMessage(b)
	if err != nil {
		return nil, nil, fmt.Errorf("read interfaces: %w", err)
	}
	names, loopback = make(map[uint32]string), make(map[uint32]bool)
	for i := range messages {
		m := &messages[i]
		if m.Header.Type != unix.RTM_NEWLINK || len(m.Data) < unix.SizeofIfInfomsg {
			continue
		}
		index := binary.NativeEndian.Uint32(m.Data[4:])
		loopback[index] = binary.NativeEndian.Uint32(m.Data[8:])&unix.IFF_LOOPBACK != 0
		attributes, err := syscall.ParseNetlinkRouteAttr(m)
		if err != nil {
			return nil, nil, fmt.Errorf("read interface %d: %w", index, err)
		}
		for _, a := range attributes {
			if a.Attr.Type == unix.IFLA_IFNAME {
				names[index] = unix.ByteSliceToString(a.Value)
			}
		}
	}
	return names, loopback, nil
}

// parseAddresses reads the answer to RTM_GETADDR. Addresses that duplicate
// address detection has not cleared are left out: the kernel does not let
// anybody bind them yet (ipv6_chk_addr).
func parseAddresses(b []byte, names map[uint32]string, loopback map[uint32]bool) ([]host.InterfaceAddress, error) {
	messages, err := syscall.ParseNetlinkMessage(b)
	if err != nil {
		return nil, fmt.Errorf("read addresses: %w", err)
	}
	var addresses []host.InterfaceAddress
	for i := range messages {
		m := &messages[i]
		if m.Header.Type != unix.RTM_NEWADDR || len(m.Data) < unix.SizeofIfAddrmsg {
			continue
		}
		prefixLength, flags := m.Data[1], m.Data[2]
		index := binary.NativeEndian.Uint32(m.Data[4:])
		if flags&unix.IFA_F_TENTATIVE != 0 && flags&unix.IFA_F_OPTIMISTIC == 0 {
			continue
		}
		attributes, err := syscall.ParseNetlinkRouteAttr(m)
		if err != nil {
			return nil, fmt.Errorf("read address of interface %d: %w", index, err)
		}
		// On a point-to-point interface IFA_ADDRESS is the peer's address and
		// IFA_LOCAL ours; IPv6 has IFA_LOCAL only there.
		var address netip.Addr
		for _, a := range attributes {
			if a.Attr.Type == unix.IFA_LOCAL || a.Attr.Type == unix.IFA_ADDRESS && !address.IsValid() {
				if parsed, ok := netip.AddrFromSlice(a.Value); ok {
					address = parsed
				}
			}
		}
		if !address.IsValid() || int(prefixLength) > address.BitLen() {
			continue
		}
		addresses = append(addresses, host.InterfaceAddress{
			Interface: names[index],
			Index:     index,
			Prefix:    netip.PrefixFrom(address, int(prefixLength)),
			Loopback:  loopback[index],
		})
	}
	return addresses, nil
}
