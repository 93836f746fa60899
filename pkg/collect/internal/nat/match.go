package nat

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// match is the set of packets that have come so far. Nil lists mean all. Its
// methods return a narrower one, and false when none of the packets that are
// asked about can match.
type match struct {
	scope Scope
	// budget is how many more steps may be taken; all matches of a walk share
	// it. Nil is no limit.
	budget    *int
	hook      host.Hook
	family    int // 4, 6, or 0 for both
	protocols []port.Protocol
	ports     []port.Range
	addresses []netip.Prefix
	local     bool
	// conditions are what else a packet must be, in words, as far as it is
	// understood.
	conditions []string
}

// spend takes steps off the budget, and reports whether there were so many.
func (m match) spend(steps int) bool {
	if m.budget == nil {
		return true
	}
	*m.budget -= steps
	return *m.budget > 0
}

// when adds a condition that is not weighed.
func (m match) when(format string, args ...any) match {
	words := fmt.Sprintf(format, args...)
	if !slices.Contains(m.conditions, words) {
		m.conditions = append(slices.Clip(m.conditions), words)
	}
	return m
}

// ofFamily narrows to one family.
func (m match) ofFamily(family int) (match, bool) {
	if m.family != 0 && m.family != family {
		return m, false
	}
	m.family = family
	return m, true
}

// protocolOf is the protocol with an IPPROTO_ number.
func protocolOf(number byte) (port.Protocol, bool) {
	switch number {
	case 6:
		return port.TCP, true
	case 17:
		return port.UDP, true
	case 136:
		return port.UDPLite, true
	}
	return "", false
}

func protocolNumber(p port.Protocol) byte {
	switch p {
	case port.TCP:
		return 6
	case port.UDP:
		return 17
	}
	return 136
}

// ofProtocols keeps the protocols that the function wants.
func (m match) ofProtocols(wanted func(number byte) bool) (match, bool) {
	have := m.protocols
	if have == nil {
		have = port.Protocols()
	}
	kept := []port.Protocol{}
	for _, p := range have {
		if wanted(protocolNumber(p)) {
			kept = append(kept, p)
		}
	}
	if len(m.scope.Protocols) > 0 && !slices.ContainsFunc(kept, func(p port.Protocol) bool { return slices.Contains(m.scope.Protocols, p) }) {
		return m, false
	}
	m.protocols = kept
	return m, len(kept) > 0
}

// toPorts narrows to destination ports.
func (m match) toPorts(ranges []port.Range) (match, bool) {
	kept := sortedPorts(ranges)
	if m.ports != nil {
		var both []port.Range
		for i, j := 0, 0; i < len(m.ports) && j < len(kept); {
			a, b := m.ports[i], kept[j]
			if first, last := max(a.First, b.First), min(a.Last, b.Last); first <= last {
				both = append(both, port.Range{First: first, Last: last})
			}
			if a.Last < b.Last {
				i++
			} else {
				j++
			}
		}
		kept = both
	}
	m.ports = kept
	return m, len(kept) > 0 && m.inScope()
}

func (m match) inScope() bool {
	return len(m.scope.Ports) == 0 || m.ports == nil || slices.ContainsFunc(m.ports, func(a port.Range) bool {
		return slices.ContainsFunc(m.scope.Ports, func(b port.Range) bool { return a.First <= b.Last && b.First <= a.Last })
	})
}

