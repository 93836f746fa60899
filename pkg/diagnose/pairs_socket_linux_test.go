package diagnose_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

const soBindToIfindex = 62 // SO_BINDTOIFINDEX

// as runs f with sockets made in a user's name: the kernel takes the owner of
// a socket from the thread's fsuid (sock_alloc).
func as(uid uint32, f func()) {
	if uid == 0 {
		f()
		return
	}
	// The library's Setfsuid would change every thread.
	_, _, _ = unix.RawSyscall(unix.SYS_SETFSUID, uintptr(uid), 0, 0)
	f()
	_, _, _ = unix.RawSyscall(unix.SYS_SETFSUID, 0, 0, 0)
}

// withoutPrivilege runs f without CAP_NET_BIND_SERVICE in effect.
func withoutPrivilege(f func()) error {
	header := &unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var before [2]unix.CapUserData
	if err := unix.Capget(header, &before[0]); err != nil {
		return err
	}
	after := before
	after[0].Effective &^= 1 << unix.CAP_NET_BIND_SERVICE
	if err := unix.Capset(header, &after[0]); err != nil {
		return err
	}
	f()
	return unix.Capset(header, &before[0])
}

// newSocket makes a socket with options. MPTCP is a protocol of its own.
func newSocket(protocol port.Protocol, mptcp bool, addr netip.Addr, o host.BindOptions) (int, unix.Sockaddr, error) {
	family := unix.AF_INET
	var sa unix.Sockaddr = &unix.SockaddrInet4{}
	if addr.Is6() {
		family = unix.AF_INET6
		in6 := &unix.SockaddrInet6{Addr: addr.As16()}
		if addr.Zone() != "" {
			in6.ZoneId = indexOf(addr.Zone())
		}
		sa = in6
	} else {
		sa = &unix.SockaddrInet4{Addr: addr.As4()}
	}
	kind, number := unix.SOCK_DGRAM, unix.IPPROTO_UDP
	switch {
	case protocol == port.TCP && mptcp:
		kind, number = unix.SOCK_STREAM, unix.IPPROTO_MPTCP
	case protocol == port.TCP:
		kind, number = unix.SOCK_STREAM, unix.IPPROTO_TCP
	case protocol == port.UDPLite:
		number = unix.IPPROTO_UDPLITE
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, number)
	if err != nil {
		return -1, nil, err
	}
	for _, option := range []struct {
		on          bool
		level, name int
	}{
		{o.ReuseAddress, unix.SOL_SOCKET, unix.SO_REUSEADDR},
		{o.ReusePort, unix.SOL_SOCKET, unix.SO_REUSEPORT},
		{o.IPv6Only && family == unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY},
	} {
		if option.on {
			if err := unix.SetsockoptInt(fd, option.level, option.name, 1); err != nil {
				return fd, nil, err
			}
		}
	}
	if o.Interface != "" {
		if err := unix.BindToDevice(fd, o.Interface); err != nil {
			return fd, nil, err
		}
	}
	return fd, sa, nil
}

func withPort(sa unix.Sockaddr, number uint16) unix.Sockaddr {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		sa.Port = int(number)
	case *unix.SockaddrInet6:
		sa.Port = int(number)
	}
	return sa
}

// bind asks the kernel.
func (p *pairing) bind(c host.Candidate) (errno host.Errno) {
	try := func() {
		fd, sa, err := newSocket(c.Protocol, false, c.Local.Addr(), c.Options)
		if err == nil {
			err = unix.Bind(fd, withPort(sa, c.Local.Port()))
		}
		if fd >= 0 {
			_ = unix.Close(fd)
		}
		var number unix.Errno
		if errors.As(err, &number) {
			errno = host.Errno(unix.ErrnoName(number))
		}
	}
	as(*c.Options.UID, func() {
		if *c.Options.UID == 0 || c.Local.Port() >= 1024 {
			try()
		} else if err := withoutPrivilege(try); err != nil {
			errno = host.Errno(err.Error())
		}
	})
	return errno
}

