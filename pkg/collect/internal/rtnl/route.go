package rtnl

import "net/netip"

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
	for m, err := range messages(b) {
		if err != nil {
			return prefixes, err
		}
		if m.kind != newRoute || len(m.body) < routeHeader || m.body[0] != familyIPv4 {
			continue
		}
		length, table, kind := m.body[1], uint32(m.body[4]), m.body[7]
		var destination netip.Addr
		for a := range attributes(m.body[routeHeader:]) {
			switch a.kind {
			case routeDestination:
				destination, _ = netip.AddrFromSlice(a.value)
			case routeTable:
				table = number32(a.value)
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
