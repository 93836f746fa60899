package rtnl

import (
	"encoding/binary"

	"github.com/portwho/portwho/pkg/collect/internal/netlink"
)

// Link is a network interface.
type Link struct {
	Index    uint32
	Name     string
	Loopback bool
	Up       bool
	// Kind is the type of a virtual device: vxlan, vrf, wireguard; empty for
	// others.
	Kind string
	// Master is the index of the bridge, bond or VRF it belongs to; 0 for
	// none.
	Master uint32
	// ForeignNamespace says that the device was made in another network
	// namespace, where its sockets are.
	ForeignNamespace bool
	// UDPPort is the port on which the kernel receives for the device: the
	// destination port of a vxlan, geneve or bareudp one; 0 for none.
	UDPPort uint16
}

// Values of include/uapi/linux/if_link.h and if.h.
const (
	newLink     = 16 // RTM_NEWLINK
	linkHeader  = 16 // struct ifinfomsg
	flagUp      = 1 << 0
	flagLoop    = 1 << 3
	linkName    = 3  // IFLA_IFNAME
	linkMaster  = 10 // IFLA_MASTER
	linkInfo    = 18 // IFLA_LINKINFO
	linkForeign = 37 // IFLA_LINK_NETNSID
	infoKind    = 1  // IFLA_INFO_KIND
	infoData    = 2  // IFLA_INFO_DATA
)

// portAttribute is where a kind of device keeps its UDP port, in network byte
// order.
func portAttribute(kind string) uint16 {
	switch kind {
	case "vxlan":
		return 15 // IFLA_VXLAN_PORT
	case "geneve":
		return 5 // IFLA_GENEVE_PORT
	case "bareudp":
		return 1 // IFLA_BAREUDP_PORT
	}
	return 0
}

// ParseLinks reads the answer to a dump of RTM_GETLINK.
func ParseLinks(b []byte) ([]Link, error) {
	var links []Link
	for m, err := range netlink.Messages(b) {
		if err != nil {
			return links, err
		}
		if m.Kind != newLink || len(m.Body) < linkHeader {
			continue
		}
		flags := binary.NativeEndian.Uint32(m.Body[8:])
		link := Link{
			Index:    binary.NativeEndian.Uint32(m.Body[4:]),
			Loopback: flags&flagLoop != 0,
			Up:       flags&flagUp != 0,
		}
		for a := range netlink.Attributes(m.Body[linkHeader:]) {
			switch a.Kind {
			case linkName:
				link.Name = netlink.Text(a.Value)
			case linkMaster:
				link.Master = netlink.Uint32(a.Value)
			case linkForeign:
				link.ForeignNamespace = true
			case linkInfo:
				link.Kind, link.UDPPort = parseInfo(a.Value)
			}
		}
		links = append(links, link)
	}
	return links, nil
}

// parseInfo reads IFLA_LINKINFO. The kind comes before the data.
func parseInfo(b []byte) (kind string, udpPort uint16) {
	for a := range netlink.Attributes(b) {
		switch a.Kind {
		case infoKind:
			kind = netlink.Text(a.Value)
		case infoData:
			wanted := portAttribute(kind)
			for d := range netlink.Attributes(a.Value) {
				if wanted != 0 && d.Kind == wanted && len(d.Value) >= 2 {
					udpPort = binary.BigEndian.Uint16(d.Value)
				}
			}
		}
	}
	return kind, udpPort
}
