package nat

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// Keys of the meta expression (NFT_META_).
const (
	metaProtocol = 1
	metaIIF      = 4
	metaOIF      = 5
	metaIIFName  = 6
	metaOIFName  = 7
	metaNFProto  = 15
	metaL4Proto  = 16
)

// metaName is what nft calls a key of meta, for those that rules of
// translation commonly ask about.
func metaName(key uint64) string {
	names := map[uint64]string{3: "meta mark", 10: "meta skuid", 11: "meta skgid", 19: "meta pkttype", 21: "meta iifgroup", 22: "meta oifgroup", 23: "meta cgroup"}
	if name := names[key]; name != "" {
		return name
	}
	return fmt.Sprintf("meta key %d", key)
}

// narrow keeps the packets whose value is in the intervals, or in none of
// them. What is not understood becomes a condition.
func (e evaluation) narrow(v value, in []interval, not bool) (match, bool) {
	m := e.match
	if slices.ContainsFunc(in, func(i interval) bool { return i.all || len(i.first) != len(i.last) || len(i.first) == 0 }) {
		return m.when("in a set"), true
	}
	f := v.field
	switch f.source {
	case payload:
		return m.narrowPayload(v, in, not)
	case addressType:
		return m.narrowType(in, not)
	case meta:
		switch f.key {
		case metaProtocol:
			return m.narrowFamily(in, not, []byte{0x08, 0x00}, []byte{0x86, 0xdd})
		case metaNFProto:
			return m.narrowFamily(in, not, []byte{protoIPv4}, []byte{protoIPv6})
		case metaL4Proto:
			return m.ofProtocols(func(n byte) bool { return within([]byte{n}, in) != not })
		case metaIIF, metaIIFName, metaOIF, metaOIFName:
			return m.narrowInterface(f.key, in, not)
		}
		return m.when("%s %s", metaName(f.key), numberWords(in, not)), true
	}
	if len(m.conditions) == 0 {
		m = m.when("other conditions")
	}
	return m, true
}

// within reports whether a value is in one of the intervals.
func within(v []byte, in []interval) bool {
	return slices.ContainsFunc(in, func(i interval) bool {
		n := min(len(v), len(i.first))
		return bytes.Compare(i.first[:n], v[:n]) <= 0 && bytes.Compare(v[:n], i.last[:n]) <= 0
	})
}

func (m match) narrowFamily(in []interval, not bool, four, six []byte) (match, bool) {
	is4, is6 := within(four, in) != not, within(six, in) != not
	switch {
	case is4 && is6:
		return m, true
	case is4:
		return m.ofFamily(4)
	case is6:
		return m.ofFamily(6)
	}
	return m, false
}

// narrowType narrows by the kind of the destination (RTN_ of rtnetlink(7)).
// Only addresses of this machine are of interest.
func (m match) narrowType(in []interval, not bool) (match, bool) {
	local := binary.NativeEndian.AppendUint32(nil, 2) // RTN_LOCAL
	if within(local, in) == not {
		return m, false
	}
	if !not {
		m.local = true
	}
	return m, true
}

// narrowInterface narrows by an interface. What this machine sends has come in
// by none, and leaves for its own addresses through lo. What arrives leaves by
// none that is known yet, and what arrives through lo was translated when it
// was sent.
func (m match) narrowInterface(key uint64, in []interval, not bool) (match, bool) {
	incoming := key == metaIIF || key == metaIIFName
	lo := make([]byte, 16)
	copy(lo, "lo")
	if key == metaIIF || key == metaOIF {
		lo = binary.NativeEndian.AppendUint32(nil, 1) // of lo in every namespace
	}
	none := make([]byte, len(lo))
	switch {
	case incoming == (m.hook == host.HookOutput):
		return m, within(none, in) != not
	case m.hook == host.HookOutput:
		if within(lo, in) == not {
			return m, false
		}
		if !not {
			m.local = true
		}
		return m, true
	case !not && len(in) == 1 && within(lo, in) && bytes.Equal(in[0].first, in[0].last):
		return m, false
	}
	name := "iifname"
	words := ""
	if key == metaIIF {
		name, words = "iif", numberWords(in, not)
	} else {
		words = interfaceWords(in, not)
	}
	return m.when("%s %s", name, words), true
}

func interfaceWords(in []interval, not bool) string {
	var names []string
	for _, i := range in {
		name, _, whole := bytes.Cut(i.first, []byte{0})
		text := fmt.Sprintf("%q", name)
		if !whole && len(i.first) < 16 {
			text = fmt.Sprintf("%q", string(name)+"*")
		}
		names = append(names, text)
	}
	return negated(oneOf(names), not)
}

