package nat

import (
	"bytes"
	"slices"

	"github.com/portwho/portwho/pkg/host"
)

// Families of nf_tables (NFPROTO_).
const (
	protoInet = 1
	protoIPv4 = 2
	protoIPv6 = 10
)

func familyOf(nfproto byte) (family int, known bool) {
	switch nfproto {
	case protoIPv4:
		return 4, true
	case protoIPv6:
		return 6, true
	case protoInet:
		return 0, true
	}
	return 0, false
}

// tableKey names a table among all families.
type tableKey struct {
	family byte
	name   string
}

func (k tableKey) text() string {
	names := map[byte]string{protoIPv4: "ip ", protoIPv6: "ip6 ", protoInet: "inet "}
	return names[k.family] + k.name
}

// chainKey names a chain among all tables.
func (k tableKey) chainKey(chain string) string { return string(k.family) + k.name + "\x00" + chain }

// parseBase reads a chain; false for chains that do not translate
// destinations.
func parseBase(m message) (base, tableKey, bool) {
	f := m.attributes
	family, known := familyOf(m.family)
	table := tableKey{m.family, f.text(1)} // NFTA_CHAIN_TABLE
	if !known || f.text(7) != "nat" || !f.has(4) {
		return base{}, table, false
	}
	hook := f.nested(4) // NFTA_CHAIN_HOOK
	b := base{family: family, priority: int32(hook.number(2)), chain: table.chainKey(f.text(3))}
	switch hook.number(1) { // NFTA_HOOK_HOOKNUM
	case 0:
		b.hook = host.HookPrerouting
	case 3:
		b.hook = host.HookOutput
	default:
		return base{}, table, false
	}
	return b, table, true
}

// set is a set or map with what is in it.
type set struct {
	flags    uint64
	keySize  int
	elements []element
	// missing says that its elements are not known.
	missing bool
}

// Flags of sets (NFT_SET_).
const (
	setInterval = 0x4
	setMap      = 0x8
)

// element is one element or, of an interval, one end of it.
type element struct {
	key, keyEnd []byte
	end         bool // the first key behind an interval
	all         bool // catches what no other does
	data        []byte
	verdict     fields
}

func parseSet(m message) (name string, s *set) {
	f := m.attributes
	return f.text(2), &set{flags: f.number(3), keySize: int(f.number(5)), missing: true}
}

func parseElements(m message) []element {
	var out []element
	for _, a := range m.attributes.nested(3) { // NFTA_SET_ELEM_LIST_ELEMENTS
		f := parseAttributes(a.Value)
		flags := f.number(3)
		data := f.nested(2)
		out = append(out, element{
			key: f.nested(1).bytes(1), keyEnd: f.nested(10).bytes(1),
			end: flags&1 != 0, all: flags&2 != 0,
			data: data.bytes(1), verdict: data.nested(2),
		})
	}
	return out
}

// interval is a range of keys, both ends included, with what a map has for
// them.
type interval struct {
	first, last []byte
	element     element
	all         bool
}

// intervals joins the ends of intervals, which the kernel stores apart.
func (s *set) intervals() []interval {
	var out []interval
	pairs := s.flags&setInterval != 0
	sorted := slices.Clone(s.elements)
	slices.SortStableFunc(sorted, func(a, b element) int {
		if c := bytes.Compare(a.key, b.key); c != 0 || a.end == b.end {
			return c
		}
		if a.end {
			return -1
		}
		return 1
	})
	for i, e := range sorted {
		switch {
		case e.all:
			out = append(out, interval{element: e, all: true})
		case e.end:
		case len(e.keyEnd) == len(e.key) && len(e.key) > 0:
			out = append(out, interval{first: e.key, last: e.keyEnd, element: e})
		case !pairs:
			out = append(out, interval{first: e.key, last: e.key, element: e})
		default:
			last := bytes.Repeat([]byte{0xff}, len(e.key))
			if i+1 < len(sorted) && len(sorted[i+1].key) == len(e.key) {
				last = before(sorted[i+1].key)
			}
			out = append(out, interval{first: e.key, last: last, element: e})
		}
	}
	return out
}

// before is the key less one.
func before(key []byte) []byte {
	out := slices.Clone(key)
	for i := len(out) - 1; i >= 0; i-- {
		out[i]--
		if out[i] != 0xff {
			break
		}
	}
	return out
}
