package rtnl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
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

// Conn is an open netlink socket in the network namespace of the thread that
// opened it. It belongs to one goroutine.
type Conn struct {
	fd       int
	sequence uint32
}

// Open opens a NETLINK_ROUTE socket. The error is an *os.SyscallError.
func Open() (*Conn, error) { return open(unix.NETLINK_ROUTE) }

func open(protocol int) (*Conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, os.NewSyscallError("socket(AF_NETLINK)", err)
	}
	// A failure leaves the default, which never expires.
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: patienceSeconds})
	// With strict checks the kernel heeds the table a route dump asks for;
	// without (before Linux 4.20) it tells all, and the reader chooses.
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1)
	return &Conn{fd: fd}, nil
}

// Close closes it.
func (c *Conn) Close() error { return os.NewSyscallError("close", unix.Close(c.fd)) }

// Links lists the interfaces.
func (c *Conn) Links() ([]Link, error) {
	b, err := c.ask(unix.RTM_GETLINK, unix.NLM_F_DUMP, make([]byte, linkHeader))
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	return ParseLinks(b)
}

// Addresses lists the addresses of all interfaces.
func (c *Conn) Addresses() ([]Address, error) {
	b, err := c.ask(unix.RTM_GETADDR, unix.NLM_F_DUMP, make([]byte, addressHeader))
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	return ParseAddresses(b)
}

// LocalRoutes lists what ParseLocalRoutes tells.
func (c *Conn) LocalRoutes() ([]netip.Prefix, error) {
	header := make([]byte, routeHeader)
	header[0], header[4] = unix.AF_INET, tableLocal
	b, err := c.ask(unix.RTM_GETROUTE, unix.NLM_F_DUMP, header)
	if err != nil {
		return nil, fmt.Errorf("list local routes: %w", err)
	}
	return ParseLocalRoutes(b)
}

// ask makes a request and returns the whole answer. A dump (NLM_F_DUMP) is
// asked for again when its subject changed meanwhile; any other request must
// want an acknowledgement (NLM_F_ACK), which ends the answer.
func (c *Conn) ask(kind, flags uint16, body []byte) ([]byte, error) {
	for try := 1; ; try++ {
		answer, interrupted, err := c.askOnce(kind, flags, body)
		if err != nil || !interrupted {
			return answer, err
		}
		if try == attempts {
			return nil, errors.New("it changed while it was read, again and again")
		}
	}
}

func (c *Conn) askOnce(kind, flags uint16, body []byte) (answer []byte, interrupted bool, err error) {
	c.sequence++
	request := make([]byte, messageHeaderSize, messageHeaderSize+len(body))
	request = append(request, body...)
	order := binary.NativeEndian
	order.PutUint32(request, uint32(len(request)))
	order.PutUint16(request[4:], kind)
	order.PutUint16(request[6:], unix.NLM_F_REQUEST|flags)
	order.PutUint32(request[8:], c.sequence)
	if err := unix.Sendto(c.fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, false, os.NewSyscallError("sendto", err)
	}
	buffer := make([]byte, bufferSize)
	for {
		n, from, err := unix.Recvfrom(c.fd, buffer, unix.MSG_TRUNC)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return nil, false, os.NewSyscallError("recvfrom", err)
		case n > len(buffer):
			return nil, false, fmt.Errorf("%w: datagram of %d bytes", ErrMalformed, n)
		}
		if sender, ok := from.(*unix.SockaddrNetlink); !ok || sender.Pid != 0 {
			continue // not the kernel
		}
		done := false
		for m, err := range messages(buffer[:n]) {
			if err != nil {
				return nil, false, err
			}
			if m.sequence != c.sequence {
				continue
			}
			interrupted = interrupted || m.flags&flagDumpInterrupted != 0
			if m.kind != messageDone && m.kind != messageError {
				continue
			}
			done = true
			if code := int32(number32(m.body)); code < 0 {
				return nil, false, unix.Errno(-code)
			}
		}
		answer = append(answer, buffer[:n]...)
		if pad := len(answer) % 4; pad != 0 {
			answer = append(answer, make([]byte, 4-pad)...)
		}
		if done {
			return answer, interrupted, nil
		}
	}
}
