package netlink

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const (
	bufferSize = 64 << 10
	// attempts is how often an interrupted dump is tried.
	attempts = 4
	// patienceSeconds is how long the kernel may take for one datagram.
	patienceSeconds = 5
)

// errInterrupted says that the subject of a dump never held still.
var errInterrupted = errors.New("it changed while it was read, again and again")

// Conn is an open netlink socket in the network namespace of the thread that
// opened it. It belongs to one goroutine.
type Conn struct {
	fd       int
	sequence uint32
	buffer   []byte
}

// Open opens a socket of a netlink family such as NETLINK_ROUTE. The error is
// an *os.SyscallError.
func Open(family int) (*Conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, family)
	if err != nil {
		return nil, os.NewSyscallError("socket(AF_NETLINK)", err)
	}
	// A failure leaves the default, which never expires.
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: patienceSeconds})
	// With strict checks rtnetlink heeds the table a route dump asks for;
	// without (before Linux 4.20) it tells all, and the reader chooses.
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1)
	return &Conn{fd: fd, buffer: make([]byte, bufferSize)}, nil
}

// Close closes it.
func (c *Conn) Close() error { return os.NewSyscallError("close", unix.Close(c.fd)) }

// Ask makes a request and returns the whole answer. A dump (NLM_F_DUMP) is
// asked for again when its subject changed meanwhile; any other request must
// want an acknowledgement (NLM_F_ACK), which ends the answer. The error wraps
// the kernel's errno or ErrMalformed, or is that of the context.
func (c *Conn) Ask(ctx context.Context, kind, flags uint16, body []byte) ([]byte, error) {
	for range attempts {
		answer, interrupted, err := c.askOnce(ctx, kind, flags, body)
		if err != nil || !interrupted {
			return answer, err
		}
	}
	return nil, errInterrupted
}

func (c *Conn) askOnce(ctx context.Context, kind, flags uint16, body []byte) (answer []byte, interrupted bool, err error) {
	c.sequence++
	request := make([]byte, headerSize, headerSize+len(body))
	request = append(request, body...)
	order := binary.NativeEndian
	order.PutUint32(request, uint32(len(request)))
	order.PutUint16(request[4:], kind)
	order.PutUint16(request[6:], unix.NLM_F_REQUEST|flags)
	order.PutUint32(request[8:], c.sequence)
	if err := unix.Sendto(c.fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, false, os.NewSyscallError("sendto", err)
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		n, from, err := unix.Recvfrom(c.fd, c.buffer, unix.MSG_TRUNC)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return nil, false, os.NewSyscallError("recvfrom", err)
		case n > len(c.buffer):
			return nil, false, fmt.Errorf("%w: datagram of %d bytes", ErrMalformed, n)
		}
		if sender, ok := from.(*unix.SockaddrNetlink); !ok || sender.Pid != 0 {
			continue // other processes can send to a netlink socket too
		}
		done := false
		for m, err := range Messages(c.buffer[:n]) {
			if err != nil {
				return nil, false, err
			}
			if m.Sequence != c.sequence {
				continue
			}
			interrupted = interrupted || m.Flags&flagDumpInterrupted != 0
			errno, ends := m.ends()
			if errno > 0 {
				return nil, false, os.NewSyscallError("netlink", unix.Errno(errno))
			}
			done = done || ends
		}
		answer = append(answer, c.buffer[:n]...)
		for len(answer)%4 != 0 {
			answer = append(answer, 0)
		}
		if done {
			return answer, interrupted, nil
		}
	}
}
