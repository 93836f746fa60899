package collect

import (
	"context"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/collect/internal/rtnl"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// readInterfaces asks rtnetlink(7) for every interface, every address and
// what IPv4 counts as local; package net would ask once for each interface.
// What could not be read stays empty, and the first error says why.
func readInterfaces(ctx context.Context, n *host.Network) error {
	conn, err := rtnl.Open()
	if err != nil {
		return err
	}
	defer conn.Close()
	links, err := conn.Links(ctx)
	if err != nil {
		return err
	}
	byIndex := make(map[uint32]rtnl.Link, len(links))
	for _, l := range links {
		byIndex[l.Index] = l
		if l.UDPPort != 0 && l.Up && !l.ForeignNamespace {
			n.KernelSockets = append(n.KernelSockets, host.KernelSocket{Kind: l.Kind, Name: l.Name, Protocol: port.UDP, Port: l.UDPPort})
		}
	}
	n.KernelSockets = append(n.KernelSockets, wireGuardPorts(ctx, links)...)
	for _, l := range links {
		n.Interfaces = append(n.Interfaces, host.Interface{Name: l.Name, Index: l.Index, VRF: vrfOf(l, byIndex), Loopback: l.Loopback})
	}
	addresses, err := conn.Addresses(ctx)
	if err != nil {
		return err
	}
	for _, a := range addresses {
		l := byIndex[a.Index]
		n.Addresses = append(n.Addresses, host.InterfaceAddress{Interface: l.Name, Index: a.Index, Prefix: a.Prefix, Loopback: l.Loopback})
	}
	n.LocalRoutes, err = conn.LocalRoutes(ctx)
	return err
}

// wireGuardPorts asks each WireGuard device for the port it receives on, which
// takes CAP_NET_ADMIN. Without it the port stays without an explanation.
func wireGuardPorts(ctx context.Context, links []rtnl.Link) []host.KernelSocket {
	var out []host.KernelSocket
	for _, l := range links {
		if l.Kind != "wireguard" || !l.Up || l.ForeignNamespace {
			continue
		}
		number, err := rtnl.WireGuardPort(ctx, l.Index)
		if err != nil || number == 0 {
			continue
		}
		out = append(out, host.KernelSocket{Kind: l.Kind, Name: l.Name, Protocol: port.UDP, Port: number})
	}
	return out
}

// vrfOf returns the index of the VRF device that a link is or belongs to
// (l3mdev_master_ifindex); 0 for none. A bridge below a VRF counts, its ports
// do not.
func vrfOf(l rtnl.Link, byIndex map[uint32]rtnl.Link) uint32 {
	if l.Kind == "vrf" {
		return l.Index
	}
	if master, ok := byIndex[l.Master]; ok && master.Kind == "vrf" {
		return master.Index
	}
	return 0
}

// nfsdPorts reads /proc/fs/nfsd/portlist: the ports of the kernel's NFS
// server, a line such as "tcp 2049" for each.
func nfsdPorts(text string) []host.KernelSocket {
	var out []host.KernelSocket
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 2 {
			continue
		}
		protocol := port.Protocol(fields[0])
		number, err := strconv.ParseUint(fields[1], 10, 16)
		if err != nil || protocol != port.TCP && protocol != port.UDP {
			continue
		}
		out = append(out, host.KernelSocket{Kind: "nfsd", Name: "NFS server", Protocol: protocol, Port: uint16(number)})
	}
	return out
}