// sortedPorts sorts ranges and joins those that touch. What is no range is
// dropped.
func sortedPorts(ranges []port.Range) []port.Range {
	sorted := slices.DeleteFunc(slices.Clone(ranges), func(r port.Range) bool { return r.First > r.Last })
	slices.SortFunc(sorted, func(a, b port.Range) int { return int(a.First) - int(b.First) })
	var out []port.Range
	for _, r := range sorted {
		if n := len(out); n > 0 && int(r.First) <= int(out[n-1].Last)+1 {
			out[n-1].Last = max(out[n-1].Last, r.Last)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// otherPorts are all but the ranges.
func otherPorts(ranges []port.Range) []port.Range {
	out := []port.Range{}
	from := 0
	for _, r := range sortedPorts(ranges) {
		if int(r.First) > from {
			out = append(out, port.Range{First: uint16(from), Last: r.First - 1})
		}
		from = int(r.Last) + 1
	}
	if from <= 0xffff {
		out = append(out, port.Range{First: uint16(from), Last: 0xffff})
	}
	return out
}

// mostPrefixes is how many destinations are weighed. Longer lists are those of
// firewalls, which are about other machines.
const mostPrefixes = 256

// toAddresses narrows to destinations.
func (m match) toAddresses(prefixes []netip.Prefix) (match, bool) {
	if len(prefixes) > mostPrefixes || len(m.addresses) > mostPrefixes || !m.spend(len(prefixes)) {
		return m.when("daddr in a large set"), true
	}
	kept := prefixes
	if m.addresses != nil {
		kept = nil
		for _, a := range m.addresses {
			for _, b := range prefixes {
				switch {
				case !a.Overlaps(b):
				case a.Bits() >= b.Bits():
					kept = append(kept, a)
				default:
					kept = append(kept, b)
				}
			}
		}
	}
	m.addresses = kept
	return m, len(kept) > 0
}

// otherAddresses are all addresses of the family but those of the prefixes.
func otherAddresses(family int, prefixes []netip.Prefix) []netip.Prefix {
	whole := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	if family == 6 {
		whole = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	out := []netip.Prefix{whole}
	for _, p := range prefixes {
		var rest []netip.Prefix
		for _, o := range out {
			rest = append(rest, without(o, p)...)
		}
		out = rest
	}
	return out
}

// without is a prefix less another.
func without(whole, hole netip.Prefix) []netip.Prefix {
	switch {
	case !whole.Overlaps(hole):
		return []netip.Prefix{whole}
	case hole.Bits() <= whole.Bits():
		return nil
	}
	low, high := halves(whole)
	return append(without(low, hole), without(high, hole)...)
}

// halves cuts a prefix in two.
func halves(p netip.Prefix) (low, high netip.Prefix) {
	b := p.Masked().Addr().AsSlice()
	low = netip.PrefixFrom(p.Masked().Addr(), p.Bits()+1)
	b[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
	top, _ := netip.AddrFromSlice(b)
	return low, netip.PrefixFrom(top, p.Bits()+1)
}

// between are the prefixes that make up a range of addresses of one family.
func between(first, last netip.Addr) []netip.Prefix {
	var out []netip.Prefix
	for first.IsValid() && last.IsValid() && first.Compare(last) <= 0 && len(out) <= mostPrefixes {
		bits := first.BitLen()
		p := netip.PrefixFrom(first, bits)
		for bits > 0 {
			wider := netip.PrefixFrom(first, bits-1)
			if wider.Masked().Addr() != first || lastOf(wider).Compare(last) > 0 {
				break
			}
			p, bits = wider, bits-1
		}
		out = append(out, p)
		first = lastOf(p).Next()
	}
	return out
}

// lastOf is the last address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}

// covers reports whether every packet of the other set is in this one.
func (m match) covers(o match) bool {
	return len(m.conditions) == 0 && (!m.local || o.local) &&
		(m.family == 0 || m.family == o.family) &&
		(m.protocols == nil || o.protocols != nil && !slices.ContainsFunc(o.protocols, func(p port.Protocol) bool { return !slices.Contains(m.protocols, p) })) &&
		(m.ports == nil || o.ports != nil && !slices.ContainsFunc(o.ports, func(b port.Range) bool {
			return !slices.ContainsFunc(m.ports, func(a port.Range) bool { return a.First <= b.First && b.Last <= a.Last })
		})) &&
		(m.addresses == nil || o.addresses != nil && !slices.ContainsFunc(o.addresses, func(b netip.Prefix) bool {
			return !slices.ContainsFunc(m.addresses, func(a netip.Prefix) bool { return a.Bits() <= b.Bits() && a.Overlaps(b) })
		}))
}

// meets reports whether some packet may be in both sets.
func (m match) meets(o match) bool {
	if m.family != 0 && o.family != 0 && m.family != o.family {
		return false
	}
	both, ok := m, true
	if o.protocols != nil {
		both.scope = Scope{}
		both, ok = both.ofProtocols(func(n byte) bool { p, _ := protocolOf(n); return slices.Contains(o.protocols, p) })
	}
	if ok && o.ports != nil {
		both.scope = Scope{}
		both, ok = both.toPorts(o.ports)
	}
	if ok && o.addresses != nil {
		_, ok = both.toAddresses(o.addresses)
	}
	return ok
}

// words writes what is matched in the manner of nft.
func (m match) words() string {
	var parts []string
	if m.local {
		parts = append(parts, "fib daddr type local")
	}
	if len(m.addresses) > 0 {
		parts = append(parts, addressWords(m.addresses))
	}
	protocol := "th"
	if len(m.protocols) == 1 {
		protocol = string(m.protocols[0])
	}
	switch {
	case m.ports != nil:
		var list []string
		for _, r := range m.ports {
			list = append(list, r.String())
		}
		parts = append(parts, protocol+" dport "+oneOf(list))
	case len(m.protocols) == 1:
		parts = append(parts, "meta l4proto "+protocol)
	}
	parts = append(parts, m.conditions...)
	return strings.Join(parts, " ")
}

// addressWords writes destinations, or the one prefix that is left out where
// that is shorter.
func addressWords(prefixes []netip.Prefix) string {
	name, family := "ip daddr ", 4
	if prefixes[0].Addr().Is6() {
		name, family = "ip6 daddr ", 6
	}
	if len(prefixes) > 1 {
		if others := otherAddresses(family, prefixes); len(others) == 1 {
			name, prefixes = name+"!= ", others
		}
	}
	var list []string
	for _, p := range prefixes {
		if p.IsSingleIP() {
			list = append(list, p.Addr().String())
		} else {
			list = append(list, p.String())
		}
	}
	return name + oneOf(list)
}

// oneOf writes a set. A long one is cut: it is for a person to recognise.
func oneOf(list []string) string {
	const most = 8
	if len(list) == 1 {
		return list[0]
	}
	if len(list) > most {
		list = append(slices.Clone(list[:most]), fmt.Sprintf("%d more", len(list)-most))
	}
	return "{ " + strings.Join(list, ", ") + " }"
}
