// Package netlink parts netlink(7) messages and attributes, and asks the
// kernel for whole dumps. What is in the messages is the business of the
// packages that ask. The dumps of sock_diag have a reader of their own, which
// keeps no message longer than it takes to read it.
package netlink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// ErrMalformed is wrapped when an answer cannot be read.
var ErrMalformed = errors.New("malformed netlink answer")

const (
	headerSize          = 16 // struct nlmsghdr
	attributeHeaderSize = 4  // struct nlattr

	messageError = 2 // NLMSG_ERROR
	messageDone  = 3 // NLMSG_DONE

	flagDumpInterrupted = 0x10 // NLM_F_DUMP_INTR

	// attributeTypeMask takes NLA_F_NESTED and NLA_F_NET_BYTEORDER away.
	attributeTypeMask = 0x3fff
)

// Message is one netlink message without its header.
type Message struct {
	Kind, Flags uint16
	Sequence    uint32
	Body        []byte
}

// ends reports whether it ends an answer, and with which error number.
func (m Message) ends() (errno int32, ends bool) {
	if m.Kind != messageDone && m.Kind != messageError {
		return 0, false
	}
	return -int32(Uint32(m.Body)), true
}

// Messages parts an answer. It ends with an error, which wraps ErrMalformed,
// where a message has no valid length.
func Messages(b []byte) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		order := binary.NativeEndian
		for len(b) >= headerSize {
			length := order.Uint32(b)
			if length < headerSize || uint64(length) > uint64(len(b)) {
				yield(Message{}, fmt.Errorf("%w: message of %d bytes in %d", ErrMalformed, length, len(b)))
				return
			}
			m := Message{order.Uint16(b[4:]), order.Uint16(b[6:]), order.Uint32(b[8:]), b[headerSize:length]}
			b = b[min(align4(length), uint64(len(b))):]
			if !yield(m, nil) {
				return
			}
		}
		if len(b) > 0 {
			yield(Message{}, fmt.Errorf("%w: %d bytes left over", ErrMalformed, len(b)))
		}
	}
}

// Attribute is one struct nlattr, which rtnetlink calls rtattr.
type Attribute struct {
	Kind  uint16
	Value []byte
}

// Attributes parts a run of them. What does not fit ends it: an answer cut
// short keeps what came before.
func Attributes(b []byte) iter.Seq[Attribute] {
	return func(yield func(Attribute) bool) {
		order := binary.NativeEndian
		for len(b) >= attributeHeaderSize {
			length := order.Uint16(b)
			if length < attributeHeaderSize || int(length) > len(b) {
				return
			}
			a := Attribute{order.Uint16(b[2:]) & attributeTypeMask, b[attributeHeaderSize:length:length]}
			b = b[min(align4(uint32(length)), uint64(len(b))):]
			if !yield(a) {
				return
			}
		}
	}
}

// AppendAttribute appends one to a request.
func AppendAttribute(b []byte, kind uint16, value []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(attributeHeaderSize+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// align4 rounds up to NLMSG_ALIGNTO and NLA_ALIGNTO, without overflow.
func align4(n uint32) uint64 { return (uint64(n) + 3) &^ 3 }

// Text reads a string that ends with a NUL or with the attribute.
func Text(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// Uint32 reads a u32 in the machine's order; 0 where it is too short.
func Uint32(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(b)
}
