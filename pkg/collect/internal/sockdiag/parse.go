package sockdiag

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

const (
	rowSize             = 72 // struct inet_diag_msg
	attributeHeaderSize = 4  // struct nlattr
	// attributeTypeMask takes NLA_F_NESTED and NLA_F_NET_BYTEORDER away.
	attributeTypeMask = 0x3fff
)

// Attributes of a row (include/uapi/linux/inet_diag.h).
const (
	attributeInfo     = 2  // INET_DIAG_INFO
	attributeV6Only   = 11 // INET_DIAG_SKV6ONLY
	attributeULPInfo  = 19 // INET_DIAG_ULP_INFO
	attributeCgroupID = 21 // INET_DIAG_CGROUP_ID

	attributeULPName = 1 // INET_ULP_INFO_NAME, inside ULP_INFO
)

// timerTimeWait is the idiag_timer of a TIME_WAIT socket, for which
// idiag_expires is what is left of it in milliseconds.
const timerTimeWait = 3

// parser reads the datagrams of one dump after the other. It keeps one copy
// of each uid and flag, so that 50,000 rows do not cost 50,000 small
// allocations.
type parser struct {
	protocol port.Protocol
	sequence uint32
	// keep tells which local ports matter; nil keeps all.
	keep func(uint16) bool

	uids    map[uint32]*uint32
	yes, no *bool
}

// outcome is what a datagram said about the dump itself.
type outcome struct {
	done        bool
	interrupted bool
	// errno is the kernel's refusal, as a positive number.
	errno uint32
}

func newParser() *parser {
	yes, no := true, false
	return &parser{uids: make(map[uint32]*uint32), yes: &yes, no: &no}
}

// datagram reads one answer of the kernel and appends its rows. Messages of
// another dump are passed over. The error wraps ErrMalformed; rows before the
// damage are kept.
func (p *parser) datagram(b []byte, records []Record) ([]Record, outcome, error) {
	var out outcome
	order := binary.NativeEndian
	for len(b) >= messageHeaderSize {
		length := order.Uint32(b)
		if length < messageHeaderSize || uint64(length) > uint64(len(b)) {
			return records, out, fmt.Errorf("%w: message of %d bytes in %d", ErrMalformed, length, len(b))
		}
		kind, flags, sequence := order.Uint16(b[4:]), order.Uint16(b[6:]), order.Uint32(b[8:])
		body := b[messageHeaderSize:length]
		b = b[min(uint64(align4(length)), uint64(len(b))):]
		if sequence != p.sequence {
			continue
		}
		if flags&flagDumpInterrupted != 0 {
			out.interrupted = true
		}
		switch kind {
		case messageNoop:
		case messageDone:
			out.done = true
			// A dump that failed halfway says so here (since Linux 4.10).
			if len(body) >= 4 {
				if code := int32(order.Uint32(body)); code < 0 {
					out.errno = uint32(-int64(code))
				}
			}
			return records, out, nil
		case messageError:
			if len(body) < 4 {
				return records, out, fmt.Errorf("%w: error message of %d bytes", ErrMalformed, len(body))
			}
			if code := int32(order.Uint32(body)); code != 0 {
				out.done = true
				out.errno = uint32(-int64(code))
				return records, out, nil
			}
		case messageOverrun:
			out.interrupted = true
		case sockDiagByFamily, tcpDiag:
			record, wanted, err := p.row(body)
			if err != nil {
				return records, out, err
			}
			if wanted {
				records = append(records, record)
			}
		}
	}
	if len(b) > 0 {
		return records, out, fmt.Errorf("%w: %d bytes left over", ErrMalformed, len(b))
	}
	return records, out, nil
}

// align4 rounds up to NLMSG_ALIGNTO and NLA_ALIGNTO, without overflow.
func align4(n uint32) uint64 { return (uint64(n) + 3) &^ 3 }

