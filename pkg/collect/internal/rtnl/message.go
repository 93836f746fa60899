package rtnl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// ErrMalformed is wrapped when an answer cannot be read.
var ErrMalformed = errors.New("malformed rtnetlink answer")

const (
	messageHeaderSize   = 16 // struct nlmsghdr
	attributeHeaderSize = 4  // struct rtattr

	messageError = 2 // NLMSG_ERROR
	messageDone  = 3 // NLMSG_DONE

	flagDumpInterrupted = 0x10 // NLM_F_DUMP_INTR

	// attributeTypeMask takes NLA_F_NESTED and NLA_F_NET_BYTEORDER away.
	attributeTypeMask = 0x3fff
)

// message is one netlink message without its header.
type message struct {
	kind, flags uint16
	sequence    uint32
	body        []byte
}

// messages parts the answers to a dump. It ends with an error where one has
// no valid length.
func messages(b []byte) iter.Seq2[message, error] {
	return func(yield func(message, error) bool) {
		order := binary.NativeEndian
		for len(b) >= messageHeaderSize {
			length := order.Uint32(b)
			if length < messageHeaderSize || uint64(length) > uint64(len(b)) {
				yield(message{}, fmt.Errorf("%w: message of %d bytes in %d", ErrMalformed, length, len(b)))
				return
			}
			m := message{order.Uint16(b[4:]), order.Uint16(b[6:]), order.Uint32(b[8:]), b[messageHeaderSize:length]}
			b = b[min(align4(length), uint64(len(b))):]
			if !yield(m, nil) {
				return
			}
		}
		if len(b) > 0 {
			yield(message{}, fmt.Errorf("%w: %d bytes left over", ErrMalformed, len(b)))
		}
	}
}

// attribute is one struct rtattr.
type attribute struct {
	kind  uint16
	value []byte
}

// attributes parts a run of them. What does not fit ends it: an answer cut
// short keeps what came before.
func attributes(b []byte) iter.Seq[attribute] {
	return func(yield func(attribute) bool) {
		order := binary.NativeEndian
		for len(b) >= attributeHeaderSize {
			length := order.Uint16(b)
			if length < attributeHeaderSize || int(length) > len(b) {
				return
			}
			a := attribute{order.Uint16(b[2:]) & attributeTypeMask, b[attributeHeaderSize:length]}
			b = b[min(align4(uint32(length)), uint64(len(b))):]
			if !yield(a) {
				return
			}
		}
	}
}

// align4 rounds up to NLMSG_ALIGNTO and RTA_ALIGNTO, without overflow.
func align4(n uint32) uint64 { return (uint64(n) + 3) &^ 3 }

// text reads a string that ends with a NUL or with the attribute.
func text(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// number32 reads a u32; 0 where it is too short.
func number32(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(b)
}
