package collect

import (
	"errors"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/collect/internal/sockdiag"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// findBound adds the TCP sockets that are bound and do not listen, where the
// kernel lists none: each descriptor of a socket that is in no table is copied
// and asked for its name. What could not be asked may be such a socket, and
// then the gap stays.
func (r *reader) findBound(list *listing, records []sockdiag.Record, holdings map[uint64][]procfs.Holding) ([]sockdiag.Record, error) {
	gap := host.Gap{
		Source: sourceSockDiag, Subject: "bound sockets that do not listen",
		Reason: "kernel " + kernelRelease() + " does not list them", Hint: "Linux 6.8 does", Decides: true, Protocol: port.TCP,
	}
	if r.root == nil || !r.root.OwnNamespace() {
		r.gaps = append(r.gaps, gap)
		return records, nil
	}
	all, err := r.everySocket()
	if err != nil {
		if r.ctx.Err() != nil {
			return nil, r.ctx.Err()
		}
		r.gaps = append(r.gaps, gap)
		return records, nil
	}
	known, err := r.tabledInodes(list)
	if err != nil {
		return nil, err
	}
	unread := r.unreadGaps(all)
	s := boundSearch{reader: r, records: records, holdings: holdings, complete: len(unread) == 0}
	for inode, holders := range all.Holdings {
		if err := r.ctx.Err(); err != nil {
			return nil, err
		}
		if !known[inode] {
			s.ask(inode, holders)
		}
	}
	if err := s.searchQueues(known); err != nil {
		return nil, err
	}
	for _, g := range unread {
		if len(s.records) > len(records) && !slices.Contains(r.gaps, g) {
			r.gaps = append(r.gaps, g)
		}
	}
	if !s.complete {
		gap.Reason += ", and not every process could be asked"
		gap.Hint = r.permissionHint() + "; Linux 6.8 lists them"
		r.gaps = append(r.gaps, gap)
	}
	return s.records, nil
}

// tabledInodes are the TCP sockets that the kernel lists. Others are not worth
// a table: /proc/net/unix shows paths as they are, line ends included, so that
// anybody could hide a socket there.
func (r *reader) tabledInodes(list *listing) (map[uint64]bool, error) {
	known := make(map[uint64]bool)
	for _, family := range []sockdiag.Family{sockdiag.IPv4, sockdiag.IPv6} {
		records, err := list.conn.Dump(r.ctx, sockdiag.Query{Family: family, Protocol: port.TCP, WithoutBound: true})
		if err != nil && r.ctx.Err() != nil {
			return nil, err
		}
		for i := range records {
			known[records[i].Inode] = true
		}
	}
	return known, nil
}

// boundSearch is one search for bound sockets.
type boundSearch struct {
	*reader
	records  []sockdiag.Record
	holdings map[uint64][]procfs.Holding
	// complete says that no socket was met that could not be asked.
	complete bool
}

// ask asks a socket through a copy of a descriptor of it.
func (s *boundSearch) ask(inode uint64, holders []procfs.Holding) {
	failed := false
	for _, h := range holders {
		if h.FD < 0 {
			failed = true // in an io_uring, where nobody can reach it
			continue
		}
		fd, err := copySocket(h, inode)
		switch {
		case errors.Is(err, unix.EBADF), errors.Is(err, unix.ESRCH):
			continue // closed meanwhile
		case err != nil:
			failed = true
			continue
		}
		s.examine(fd, inode, holders)
		unix.Close(fd)
		return
	}
	s.complete = s.complete && !failed
}

// examine keeps the socket behind a copy when it is a bound one of the scope.
// It reports whether it is.
func (s *boundSearch) examine(fd int, inode uint64, holders []procfs.Holding) bool {
	record, answer := readBound(fd)
	switch {
	case answer == notBound:
		return false
	case !s.cfg.Scope.CoversPort(record.Local.Port()):
		return false
	case answer == maybeBound:
		s.complete = false
		return false
	}
	record.Inode = inode
	for _, h := range holders {
		if s.confirm(h, inode) {
			s.holdings[inode] = addHoldings(s.holdings[inode], []procfs.Holding{h})
		}
	}
	s.records = append(s.records, record)
	return true
}

// searchQueues asks the sockets that are on their way between processes.
func (s *boundSearch) searchQueues(known map[uint64]bool) error {
	queues, err := s.findQueues(known)
	if err != nil {
		return err
	}
	for _, q := range queues {
		found, seen, _ := s.lookInto(q, func(fd int) (uint64, bool) {
			inode, err := socketInode(fd)
			if err != nil || known[inode] || len(s.holdings[inode]) > 0 {
				return 0, false
			}
			return inode, s.examine(fd, inode, nil)
		})
		for inode, holders := range found {
			s.holdings[inode] = addHoldings(s.holdings[inode], holders)
		}
		s.complete = s.complete && seen >= q.count
	}
	return nil
}

// boundAnswer says whether a socket is a bound TCP one.
type boundAnswer int

const (
	notBound boundAnswer = iota
	isBound
	maybeBound
)

// readBound asks a socket of this network namespace whether it is a TCP socket
// that is bound and neither listens nor is connected.
func readBound(fd int) (sockdiag.Record, boundAnswer) {
	var r sockdiag.Record
	option := func(option int) int {
		value, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, option)
		if err != nil {
			return -1
		}
		return value
	}
	family, protocol := option(unix.SO_DOMAIN), option(unix.SO_PROTOCOL)
	if family != unix.AF_INET && family != unix.AF_INET6 || option(unix.SO_TYPE) != unix.SOCK_STREAM ||
		protocol != unix.IPPROTO_TCP && protocol != unix.IPPROTO_MPTCP || option(unix.SO_ACCEPTCONN) != 0 {
		return r, notBound
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return r, notBound
	}
	switch name := name.(type) {
	case *unix.SockaddrInet4:
		r.Local = netip.AddrPortFrom(netip.AddrFrom4(name.Addr), uint16(name.Port))
	case *unix.SockaddrInet6:
		r.Local = netip.AddrPortFrom(netip.AddrFrom16(name.Addr), uint16(name.Port))
	}
	if _, err := unix.Getpeername(fd); r.Local.Port() == 0 || err == nil {
		return r, notBound
	}
	switch here, err := inOwnNetwork(fd); {
	case err != nil:
		return r, maybeBound
	case !here:
		return r, notBound
	}
	// A connection that has ended still shows the number it had, and has given
	// it back unless it was bound to it: which of the two no option tells. So
	// only a socket that was never more than bound counts. The segments are
	// forgotten when a connection fails (tcp_disconnect), what was learnt
	// about the path is not.
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	switch {
	case err != nil && protocol == unix.IPPROTO_MPTCP: // before Linux 5.16
	case err != nil:
		return r, maybeBound
	case info.State != tcpClose:
		return r, notBound
	case info.Segs_out|info.Segs_in|info.Rcv_mss|info.Advmss|info.Pmtu != 0:
		return r, maybeBound
	}
	r.Protocol, r.State, r.MPTCP = port.TCP, host.StateBound, protocol == unix.IPPROTO_MPTCP
	r.Holders = []host.Holder{}
	r.ReuseAddress, r.ReusePort = new(option(unix.SO_REUSEADDR) != 0), new(option(unix.SO_REUSEPORT) != 0)
	// Binding an MPTCP socket to a native address forces the flag on the one
	// below it, which is what counts, and not on itself.
	if only, err := unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY); err == nil && family == unix.AF_INET6 && (!r.MPTCP || only != 0 || r.Local.Addr().IsUnspecified()) {
		r.V6Only = new(only != 0)
	}
	r.InterfaceIndex = boundInterface(fd)
	var about unix.Stat_t
	if unix.Fstat(fd, &about) == nil {
		r.UID = new(about.Uid)
	}
	if !r.MPTCP { // whose port a socket below it has
		r.Cookie, _ = unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
	}
	return r, isBound
}

