//go:build !linux

package collect

import (
	"net"
	"net/netip"

	"github.com/portwho/portwho/pkg/host"
)

// readNetwork reads the settings that the system tells, and the addresses
// through package net.
func readNetwork() (host.Network, []host.Gap) {
	n, gaps := settings()
	interfaces, err := net.Interfaces()
	if err != nil {
		return n, append(gaps, host.Gap{Source: "interfaces", Subject: "the machine's addresses", Reason: err.Error()})
	}
	for _, i := range interfaces {
		loopback := i.Flags&net.FlagLoopback != 0
		n.Interfaces = append(n.Interfaces, host.Interface{Name: i.Name, Index: uint32(i.Index), Loopback: loopback})
		addresses, err := i.Addrs()
		if err != nil {
			gaps = append(gaps, host.Gap{Source: "interfaces", Subject: "the addresses of " + i.Name, Reason: err.Error()})
		}
		for _, a := range addresses {
			prefix, err := netip.ParsePrefix(a.String())
			if err != nil {
				continue
			}
			if prefix.Addr().Is6() {
				n.IPv6 = new(true)
			}
			n.Addresses = append(n.Addresses, host.InterfaceAddress{
				Interface: i.Name,
				Index:     uint32(i.Index),
				Prefix:    prefix,
				Loopback:  loopback,
			})
		}
	}
	return n, gaps
}