// socket opens a random socket on the port and says what it is, as one who
// knows everything would. The last result is false where the kernel refuses
// the combination.
func (p *pairing) socket(number uint16) (e host.Socket, text string, shut func(), ok bool) {
	protocol := port.TCP
	if p.chance(35) {
		protocol = port.UDP
		if p.chance(25) {
			protocol = port.UDPLite
		}
	}
	mptcp := protocol == port.TCP && p.chance(5)
	addr := netip.MustParseAddr(p.pick("127.0.0.1", "127.0.0.1", "127.0.0.2", "0.0.0.0", "0.0.0.0", "::1", "::1", "::", "::", "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0",
		"10.77.0.1", "::ffff:10.77.0.1", "fd77::1", "fe80::77%va", "10.77.0.255", "224.0.0.251", "ff02::fb%va", "ff0e::fb", "255.255.255.255"))
	o := host.BindOptions{ReuseAddress: p.chance(50), ReusePort: p.chance(35), IPv6Only: p.chance(30) && !addr.Is4In6(), Interface: p.device(15)}
	uid := p.user()
	var fd int
	var sa unix.Sockaddr
	var err error
	as(uid, func() { fd, sa, err = newSocket(protocol, mptcp, addr, o) })
	if err == nil {
		err = unix.Bind(fd, withPort(sa, number))
	}
	if err != nil {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
		return e, "", nil, false
	}
	e = host.Socket{ID: "it", Protocol: protocol, MPTCP: mptcp, UID: &uid, Inode: 1, State: host.StateBound, ReuseAddress: &o.ReuseAddress, ReusePort: &o.ReusePort}
	p.snap.BindBuckets = nil
	if protocol != port.TCP {
		e.State, e.ListRank = host.StateUnconnected, 1
	} else {
		p.snap.BindBuckets = []host.BindBucket{noteOf(fd, number, uid, o)}
	}
	fds := []int{fd}
	shut = func() {
		for _, fd := range fds {
			_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
			_ = unix.Close(fd)
		}
	}
	switch roll := p.rng.IntN(100); {
	case protocol == port.TCP && roll < 45:
		if unix.Listen(fd, 1) != nil {
			shut()
			return e, "", nil, false
		}
		e.State = host.StateListen
		p.snap.BindBuckets[0].FastReuse = 0 // listen binds again
	case roll < 60 && o.Interface == "":
		to, reachable := p.destination(addr, o)
		if !reachable || unix.Connect(fd, withPort(to, pairPeerPort)) != nil {
			break
		}
		e.State = host.StateEstablished
		if protocol == port.TCP {
			if other, _, err := unix.Accept4(p.peer, unix.SOCK_CLOEXEC); err == nil {
				fds = append(fds, other)
			}
		}
	case protocol == port.TCP && !mptcp && roll < 68 && o.Interface == "":
		var conn, other int
		var accepted bool
		// An accepted socket belongs to who accepts it (sock_graft).
		as(uid, func() { conn, other, accepted = p.accept(fd, addr, o, number) })
		if accepted {
			_ = unix.Close(fd)
			fd, fds = conn, []int{conn, other}
			e.State = host.StateEstablished
			p.snap.BindBuckets[0].FastReuse = 0
		}
	}
	look(&e, fd)
	if mptcp && !addr.IsUnspecified() && !addr.Is4In6() && addr.Is6() {
		// Binding to a native address forces the flag and the scope on the
		// subflow. That is what is compared and what the kernel's tables
		// show; getsockopt tells of the socket above it.
		e.V6Only = new(true)
		if addr.Zone() != "" {
			e.InterfaceIndex = indexOf(addr.Zone())
		}
	}
	text = fmt.Sprintf("%s %s > %v mptcp=%v %s address=%v port=%v v6only=%v uid=%d device=%d", protocol, e.Local, e.Remote, mptcp, e.State, o.ReuseAddress, o.ReusePort, said(e.V6Only), uid, e.InterfaceIndex)
	if protocol == port.TCP && e.State == host.StateEstablished && len(fds) == 2 && !mptcp && p.chance(3) {
		// This end says goodbye first, and is left in TIME_WAIT.
		_ = unix.Close(fds[0])
		_ = unix.Close(fds[1])
		fds = nil
		expires := uint32(60_000)
		e.State, e.UID, e.Inode, e.ExpiresMS = host.StateTimeWait, nil, 0, &expires
		text += ", now in TIME_WAIT"
		p.worn[number] = true
	}
	return e, text, shut, true
}

