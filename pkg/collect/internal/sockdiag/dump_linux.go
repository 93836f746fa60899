package sockdiag

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const (
	// The kernel fills a dump datagram up to the size of the largest buffer
	// this socket has received with, 32 KiB at most (netlink_recvmsg). The
	// first datagram of a dump is made before anything was received and is
	// at most one page or 16 KiB.
	bufferSize = 64 << 10
	// attempts is how often an interrupted dump is tried.
	attempts = 4
	// patience is how long the kernel may take for one datagram. Dumps are
	// made inside the system calls, so only a kernel that imitates netlink
	// could ever run into it.
	patienceSeconds = 5
)

// Conn is an open NETLINK_SOCK_DIAG socket. It belongs to the network
// namespace of the thread that opened it, and to one goroutine.
type Conn struct {
	fd       int
	buffer   []byte
	sequence uint32
	parser   *parser
}

// Open opens the netlink socket. The error is a *os.SyscallError with EPERM
// where a sandbox forbids it, and EPROTONOSUPPORT or EAFNOSUPPORT where the
// kernel has none, as under qemu-user and gVisor.
func Open() (*Conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, os.NewSyscallError("socket(NETLINK_SOCK_DIAG)", err)
	}
	// A failure leaves the default, which never expires.
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: patienceSeconds})
	return &Conn{fd: fd, buffer: make([]byte, bufferSize), parser: newParser()}, nil
}

// Close closes the netlink socket.
func (c *Conn) Close() error { return os.NewSyscallError("close", unix.Close(c.fd)) }

// Dump lists the sockets that the query asks for. A socket occurs once.
//
// The error is ErrInterrupted when the table never held still, a *Refusal
// when the kernel refused the request, an *os.SyscallError when the
// conversation failed, or that of the context. The records that come with it
// are true.
func (c *Conn) Dump(ctx context.Context, query Query) ([]Record, error) {
	number, err := protocolNumber(query.Protocol)
	if err != nil {
		return nil, err
	}
	r := request{
		family:   byte(query.Family),
		protocol: number,
		states:   query.wantedStates(number),
		filter:   portFilter(query.Ports),
		local:    onlyPort(query.Ports),
	}
	if number == unix.IPPROTO_TCP {
		r.extend = extendInfo
	}
	var dumps [][]Record
	for range mostDumps {
		records, err := c.dump(ctx, query, r, expected(dumps))
		dumps = append(dumps, distinct(records))
		if err != nil || enough(dumps) {
			return settle(dumps...), err
		}
	}
	return settle(dumps...), nil
}

// expected makes room for a dump as long as the last.
func expected(dumps [][]Record) []Record {
	if len(dumps) == 0 {
		return nil
	}
	rows := len(dumps[len(dumps)-1])
	return make([]Record, 0, rows+rows/16+1)
}

// dump makes the request, again when the table changed under it.
func (c *Conn) dump(ctx context.Context, query Query, r request, records []Record) (_ []Record, err error) {
	c.parser.protocol = query.Protocol
	c.parser.keep = nil
	if len(query.Ports) > 0 {
		c.parser.keep = func(number uint16) bool {
			for _, r := range query.Ports {
				if r.Contains(number) {
					return true
				}
			}
			return false
		}
	}
	for range attempts {
		var out outcome
		records, out, err = c.dumpOnce(ctx, &r, records)
		if err != nil {
			return records, err
		}
		if errno := unix.Errno(out.errno); errno != 0 {
			if errno == unix.EINVAL && len(r.filter) > 0 {
				// A kernel or an imitation without the bytecode: list all and
				// let the parser choose.
				r.filter = nil
				continue
			}
			return records, &Refusal{Family: Family(r.family), Protocol: query.Protocol, Errno: errno}
		}
		if !out.interrupted {
			return records, nil
		}
		// The rows of an interrupted dump stay: they were true when they were
		// read, and distinct drops the doubles.
	}
	return records, ErrInterrupted
}

// dumpOnce sends one request and reads until the dump is over.
func (c *Conn) dumpOnce(ctx context.Context, r *request, records []Record) ([]Record, outcome, error) {
	c.sequence++
	r.sequence, c.parser.sequence = c.sequence, c.sequence
	kernel := &unix.SockaddrNetlink{Family: unix.AF_NETLINK}
	if err := ignoringEINTR(func() error { return unix.Sendto(c.fd, r.encode(), 0, kernel) }); err != nil {
		return records, outcome{}, os.NewSyscallError("sendto", err)
	}
	var all outcome
	for {
		if err := ctx.Err(); err != nil {
			return records, all, err
		}
		n, err := c.receive()
		if err != nil {
			return records, all, err
		}
		var out outcome
		records, out, err = c.parser.datagram(c.buffer[:n], records)
		all.interrupted = all.interrupted || out.interrupted
		if err != nil {
			return records, all, err
		}
		if out.done {
			all.done, all.errno = true, out.errno
			return records, all, nil
		}
	}
}

// receive reads one datagram of the kernel into the buffer. Other processes
// can send to a netlink socket too; what does not come from port 0 is dropped.
func (c *Conn) receive() (int, error) {
	for {
		// MSG_TRUNC makes the kernel return the true length.
		n, from, err := unix.Recvfrom(c.fd, c.buffer, unix.MSG_TRUNC)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return 0, os.NewSyscallError("recvfrom", err)
		case n > len(c.buffer):
			return 0, fmt.Errorf("%w: datagram of %d bytes", ErrMalformed, n)
		}
		if sender, ok := from.(*unix.SockaddrNetlink); ok && sender.Pid == 0 {
			return n, nil
		}
	}
}

func ignoringEINTR(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// distinct drops rows of a socket that came before. A dump of several
// datagrams can show a socket twice when the table changes in between, and
// the later row is the newer state.
func distinct(records []Record) []Record {
	last := make(map[uint64]int, len(records))
	for i := range records {
		if cookie := records[i].Cookie; cookie != 0 {
			last[cookie] = i
		}
	}
	if len(last) == len(records) {
		return records
	}
	kept := records[:0]
	for i := range records {
		if at, ok := last[records[i].Cookie]; !ok || at == i {
			kept = append(kept, records[i])
		}
	}
	return kept
}
