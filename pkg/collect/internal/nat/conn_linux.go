package nat

import (
	"context"
	"errors"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

const (
	bufferSize = 64 << 10
	// attempts is how often an interrupted dump is tried.
	attempts        = 4
	patienceSeconds = 5
)

// Read reads the rules of the calling thread's network namespace. The error
// wraps fs.ErrPermission without CAP_NET_ADMIN, and is an *os.SyscallError
// where the kernel has no nf_tables. A machine without rules of translation
// costs one exchange with the kernel.
func Read(ctx context.Context, scope Scope) (Result, error) {
	c, err := open()
	if err != nil {
		return Result{}, err
	}
	defer unix.Close(c.fd)
	var t *tables
	for range attempts {
		var interrupted bool
		t, interrupted, err = c.tables(ctx)
		if err != nil || !interrupted {
			break
		}
	}
	if err != nil {
		return Result{}, err
	}
	var r Result
	r.Redirects, r.Curtailed = t.rules.redirects(scope)
	return r, nil
}

// conn is an open NETLINK_NETFILTER socket.
type conn struct {
	fd       int
	buffer   []byte
	sequence uint32
}

func open() (*conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, os.NewSyscallError("socket(NETLINK_NETFILTER)", err)
	}
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: patienceSeconds})
	return &conn{fd: fd, buffer: make([]byte, bufferSize)}, nil
}

// tables reads the chains, and where any translates destinations, the rules
// and the sets of its table.
func (c *conn) tables(ctx context.Context) (*tables, bool, error) {
	t := newTables()
	chains, interrupted, err := c.dump(ctx, getChain, 0, nil)
	if err != nil {
		return nil, false, err
	}
	var names []tableKey
	for _, m := range chains {
		if b, table, ok := parseBase(m); ok && m.kind == newChain {
			t.rules.bases = append(t.rules.bases, b)
			if !slices.Contains(names, table) {
				names = append(names, table)
			}
		}
	}
	for _, table := range names {
		again, err := c.table(ctx, t, table)
		if err != nil {
			return nil, false, err
		}
		interrupted = interrupted || again
	}
	return t, interrupted, nil
}

func (c *conn) table(ctx context.Context, t *tables, table tableKey) (bool, error) {
	rules, interrupted, err := c.dump(ctx, getRule, table.family, map[uint16]string{1: table.name})
	if err != nil {
		return false, err
	}
	var wanted []string
	for _, m := range rules {
		if m.kind != newRule {
			continue
		}
		wanted = append(wanted, wantedSets(t.addRule(m))...)
	}
	if len(wanted) == 0 {
		return interrupted, nil
	}
	sets, again, err := c.dump(ctx, getSet, table.family, map[uint16]string{1: table.name})
	if err != nil {
		return false, err
	}
	interrupted = interrupted || again
	for _, m := range sets {
		if m.kind == newSet {
			t.addSet(table, m)
		}
	}
	for name, s := range t.sets[table] {
		if !slices.Contains(wanted, name) {
			continue
		}
		elements, again, err := c.dump(ctx, getSetElement, table.family, map[uint16]string{1: table.name, 2: name})
		if err != nil {
			return false, err
		}
		interrupted = interrupted || again
		s.missing = false
		for _, m := range elements {
			if m.kind == newSetElement {
				s.elements = append(s.elements, parseElements(m)...)
			}
		}
	}
	return interrupted, nil
}

// dump sends one request and reads until the dump is over.
func (c *conn) dump(ctx context.Context, kind uint16, family byte, names map[uint16]string) (all []message, interrupted bool, err error) {
	c.sequence++
	to := &unix.SockaddrNetlink{Family: unix.AF_NETLINK}
	if err := unix.Sendto(c.fd, request(kind, family, c.sequence, names), 0, to); err != nil {
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
			return nil, false, ErrMalformed
		}
		if sender, ok := from.(*unix.SockaddrNetlink); !ok || sender.Pid != 0 {
			continue // other processes can send to a netlink socket too
		}
		messages, err := parseMessages(slices.Clone(c.buffer[:n]), c.sequence)
		if err != nil {
			return nil, false, err
		}
		for _, m := range messages {
			interrupted = interrupted || m.interrupted
			switch {
			case m.done && m.errno != 0:
				return nil, false, os.NewSyscallError("netlink", unix.Errno(m.errno))
			case m.done:
				return all, interrupted, nil
			}
			all = append(all, m)
		}
	}
}