// noteOf is what the kernel notes about a port when the first socket is bound
// to it (inet_csk_update_fastreuse).
func noteOf(fd int, number uint16, uid uint32, o host.BindOptions) host.BindBucket {
	var first host.Socket
	look(&first, fd)
	b := host.BindBucket{Protocol: port.TCP, Port: number}
	if o.ReuseAddress {
		b.FastReuse = 1
	}
	if o.ReusePort {
		b.FastReusePort, b.FastUID, b.FastAddress = host.FastReusePortAny, uid, first.Local.Addr()
		b.FastIPv6Only = first.V6Only != nil && *first.V6Only
	}
	return b
}

func said(b *bool) string {
	if b == nil {
		return "-"
	}
	return strconv.FormatBool(*b)
}

// look reads what bind and connect made of the socket.
func look(e *host.Socket, fd int) {
	if sa, err := unix.Getsockname(fd); err == nil {
		e.Local = addrPort(sa)
	}
	if sa, err := unix.Getpeername(fd); err == nil {
		e.Remote = addrPort(sa)
	}
	if e.Local.Addr().Is6() {
		if only, err := unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY); err == nil {
			v6only := only != 0
			e.V6Only = &v6only
		}
	}
	if index, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, soBindToIfindex); err == nil {
		e.InterfaceIndex = uint32(index)
	}
}

// addrPort leaves the scope out, as the kernel's tables do: it is the
// interface.
func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
	}
	return netip.AddrPort{}
}

// destination chooses whom a socket on the address can talk to.
func (p *pairing) destination(addr netip.Addr, o host.BindOptions) (unix.Sockaddr, bool) {
	var to netip.Addr
	switch {
	case addr.IsMulticast() || addr.IsLinkLocalUnicast() || addr == netip.MustParseAddr("10.77.0.255") || addr == netip.MustParseAddr("255.255.255.255"):
		return nil, false
	case addr == netip.IPv4Unspecified():
		to = netip.MustParseAddr(p.pick("127.0.0.1", "10.77.0.1"))
	case addr == netip.IPv6Unspecified() && o.IPv6Only:
		to = netip.MustParseAddr(p.pick("::1", "fd77::1"))
	case addr == netip.IPv6Unspecified():
		to = netip.MustParseAddr(p.pick("::1", "fd77::1", "::ffff:127.0.0.1"))
	case addr.Unmap().IsUnspecified():
		to = netip.MustParseAddr("::ffff:127.0.0.1")
	default:
		to = addr
	}
	if to.Is4() {
		return &unix.SockaddrInet4{Addr: to.As4()}, true
	}
	return &unix.SockaddrInet6{Addr: to.As16()}, true
}

// accept makes a bound socket listen, connects to it and accepts that.
func (p *pairing) accept(fd int, addr netip.Addr, o host.BindOptions, number uint16) (conn, other int, ok bool) {
	to, reachable := p.destination(addr, o)
	if !reachable || unix.Listen(fd, 1) != nil {
		return -1, -1, false
	}
	family := unix.AF_INET
	if _, v6 := to.(*unix.SockaddrInet6); v6 {
		family = unix.AF_INET6
	}
	other, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, -1, false
	}
	if unix.Connect(other, withPort(to, number)) != nil {
		_ = unix.Close(other)
		return -1, -1, false
	}
	if conn, _, err = unix.Accept4(fd, unix.SOCK_CLOEXEC); err != nil {
		_ = unix.Close(other)
		return -1, -1, false
	}
	return conn, other, true
}

// unavailable skips a test for want of something a bare machine may lack,
// unless PORTWHO_TEST_REQUIRE=all says that nothing may be skipped.
func unavailable(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		t.Fatalf("required, and not available: %s", reason)
	}
	t.Skip(reason)
}
