package nat

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// expression is one step of a rule.
type expression struct {
	name string
	data fields
}

func parseRule(m message) (table tableKey, chain string, handle uint64, steps []expression) {
	f := m.attributes
	for _, a := range f.nested(4) { // NFTA_RULE_EXPRESSIONS
		e := parseAttributes(a.Value)
		steps = append(steps, expression{e.text(1), e.nested(2)})
	}
	return tableKey{m.family, f.text(1)}, f.text(2), f.number(3), steps
}

// registers is the number of 32-bit words that expressions share; the first
// four hold the verdict.
const registers = 20

// wordOf is the first word of a register (nft_parse_register): the four old
// ones have 16 bytes, the sixteen new ones four.
func wordOf(register uint64) (int, bool) {
	switch {
	case register <= 4:
		return int(register) * 4, true
	case register >= 8 && register < 8+16:
		return int(register) - 4, true
	}
	return 0, false
}

// evaluation is a rule on its way through its expressions.
type evaluation struct {
	match
	table     tableKey
	sets      map[string]*set
	registers [registers]value
}

// value is what a register holds: bytes that are known, or a part of the
// packet.
type value struct {
	size     int
	constant []byte
	field    field
	// masked are the bits that are kept of the field; -1 keeps all.
	masked int
}

// field is a part of a packet, or of what the kernel knows about it.
type field struct {
	source         source
	base           uint64 // of a payload: 1 network, 2 transport
	offset, length int
	key            uint64 // of meta
}

type source int

const (
	nothing source = iota
	payload
	meta
	addressType
	other
)

// evaluate runs the expressions from one on and returns all ways on.
func (e evaluation) evaluate(steps []expression) []branch {
	for i, step := range steps {
		if !e.spend(1) {
			return nil
		}
		switch step.name {
		case "counter", "log", "objref", "last":
		case "immediate":
			if v, word, isVerdict, ok := immediate(step.data); isVerdict {
				return []branch{{e.match, v}}
			} else if ok {
				e.registers[word] = value{size: len(step.data.nested(2).bytes(1)), constant: step.data.nested(2).bytes(1), masked: -1}
			}
		case "meta", "payload", "fib", "bitwise":
			e.load(step)
		case "cmp", "range":
			var possible bool
			if e, possible = e.compare(step); !possible {
				return nil
			}
		case "lookup":
			return e.lookup(step, steps[i+1:])
		case "match":
			m, possible := e.extension(step.data)
			if !possible {
				return nil
			}
			e.match = m
		case "redir":
			t := target{name: "redirect"}
			t.first, t.last, t.unknown = e.portsOf(step.data, 1, 2)
			return []branch{{e.match, verdict{kind: redirect, target: t}}}
		case "nat":
			return e.translation(step.data)
		case "target":
			return e.targetExtension(step.data)
		case "masq":
			return []branch{{e.match, verdict{kind: accept}}}
		default:
			e.match = e.when("%s", step.name)
			e.forget(step.data)
		}
	}
	return nil
}

// forget makes a register unknown that an expression that is not understood
// may have written. Which one is not told, so all are.
func (e *evaluation) forget(fields) {
	for i := range e.registers {
		e.registers[i] = value{size: 16, field: field{source: other}, masked: -1}
	}
}

// immediate reads a constant or a verdict.
func immediate(f fields) (v verdict, word int, isVerdict, ok bool) {
	data := f.nested(2)
	if data.has(2) {
		return verdictOf(data.nested(2)), 0, true, true
	}
	word, ok = wordOf(f.number(1))
	return verdict{}, word, false, ok
}

// verdictOf reads NFTA_DATA_VERDICT. The chain's name still lacks its table.
func verdictOf(f fields) verdict {
	switch int32(f.number(1)) {
	case 0:
		return verdict{kind: drop}
	case -3:
		return verdict{kind: jump, chain: f.text(2)}
	case -4:
		return verdict{kind: leave, chain: f.text(2)}
	case -5:
		return verdict{kind: back}
	case -1, -2:
		return verdict{kind: next}
	}
	return verdict{kind: accept} // NF_ACCEPT, NF_QUEUE and what else ends the walk
}

