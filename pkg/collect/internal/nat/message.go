package nat

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrMalformed is wrapped when an answer of the kernel could not be
// understood.
var ErrMalformed = errors.New("malformed netlink answer")

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

	messageError = 2 // NLMSG_ERROR
	messageDone  = 3 // NLMSG_DONE

	headerSize = 16 // struct nlmsghdr
	familySize = 4  // struct nfgenmsg

	flagDumpInterrupted = 0x10

	attributeTypeMask = 0x3fff // less NLA_F_NESTED and NLA_F_NET_BYTEORDER
)

// message is one netlink message without its header.
type message struct {
	kind        uint16
	family      byte
	attributes  []attribute
	interrupted bool
	// done and errno are of the messages that end a dump.
	done  bool
	errno int32
}

// attribute is one struct nlattr.
type attribute struct {
	kind  uint16
	value []byte
}

// request writes a dump request. Attributes are NUL-terminated names.
func request(kind uint16, family byte, sequence uint32, names map[uint16]string) []byte {
	order := binary.NativeEndian
	b := make([]byte, headerSize+familySize, 128)
	order.PutUint16(b[4:], kind)
	order.PutUint16(b[6:], 0x301) // NLM_F_REQUEST | NLM_F_DUMP
	order.PutUint32(b[8:], sequence)
	b[headerSize] = family
	for kind := uint16(1); kind <= 2; kind++ {
		name, ok := names[kind]
		if !ok {
			continue
		}
		b = order.AppendUint16(b, uint16(4+len(name)+1))
		b = order.AppendUint16(b, kind)
		b = append(append(b, name...), 0)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	order.PutUint32(b, uint32(len(b)))
	return b
}

// parseMessages takes the messages of one sequence out of a datagram.
func parseMessages(b []byte, sequence uint32) ([]message, error) {
	var out []message
	order := binary.NativeEndian
	for len(b) >= headerSize {
		length := int(order.Uint32(b))
		if length < headerSize || length > len(b) {
			return out, fmt.Errorf("%w: message of %d bytes in %d", ErrMalformed, length, len(b))
		}
		body := b[headerSize:length]
		m := message{kind: order.Uint16(b[4:]), interrupted: order.Uint16(b[6:])&flagDumpInterrupted != 0}
		if order.Uint32(b[8:]) == sequence {
			switch {
			case m.kind == messageDone || m.kind == messageError:
				m.done = true
				if len(body) >= 4 {
					m.errno = -int32(order.Uint32(body))
				}
			case len(body) < familySize:
				return out, fmt.Errorf("%w: body of %d bytes", ErrMalformed, len(body))
			default:
				m.family = body[0]
				m.attributes = parseAttributes(body[familySize:])
			}
			out = append(out, m)
		}
		b = b[min(len(b), (length+3)&^3):]
	}
	return out, nil
}

// parseAttributes reads a run of attributes, as far as they make sense.
func parseAttributes(b []byte) []attribute {
	var out []attribute
	for len(b) >= 4 {
		length := int(binary.NativeEndian.Uint16(b))
		if length < 4 || length > len(b) {
			break
		}
		out = append(out, attribute{binary.NativeEndian.Uint16(b[2:]) & attributeTypeMask, b[4:length:length]})
		b = b[min(len(b), (length+3)&^3):]
	}
	return out
}

// fields are the attributes of one thing.
type fields []attribute

func (f fields) bytes(kind uint16) []byte {
	for _, a := range f {
		if a.kind == kind {
			return a.value
		}
	}
	return nil
}

func (f fields) has(kind uint16) bool { return f.bytes(kind) != nil }

func (f fields) nested(kind uint16) fields { return parseAttributes(f.bytes(kind)) }

// text is a NUL-terminated string.
func (f fields) text(kind uint16) string {
	b := f.bytes(kind)
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// number is a big-endian number of any width; nf_tables has no other in
// attributes. 0 where there is none.
func (f fields) number(kind uint16) uint64 {
	var n uint64
	for _, c := range f.bytes(kind) {
		n = n<<8 | uint64(c)
	}
	return n
}
