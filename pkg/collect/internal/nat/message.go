package nat

import "github.com/portwho/portwho/pkg/collect/internal/netlink"

// Numbers of nf_tables messages (include/uapi/linux/netfilter/nf_tables.h).
const (
	subsystem = 10 << 8 // NFNL_SUBSYS_NFTABLES

	newChain      = subsystem | 3
	getChain      = subsystem | 4
	newRule       = subsystem | 6
	getRule       = subsystem | 7
	newSet        = subsystem | 9
	getSet        = subsystem | 10
	newSetElement = subsystem | 12
	getSetElement = subsystem | 13

	familySize = 4 // struct nfgenmsg
)

// message is one answer of nf_tables.
type message struct {
	kind       uint16
	family     byte
	attributes fields
}

// requestBody writes what follows the header of a dump request. Attributes are
// NUL-terminated names: of the table, and of the set.
func requestBody(family byte, names ...string) []byte {
	b := make([]byte, familySize, 128)
	b[0] = family
	for i, name := range names {
		b = netlink.AppendAttribute(b, uint16(i+1), append([]byte(name), 0))
	}
	return b
}

// parseMessages reads an answer. What is too short to be one of nf_tables, as
// the end of a dump, is passed over.
func parseMessages(b []byte) ([]message, error) {
	var out []message
	for m, err := range netlink.Messages(b) {
		if err != nil {
			return out, err
		}
		if m.Kind>>8 == subsystem>>8 && len(m.Body) >= familySize {
			out = append(out, message{m.Kind, m.Body[0], parseAttributes(m.Body[familySize:])})
		}
	}
	return out, nil
}

// parseAttributes reads a run of attributes, as far as they make sense.
func parseAttributes(b []byte) fields {
	var out fields
	for a := range netlink.Attributes(b) {
		out = append(out, a)
	}
	return out
}

// fields are the attributes of one thing.
type fields []netlink.Attribute

func (f fields) bytes(kind uint16) []byte {
	for _, a := range f {
		if a.Kind == kind {
			return a.Value
		}
	}
	return nil
}

func (f fields) has(kind uint16) bool { return f.bytes(kind) != nil }

func (f fields) nested(kind uint16) fields { return parseAttributes(f.bytes(kind)) }

// text is a NUL-terminated string.
func (f fields) text(kind uint16) string { return netlink.Text(f.bytes(kind)) }

// number is a big-endian number of any width; nf_tables has no other in
// attributes. 0 where there is none.
func (f fields) number(kind uint16) uint64 {
	var n uint64
	for _, c := range f.bytes(kind) {
		n = n<<8 | uint64(c)
	}
	return n
}
