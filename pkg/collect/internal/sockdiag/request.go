package sockdiag

import "encoding/binary"

// Numbers of the netlink message layer (include/uapi/linux/netlink.h).
const (
	messageHeaderSize = 16 // struct nlmsghdr

	messageNoop    = 1 // NLMSG_NOOP
	messageError   = 2 // NLMSG_ERROR
	messageDone    = 3 // NLMSG_DONE
	messageOverrun = 4 // NLMSG_OVERRUN

	tcpDiag          = 18 // TCPDIAG_GETSOCK
	sockDiagByFamily = 20 // SOCK_DIAG_BY_FAMILY

	flagRequest         = 0x1   // NLM_F_REQUEST
	flagDumpInterrupted = 0x10  // NLM_F_DUMP_INTR
	flagDump            = 0x300 // NLM_F_ROOT | NLM_F_MATCH
)

const (
	requestSize    = 56 // struct inet_diag_req_v2
	oldRequestSize = 60 // struct inet_diag_req
)

// Bits of idiag_states. Bits 1 to 11 are the TCP states of
// include/net/tcp_states.h.
const (
	stateUDPConnected   = 1 << 1
	stateUDPUnconnected = 1 << 7
	stateListen         = 1 << 10
	// stateBoundInactive shows TCP sockets that are bound and do not listen.
	// Linux 6.8 brought it; older kernels ignore the bit.
	stateBoundInactive = 1 << 13
	stateTCPAll        = 0xfff
)

// extendInfo asks for INET_DIAG_INFO, which brings INET_DIAG_ULP_INFO along:
// the only attribute that tells an MPTCP subflow from plain TCP.
const extendInfo = 1 << (attributeInfo - 1)

const attributeBytecode = 1 // INET_DIAG_REQ_BYTECODE

// request is one dump request in the kernel's own terms.
type request struct {
	family   byte
	protocol byte
	extend   byte
	states   uint32
	filter   []byte
	// local is the only local port to list; 0 for all. The kernel compares it
	// before it gathers what the filter reads, which is spread over a socket.
	// It is no substitute: the table of bound sockets heeds the filter alone.
	local    uint16
	sequence uint32
}

// encode writes the request as one netlink message.
//
// A request by family is refused without one. The kind of request that came
// before it has no family that anybody looks at (inet_diag_dump_compat), so the
// kernel walks its tables once for both. The answers are the same but for their
// type.
func (r *request) encode() []byte {
	kind, body := uint16(sockDiagByFamily), requestSize
	if r.family == byte(Both) {
		kind, body = tcpDiag, oldRequestSize
	}
	size := messageHeaderSize + body
	if len(r.filter) > 0 {
		size += attributeHeaderSize + len(r.filter)
	}
	b := make([]byte, 0, size)
	order := binary.NativeEndian
	b = order.AppendUint32(b, uint32(size))
	b = order.AppendUint16(b, kind)
	b = order.AppendUint16(b, flagRequest|flagDump)
	b = order.AppendUint32(b, r.sequence)
	b = order.AppendUint32(b, 0) // the kernel fills in the sender's port id
	var id [48]byte              // struct inet_diag_sockid: local port, and any
	binary.BigEndian.PutUint16(id[:], r.local)
	if kind == tcpDiag {
		// family, lengths of the addresses, extensions; id; states, tables.
		b = append(b, 0, 0, 0, r.extend)
		b = append(b, id[:]...)
		b = order.AppendUint32(b, r.states)
		b = order.AppendUint32(b, 0)
	} else {
		b = append(b, r.family, r.protocol, r.extend, 0)
		b = order.AppendUint32(b, r.states)
		b = append(b, id[:]...)
	}
	if len(r.filter) > 0 {
		b = order.AppendUint16(b, uint16(attributeHeaderSize+len(r.filter)))
		b = order.AppendUint16(b, attributeBytecode)
		b = append(b, r.filter...)
	}
	return b
}

// wantedStates returns the idiag_states of a query.
//
// Walking the connections and the table of bound sockets costs milliseconds
// even where both are empty, so a listing of listeners asks for neither.
func (q *Query) wantedStates(protocol byte) uint32 {
	if protocol != 6 {
		if q.ListenersOnly {
			return stateUDPUnconnected
		}
		return stateUDPConnected | stateUDPUnconnected
	}
	if q.ListenersOnly {
		return stateListen
	}
	if q.WithoutBound {
		return stateTCPAll
	}
	return stateTCPAll | stateBoundInactive
}