// numberWords writes numbers that the kernel keeps in the machine's order.
func numberWords(in []interval, not bool) string {
	return listWords(in, not, func(b []byte) string {
		if len(b) != 4 {
			return fmt.Sprintf("0x%x", b)
		}
		return fmt.Sprint(binary.NativeEndian.Uint32(b))
	})
}

// intervalWords writes addresses, or what else there is byte by byte.
func intervalWords(in []interval, not bool) string {
	return listWords(in, not, func(b []byte) string {
		if addr, ok := netip.AddrFromSlice(b); ok {
			return addr.String()
		}
		return fmt.Sprintf("0x%x", b)
	})
}

func listWords(in []interval, not bool, word func([]byte) string) string {
	var list []string
	for _, i := range in {
		text := word(i.first)
		if !bytes.Equal(i.first, i.last) {
			text += "-" + word(i.last)
		}
		list = append(list, text)
	}
	return negated(oneOf(list), not)
}

func negated(text string, not bool) string {
	if not {
		return "!= " + text
	}
	return text
}

// Places in the headers of IP, and of every transport that has ports.
const (
	networkHeader   = 1
	transportHeader = 2

	protocolOffset4, destinationOffset4 = 9, 16
	protocolOffset6, destinationOffset6 = 6, 24
	portOffset                          = 2
)

// narrowPayload narrows by a part of the packet's headers.
func (m match) narrowPayload(v value, in []interval, not bool) (match, bool) {
	f := v.field
	single := len(in) == 1 && bytes.Equal(in[0].first, in[0].last) && !not && v.masked < 0
	switch {
	case f.base == transportHeader && f.offset == portOffset && f.length == 2 && v.masked < 0 && len(in) > 0 && len(in[0].first) == 2:
		return m.narrowPorts(in, not)
	case f.base == transportHeader && f.offset == 0 && f.length == 4 && single && len(in[0].first) == 4:
		// Source and destination port are compared at once.
		m, ok := m.narrowPorts([]interval{{first: in[0].first[2:], last: in[0].last[2:]}}, false)
		return m.when("th sport %d", binary.BigEndian.Uint16(in[0].first)), ok
	case f.base != networkHeader || m.family == 0:
		return m.when("other conditions"), true
	}
	size, at, protocolAt := 4, destinationOffset4, protocolOffset4
	if m.family == 6 {
		size, at, protocolAt = 16, destinationOffset6, protocolOffset6
	}
	switch {
	case f.offset == protocolAt && f.length == 1 && v.masked < 0:
		return m.ofProtocols(func(n byte) bool { return within([]byte{n}, in) != not })
	case f.offset == at && f.length <= size:
		return m.narrowDestinations(v, in, size, not)
	case f.offset == at-size && f.length == 2*size && single && len(in[0].first) == 2*size:
		// Source and destination address are compared at once.
		source, _ := netip.AddrFromSlice(in[0].first[:size])
		v.field.length = size
		m, ok := m.narrowDestinations(v, []interval{{first: in[0].first[size:], last: in[0].last[size:]}}, size, false)
		return m.when("saddr %s", source), ok
	case f.offset == at-size && f.length <= size:
		return m.when("saddr %s", intervalWords(in, not)), true
	}
	return m.when("other conditions"), true
}

func (m match) narrowPorts(in []interval, not bool) (match, bool) {
	ranges := make([]port.Range, 0, len(in))
	for _, i := range in {
		if len(i.first) == 2 && len(i.last) == 2 {
			ranges = append(ranges, port.Range{First: binary.BigEndian.Uint16(i.first), Last: binary.BigEndian.Uint16(i.last)})
		}
	}
	if not {
		ranges = otherPorts(ranges)
	}
	return m.toPorts(ranges)
}

// narrowDestinations narrows by the first bytes of the destination, or by all
// of it under a mask.
func (m match) narrowDestinations(v value, in []interval, size int, not bool) (match, bool) {
	prefixes := []netip.Prefix{}
	for _, i := range in {
		if len(prefixes) > mostPrefixes || !m.spend(1) {
			return m.when("daddr in a large set"), true
		}
		if len(i.first) > size {
			return m.when("other conditions"), true
		}
		low, high := make([]byte, size), bytes.Repeat([]byte{0xff}, size)
		copy(low, i.first)
		copy(high, i.last)
		first, _ := netip.AddrFromSlice(low)
		last, _ := netip.AddrFromSlice(high)
		if v.masked >= 0 {
			if !bytes.Equal(i.first, i.last) {
				return m.when("other conditions"), true
			}
			prefixes = append(prefixes, netip.PrefixFrom(first, v.masked).Masked())
			continue
		}
		prefixes = append(prefixes, between(first, last)...)
	}
	if not {
		prefixes = otherAddresses(m.family, prefixes)
	}
	return m.toAddresses(prefixes)
}