// row reads a struct inet_diag_msg and its attributes. The second result is
// false for rows that nobody asked about.
func (p *parser) row(b []byte) (Record, bool, error) {
	if len(b) < rowSize {
		return Record{}, false, fmt.Errorf("%w: row of %d bytes", ErrMalformed, len(b))
	}
	order := binary.NativeEndian
	localPort := binary.BigEndian.Uint16(b[4:])
	if localPort == 0 || p.keep != nil && !p.keep(localPort) {
		return Record{}, false, nil
	}
	local, ok := address(b[0], b[8:24])
	if !ok {
		return Record{}, false, fmt.Errorf("%w: address family %d", ErrMalformed, b[0])
	}
	remote, _ := address(b[0], b[24:40])
	remotePort := binary.BigEndian.Uint16(b[6:])
	timer := b[2]
	expires, uid, inode := order.Uint32(b[52:]), order.Uint32(b[64:]), order.Uint32(b[68:])

	var r Record
	r.Cookie = uint64(order.Uint32(b[48:]))<<32 | uint64(order.Uint32(b[44:]))
	if r.Cookie == 1<<64-1 { // INET_DIAG_NOCOOKIE
		r.Cookie = 0
	}
	r.Protocol = p.protocol
	r.Local = netip.AddrPortFrom(local, localPort)
	r.State = stateOf(p.protocol, b[1])
	r.InterfaceIndex = order.Uint32(b[40:])
	r.ReceiveQueue, r.SendQueue = order.Uint32(b[56:]), order.Uint32(b[60:])
	r.Inode = uint64(inode)
	r.Holders = []host.Holder{}
	if remotePort != 0 {
		r.Remote = netip.AddrPortFrom(remote, remotePort)
	}
	if p.protocol == port.TCP && timer == timerTimeWait {
		r.ExpiresMS = new(expires)
	}
	// TIME_WAIT and half-open rows are filled with zeros, and before Linux
	// 6.17 so were orphans: without an inode, uid 0 is no fact.
	if inode != 0 || uid != 0 {
		r.UID = p.uid(uid)
	}
	return r, true, p.attributes(&r, b[rowSize:])
}

func (p *parser) attributes(r *Record, b []byte) error {
	order := binary.NativeEndian
	for len(b) >= attributeHeaderSize {
		kind, value, rest, err := nextAttribute(b)
		if err != nil {
			return err
		}
		b = rest
		switch kind {
		case attributeV6Only:
			// The kernel sends it for AF_INET6 sockets that listen or are
			// closed, and only there does it mean anything.
			if len(value) >= 1 && !r.Local.Addr().Is4() {
				r.V6Only = p.no
				if value[0] != 0 {
					r.V6Only = p.yes
				}
			}
		case attributeCgroupID:
			if len(value) >= 8 {
				r.CgroupID = order.Uint64(value)
			}
		case attributeULPInfo:
			if r.MPTCP, err = namesMPTCP(value); err != nil {
				return err
			}
		}
	}
	return nil
}

// namesMPTCP looks for the name "mptcp" inside an INET_DIAG_ULP_INFO.
func namesMPTCP(b []byte) (bool, error) {
	for len(b) >= attributeHeaderSize {
		kind, value, rest, err := nextAttribute(b)
		if err != nil {
			return false, err
		}
		if kind == attributeULPName {
			for len(value) > 0 && value[len(value)-1] == 0 {
				value = value[:len(value)-1]
			}
			return string(value) == "mptcp", nil
		}
		b = rest
	}
	return false, nil
}

// nextAttribute takes the first attribute off b, which holds at least a
// header.
func nextAttribute(b []byte) (kind uint16, value, rest []byte, err error) {
	length := binary.NativeEndian.Uint16(b)
	if length < attributeHeaderSize || int(length) > len(b) {
		return 0, nil, nil, fmt.Errorf("%w: attribute of %d bytes in %d", ErrMalformed, length, len(b))
	}
	kind = binary.NativeEndian.Uint16(b[2:]) & attributeTypeMask
	value = b[attributeHeaderSize:length]
	return kind, value, b[min(align4(uint32(length)), uint64(len(b))):], nil
}

// uid returns a pointer that all rows of the same user share.
func (p *parser) uid(uid uint32) *uint32 {
	if shared, ok := p.uids[uid]; ok {
		return shared
	}
	shared := new(uid)
	p.uids[uid] = shared
	return shared
}

// address reads idiag_src or idiag_dst. A v4-mapped address stays mapped: it
// belongs to an IPv6 socket. The scope of a link-local address is in
// idiag_if.
func address(family byte, b []byte) (netip.Addr, bool) {
	switch Family(family) {
	case IPv4:
		return netip.AddrFrom4([4]byte(b[:4])), true
	case IPv6:
		return netip.AddrFrom16([16]byte(b[:16])), true
	}
	return netip.Addr{}, false
}

// stateOf translates idiag_state. The kernel shows a bound socket that does
// not listen as TCP_CLOSE, and a half-open connection as TCP_SYN_RECV.
func stateOf(protocol port.Protocol, state byte) host.State {
	if protocol != port.TCP {
		if state == 1 {
			return host.StateEstablished
		}
		return host.StateUnconnected
	}
	switch state {
	case 1:
		return host.StateEstablished
	case 2:
		return host.StateSynSent
	case 3, 12: // TCP_NEW_SYN_RECV
		return host.StateSynReceived
	case 4:
		return host.StateFinWait1
	case 5:
		return host.StateFinWait2
	case 6:
		return host.StateTimeWait
	case 7, 13: // TCP_BOUND_INACTIVE
		return host.StateBound
	case 8:
		return host.StateCloseWait
	case 9:
		return host.StateLastAck
	case 10:
		return host.StateListen
	case 11:
		return host.StateClosing
	}
	// Not a state that Linux has today. The port is taken all the same.
	return host.StateBound
}
