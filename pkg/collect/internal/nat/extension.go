package nat

import (
	"encoding/binary"
	"net/netip"

	"github.com/portwho/portwho/pkg/port"
)

// extension narrows by a match of iptables that iptables-nft hands over as it
// is (nft_compat). The structures are those of include/uapi/linux/netfilter,
// in the machine's byte order.
func (e evaluation) extension(f fields) (match, bool) {
	m := e.match
	name, info, revision := f.text(1), f.bytes(3), f.number(2)
	order := binary.NativeEndian
	switch {
	case name == "comment":
		return m, true
	case (name == "tcp" || name == "udp") && len(info) >= 9: // struct xt_tcp, struct xt_udp
		inverse, ignored := info[8], byte(0)
		number := byte(17)
		if name == "tcp" {
			if len(info) < 12 {
				break
			}
			number, inverse = 6, info[11]
			ignored = info[8] | info[9] // an option, or flags that must be set
		}
		m, possible := m.ofProtocols(func(n byte) bool { return n == number })
		if !possible {
			return m, false
		}
		if order.Uint16(info) != 0 || order.Uint16(info[2:]) != 0xffff || inverse&1 != 0 {
			m = m.when("%s sport", name)
		}
		if ignored != 0 {
			m = m.when("tcp flags")
		}
		ranges := []port.Range{{First: order.Uint16(info[4:]), Last: order.Uint16(info[6:])}}
		if ranges[0].First == 0 && ranges[0].Last == 0xffff && inverse&2 == 0 {
			return m, true
		}
		if inverse&2 != 0 {
			ranges = otherPorts(ranges)
		}
		return m.toPorts(ranges)
	case name == "multiport" && revision == 1 && len(info) >= 48: // struct xt_multiport_v1
		return m.multiport(info)
	case name == "addrtype" && revision == 1 && len(info) >= 8: // struct xt_addrtype_info_v1
		source, destination, flags := order.Uint16(info), order.Uint16(info[2:]), order.Uint32(info[4:])
		if source != 0 {
			m = m.when("addrtype of the source")
		}
		if destination == 0 {
			return m, true
		}
		const local = 1 << 2
		if inverted := flags&2 != 0; destination&local != 0 == inverted {
			return m, false // only addresses that are not this machine's
		} else if !inverted {
			m.local = true
		}
		return m, true
	}
	if name == "" {
		name = "a match without a name"
	}
	return m.when("match %s", name), true
}

// multiport reads a list of ports and ranges. A range is two entries, of which
// the first is flagged.
func (m match) multiport(info []byte) (match, bool) {
	const most = 15
	which, count, inverted := info[0], int(info[1]), info[47] != 0
	if which == 0 || count > most {
		return m.when("multiport"), true
	}
	var ranges []port.Range
	for i := 0; i < count; i++ {
		first := binary.NativeEndian.Uint16(info[2+2*i:])
		last := first
		if info[32+i] != 0 && i+1 < count {
			i++
			last = binary.NativeEndian.Uint16(info[2+2*i:])
		}
		ranges = append(ranges, port.Range{First: first, Last: last})
	}
	if which != 1 { // source or destination
		return m.when("multiport of either end"), true
	}
	if inverted {
		ranges = otherPorts(ranges)
	}
	return m.toPorts(ranges)
}

// targetExtension reads a target of iptables (nft_compat).
func (e evaluation) targetExtension(f fields) []branch {
	name, info := f.text(1), f.bytes(3)
	switch name {
	case "LOG", "NFLOG", "TRACE", "MARK", "CONNMARK", "ULOG":
		return nil
	case "RETURN":
		return []branch{{e.match, verdict{kind: back}}}
	case "SNAT", "MASQUERADE":
		return []branch{{e.match, verdict{kind: accept}}}
	}
	t := target{name: "target " + name, unknown: true}
	switch name {
	case "REDIRECT":
		t.name = "redirect"
	case "DNAT":
		t.name = "dnat"
	}
	if t.name == "redirect" || t.name == "dnat" {
		t.read(info, e.table.family)
	}
	return []branch{{e.match, verdict{kind: redirect, target: t}}}
}

// read takes the range out of a target: struct nf_nat_range and its successor
// nf_nat_range2, or for IPv4 the older struct nf_nat_ipv4_multi_range_compat.
func (t *target) read(info []byte, family byte) {
	const mapAddress, mapPort = 1, 2
	order := binary.NativeEndian
	var flags uint32
	var low, high, ports []byte
	switch {
	case len(info) >= 40:
		flags, low, high, ports = order.Uint32(info), info[4:20], info[20:36], info[36:40]
		if family == protoIPv4 {
			low, high = low[:4], high[:4]
		}
	case len(info) >= 20 && order.Uint32(info) == 1:
		flags, low, high, ports = order.Uint32(info[4:]), info[8:12], info[12:16], info[16:20]
	default:
		return
	}
	t.unknown = false
	if flags&mapAddress != 0 {
		t.addr, _ = netip.AddrFromSlice(low)
		t.unknown = string(low) != string(high) // one of several
	}
	if flags&mapPort != 0 {
		t.first, t.last = binary.BigEndian.Uint16(ports), binary.BigEndian.Uint16(ports[2:])
	}
}