// load puts a part of the packet into a register.
func (e *evaluation) load(step expression) {
	f := step.data
	v := value{masked: -1, size: 4}
	destination := f.number(1)
	switch step.name {
	case "meta":
		if f.has(3) { // it sets the packet's, as for marks
			return
		}
		v.field = field{source: meta, key: f.number(2)}
		switch v.field.key {
		case metaProtocol:
			v.size = 2
		case metaNFProto, metaL4Proto:
			v.size = 1
		case metaIIFName, metaOIFName:
			v.size = 16
		}
	case "payload":
		if !f.has(1) {
			return // it writes to the packet
		}
		v.field = field{source: payload, base: f.number(2), offset: int(f.number(3)), length: int(f.number(4))}
		v.size = v.field.length
	case "fib":
		v.field = field{source: other}
		if f.number(2) == 3 && f.number(3)&^8 == 2 { // NFTA_FIB_F_DADDR, with or without the interface
			v.field = field{source: addressType}
		}
	case "bitwise":
		destination = f.number(2)
		v = e.masked(f)
	}
	if word, ok := wordOf(destination); ok && word < registers {
		e.registers[word] = v
	}
}

// masked is a register of which a mask keeps the first bits.
func (e *evaluation) masked(f fields) value {
	unknown := value{size: int(f.number(3)), field: field{source: other}, masked: -1}
	word, ok := wordOf(f.number(1))
	if !ok || word >= registers {
		return unknown
	}
	v := e.registers[word]
	mask, flip := f.nested(4).bytes(1), f.nested(5).bytes(1)
	if v.field.source != payload || v.masked >= 0 || len(mask) != v.size || slices.ContainsFunc(flip, func(b byte) bool { return b != 0 }) {
		return unknown
	}
	ones := 0
	for ones < len(mask)*8 && mask[ones/8]&(0x80>>(ones%8)) != 0 {
		ones++
	}
	for i := ones; i < len(mask)*8; i++ {
		if mask[i/8]&(0x80>>(i%8)) != 0 {
			return unknown
		}
	}
	v.masked = ones
	return v
}

// compare narrows the match by cmp or range. It is false when no packet that
// is asked about passes.
func (e evaluation) compare(step expression) (evaluation, bool) {
	f := step.data
	word, ok := wordOf(f.number(1))
	operator := f.number(2)
	first := f.nested(3).bytes(1)
	last := first
	if step.name == "range" {
		last = f.nested(4).bytes(1)
	}
	if !ok || word >= registers || len(first) == 0 || len(first) != len(last) {
		e.match = e.when("%s", step.name)
		return e, true
	}
	not := operator == 1
	low, high := make([]byte, len(first)), slices.Repeat([]byte{0xff}, len(first))
	if step.name == "cmp" {
		switch operator {
		case 2: // below
			if slices.Equal(first, low) {
				return e, false
			}
			first, last = low, before(first)
		case 3:
			first = low
		case 4: // above: not up to
			first, last, not = low, first, true
		case 5:
			last = high
		}
	}
	var possible bool
	e.match, possible = e.narrow(e.registers[word], []interval{{first: first, last: last}}, not)
	return e, possible
}

// portsOf reads the ports of a translation from its registers.
func (e *evaluation) portsOf(f fields, low, high uint16) (first, last uint16, unknown bool) {
	if !f.has(low) {
		return 0, 0, false
	}
	read := func(kind uint16) (uint16, bool) {
		word, ok := wordOf(f.number(kind))
		if !ok || word >= registers || len(e.registers[word].constant) < 2 {
			return 0, false
		}
		return binary.BigEndian.Uint16(e.registers[word].constant), true
	}
	first, ok := read(low)
	if !ok {
		return 0, 0, true
	}
	last = first
	if f.has(high) {
		if last, ok = read(high); !ok {
			return first, first, true
		}
	}
	return first, last, false
}

// translation reads the nat expression.
func (e evaluation) translation(f fields) []branch {
	if f.number(1) != 1 { // NFT_NAT_DNAT
		return []branch{{e.match, verdict{kind: accept}}}
	}
	t := target{name: "dnat"}
	t.first, t.last, t.unknown = e.portsOf(f, 5, 6)
	size := 4
	if f.number(2) == protoIPv6 {
		size = 16
	}
	if f.has(3) {
		word, ok := wordOf(f.number(3))
		if ok && word < registers && len(e.registers[word].constant) >= size {
			t.addr, _ = netip.AddrFromSlice(e.registers[word].constant[:size])
		} else {
			t.unknown = true
		}
		if high, okHigh := wordOf(f.number(4)); f.has(4) && t.addr.IsValid() && okHigh && high < registers && high != word {
			if c := e.registers[high].constant; len(c) < size || string(c[:size]) != string(t.addr.AsSlice()) {
				t.unknown = true // one of several addresses
			}
		}
	}
	if family, known := familyOf(byte(f.number(2))); known && family != 0 {
		m, possible := e.ofFamily(family)
		if !possible {
			return nil
		}
		e.match = m
	}
	return []branch{{e.match, verdict{kind: redirect, target: t}}}
}
