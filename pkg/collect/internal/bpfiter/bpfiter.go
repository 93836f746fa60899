// Package bpfiter reads what the kernel knows about a socket and no table
// shows, of any socket, whether a process holds it or not: SO_REUSEADDR,
// SO_REUSEPORT, the effective IPV6_V6ONLY, and what the kernel remembers about
// the port. A small program that the kernel runs once for each socket
// (Documentation/bpf/bpf_iterators.rst) copies those bytes out.
//
// The program only reads. It is made here, from the offsets that the kernel's
// own type information gives, and goes when it has run. Only the conversation
// with the kernel needs Linux; the rest is plain work on bytes.
package bpfiter

import (
	"errors"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// Record is what was read of one socket.
type Record struct {
	// Cookie is the kernel's number for the socket (SO_COOKIE); 0 when nobody
	// has asked for it yet, and for a record of the bucket alone.
	Cookie uint64
	Port   uint16
	// ReuseAddress, ReusePort and V6Only are the options that bind compares.
	// V6Only means nothing for sockets of AF_INET.
	ReuseAddress, ReusePort, V6Only bool
	// UID is the user that made the socket; nil where the kernel keeps none,
	// as for TIME_WAIT.
	UID *uint32
	// Followers is how many sockets come after a UDP one in the kernel's list
	// for the hash of its port; nil where they were not or are too many. Of
	// two sockets on a port the kernel compares a bind first with the one that
	// has more.
	Followers *int
	// Walked says that the socket was not locked: what was read is its own
	// only if a socket of the cookie still exists afterwards.
	Walked bool
	// Bucket is the port's; nil where the socket is in none or it was just
	// taken away.
	Bucket *host.BindBucket
}

// Query says which sockets to read.
type Query struct {
	// Protocol is TCP or UDP.
	Protocol port.Protocol
	// Ports are the local ports; empty means none.
	Ports []port.Range
	// Bound are TCP ports whose bound sockets that neither listen nor are
	// connected are to be read too. At most eight are, since Linux 6.9.
	Bound []uint16
	// Types are the bytes of the kernel's own type information, as OpenTypes
	// gives them.
	Types []byte
}

// ErrPermission is wrapped when the viewer may not run programs in the
// kernel: it takes CAP_BPF and CAP_PERFMON in the first user namespace.
var ErrPermission = errors.New("not permitted")

// ErrUnsupported is wrapped when the kernel has no iterator over sockets, as
// before Linux 5.9, or does not tell where it keeps what is asked for.
var ErrUnsupported = errors.New("not supported by this kernel")

// ErrMalformed is wrapped when the kernel's answer could not be understood.
var ErrMalformed = errors.New("malformed answer of the BPF program")

// Refusal is an error of the kernel's verifier: it did not trust the program.
type Refusal struct {
	// Line is the last line of its reasoning that says anything.
	Line string
	Err  error
}

func (r *Refusal) Error() string {
	if r.Line == "" {
		return "the kernel's verifier refused the program: " + r.Err.Error()
	}
	return "the kernel's verifier refused the program: " + r.Line
}

func (r *Refusal) Unwrap() error { return r.Err }