const tcpClose = 7 // TCP_CLOSE of include/net/tcp_states.h

// boundInterface returns the index of the interface of SO_BINDTODEVICE; 0 for
// none.
func boundInterface(fd int) uint32 {
	// SO_BINDTOIFINDEX is there since Linux 5.0.
	if index, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX); err == nil {
		return uint32(index)
	}
	name, err := unix.GetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE)
	if err != nil || name == "" {
		return 0
	}
	request, err := unix.NewIfreq(name)
	if err != nil || unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, request) != nil {
		return 0
	}
	return request.Uint32()
}

// inOwnNetwork reports whether a socket belongs to the viewer's network
// namespace.
func inOwnNetwork(fd int) (bool, error) {
	// Linux 5.14 gives each namespace a number that is never used again.
	theirs, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	own, ownErr := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if ownErr != nil {
		if own, ownErr = unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); ownErr != nil {
			return false, ownErr
		}
	}
	defer unix.Close(own)
	if err == nil {
		ours, err := unix.GetsockoptUint64(own, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
		return ours == theirs, err
	}
	// Before that, those who may configure the namespace are given it
	// (SIOCGSKNS, since Linux 4.10).
	a, err := networkOf(fd)
	if err != nil {
		return false, err
	}
	b, err := networkOf(own)
	return a == b, err
}

// networkOf returns the inode of a socket's network namespace.
func networkOf(fd int) (uint64, error) {
	ns, err := unix.IoctlRetInt(fd, unix.SIOCGSKNS)
	if err != nil {
		return 0, err
	}
	defer unix.Close(ns)
	var info unix.Stat_t
	err = unix.Fstat(ns, &info)
	return info.Ino, err
}
