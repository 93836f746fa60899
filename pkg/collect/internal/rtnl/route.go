package rtnl

import (
	"net/netip"

	"github.com/portwho/portwho/pkg/collect/internal/netlink"
)

// Values of include/uapi/linux/rtnetlink.h.
const (
	newRoute         = 24  // RTM_NEWROUTE
	routeHeader      = 12  // struct rtmsg
	tableLocal       = 255 // RT_TABLE_LOCAL
	typeLocal        = 2   // RTN_LOCAL
	typeBroadcast    = 3   // RTN_BROADCAST
	routeDestination = 1   // RTA_DST
	routeTable       = 15  // RTA_TABLE
	familyIPv4       = 2   // AF_INET
)

// ParseLocalRoutes reads the answer to a dump of RTM_GETROUTE: the IPv4
// prefixes that the local table calls local or broadcast, which is what bind
// goes by (inet_addr_type_table in net/ipv4/fib_frontend.c). Routes of other
// tables are passed over.
func ParseLocalRoutes(b []byte) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for m, err := range netlink.Messages(b) {
		if err != nil {
			return prefixes, err
		}
		if m.Kind != newRoute || len(m.Body) < routeHeader || m.Body[0] != familyIPv4 {
			continue
		}
		length, table, kind := m.Body[1], uint32(m.Body[4]), m.Body[7]
		var destination netip.Addr
		for a := range netlink.Attributes(m.Body[routeHeader:]) {
			switch a.Kind {
			case routeDestination:
				destination, _ = netip.AddrFromSlice(a.Value)
			case routeTable:
				table = netlink.Uint32(a.Value)
			}
		}
		if table != tableLocal || kind != typeLocal && kind != typeBroadcast || length > 32 {
			continue
		}
		if length == 0 && !destination.IsValid() {
			destination = netip.IPv4Unspecified() // ip route add local default
		}
		if destination.Is4() {
			prefixes = append(prefixes, netip.PrefixFrom(destination, int(length)))
		}
	}
	return prefixes, nil
}
