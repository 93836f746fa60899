package collect_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// take reads the sockets on one port with everything else left out.
func take(t testing.TB, number uint16, protocols ...port.Protocol) *host.Snapshot {
	t.Helper()
	return takeWith(t, collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(number)}, Protocols: protocols}})
}

// takeWith reads while no other test forks: on a busy machine the child of one
// has the descriptors of this process for a while, until it runs a program of its
// own, and is a holder as good as any.
func takeWith(t testing.TB, cfg collect.Config) *host.Snapshot {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	awaitExec()
	snapshot, err := collect.Collect(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

// on returns the sockets of the snapshot with the local address.
func on(s *host.Snapshot, local netip.AddrPort) []host.Socket {
	var found []host.Socket
	for _, socket := range s.Sockets {
		if socket.Local == local {
			found = append(found, socket)
		}
	}
	return found
}

// one returns the only socket of the snapshot.
func one(t testing.TB, s *host.Snapshot) host.Socket {
	t.Helper()
	if len(s.Sockets) != 1 {
		t.Fatalf("%d sockets %+v, want one", len(s.Sockets), s.Sockets)
	}
	return s.Sockets[0]
}

// surely is the status of a socket with holders: partial when the snapshot
// admits that processes could not be read.
func surely(s *host.Snapshot) host.HolderStatus {
	for _, g := range s.Gaps {
		if g.Source == "/proc" && strings.Contains(g.Subject, "process") {
			return host.HoldersPartial
		}
	}
	return host.HoldersKnown
}

func addressOf(t testing.TB, a net.Addr) netip.AddrPort {
	t.Helper()
	return netip.MustParseAddrPort(a.String())
}

// raw opens a socket of ours by system calls, which leave nothing to the
// habits of package net.
func raw(t testing.TB, family, kind, protocol int) int {
	t.Helper()
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
	if errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EPROTONOSUPPORT) {
		unavailable(t, "no such sockets here: "+err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func bind(t testing.TB, fd int, to unix.Sockaddr) uint16 {
	t.Helper()
	err := bindQuiet(fd, to, &parentPorts)
	if errors.Is(err, unix.EADDRNOTAVAIL) {
		unavailable(t, "the address is not this machine's")
	}
	if err != nil {
		t.Fatal(err)
	}
	return portOf(fd)
}

func set(t testing.TB, fd, level, option, value int) {
	t.Helper()
	if err := unix.SetsockoptInt(fd, level, option, value); err != nil {
		t.Fatal(err)
	}
}

func inodeOf(t testing.TB, fd int) uint64 {
	t.Helper()
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		t.Fatal(err)
	}
	return info.Ino
}

// loopback4 is 127.0.0.1 and a port of the kernel's choice. Binding writes into it.
func loopback4() *unix.SockaddrInet4 { return &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}} }

func TestListener(t *testing.T) {
	t.Parallel()
	fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	number := bind(t, fd, loopback4())
	if err := unix.Listen(fd, 17); err != nil {
		t.Fatal(err)
	}
	snapshot := take(t, number, port.TCP)
	s := one(t, snapshot)
	if s.State != host.StateListen || s.Local != netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), number) || s.Remote.IsValid() {
		t.Errorf("got %s %v %v", s.State, s.Local, s.Remote)
	}
	if s.Inode != inodeOf(t, fd) || s.UID == nil || *s.UID != uint32(os.Geteuid()) || s.SendQueue != 17 || s.V6Only != nil || s.MPTCP {
		t.Errorf("got inode %d, uid %v, backlog %d, v6only %v, mptcp %v", s.Inode, s.UID, s.SendQueue, s.V6Only, s.MPTCP)
	}
	if want := []host.Holder{{PID: int32(os.Getpid()), FD: int32(fd), Via: host.ViaFD}}; !slices.Equal(s.Holders, want) || s.HolderStatus != surely(snapshot) {
		t.Errorf("got holders %+v, %s", s.Holders, s.HolderStatus)
	}
	self := snapshot.Process(int32(os.Getpid()))
	if self == nil || self.Exe == "" || self.Cwd == "" || self.StartTicks == 0 || self.State == "" {
		t.Errorf("got process %+v", self)
	} else if snapshot.Process(self.PPID) == nil {
		t.Errorf("the parent %d is not in the snapshot", self.PPID)
	}
	if got := snapshot.Users[uint32(os.Geteuid())]; os.Geteuid() == 0 && got != "root" {
		t.Errorf("uid 0 is named %q", got)
	}
}

func TestUDP(t *testing.T) {
	t.Parallel()
	l, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	peer, err := net.Dial("udp4", l.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if s := one(t, take(t, addressOf(t, l.LocalAddr()).Port(), port.UDP)); s.State != host.StateUnconnected || len(s.Holders) != 1 {
		t.Errorf("got %s, %+v", s.State, s.Holders)
	}
	number := addressOf(t, peer.LocalAddr()).Port()
	if s := one(t, take(t, number, port.UDP)); s.State != host.StateEstablished || s.Remote != addressOf(t, l.LocalAddr()) {
		t.Errorf("got %s to %v", s.State, s.Remote)
	}
	scope := host.Scope{Ports: []port.Range{port.One(number)}, Protocols: []port.Protocol{port.UDP}, ListenersOnly: true}
	if got := takeWith(t, collect.Config{Scope: scope}).Sockets; len(got) != 0 {
		t.Errorf("a connected socket is listed among the listeners: %+v", got)
	}
}

func TestUDPLite(t *testing.T) {
	t.Parallel()
	fd := raw(t, unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_UDPLITE)
	number := bind(t, fd, loopback4())
	s := one(t, take(t, number, port.UDPLite))
	if s.Protocol != port.UDPLite || s.State != host.StateUnconnected || s.Inode != inodeOf(t, fd) || len(s.Holders) != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestBoundButNotListening(t *testing.T) {
	t.Parallel()
	fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	number := bind(t, fd, loopback4())
	snapshot := take(t, number, port.TCP)
	if !surelyListsBound(snapshot) {
		unavailable(t, "this kernel does not list bound sockets, and the snapshot says so")
	}
	s := one(t, snapshot)
	if s.State != host.StateBound || s.Inode != inodeOf(t, fd) || len(s.Holders) != 1 || s.Holders[0].FD != int32(fd) {
		t.Errorf("got %s, inode %d, holders %+v", s.State, s.Inode, s.Holders)
	}

	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	if s := one(t, take(t, number, port.TCP)); s.State != host.StateListen {
		t.Errorf("after listen: %s", s.State)
	}
}

// A listener that was shut down goes back to being bound, when it was bound to
// a port of its own choice.
func TestListenerShutDownIsBound(t *testing.T) {
	t.Parallel()
	// Two bound sockets with SO_REUSEADDR may share: the first finds the port,
	// the second chooses it.
	first, fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0), raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	set(t, first, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	set(t, fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	number := bind(t, first, loopback4())
	bind(t, fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: int(number)})
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	if err := unix.Shutdown(fd, unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	snapshot := take(t, number, port.TCP)
	local := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), number)
	for _, s := range on(snapshot, local) {
		if s.Inode == inodeOf(t, fd) {
			if s.State != host.StateBound {
				t.Errorf("got %s", s.State)
			}
			return
		}
	}
	if surelyListsBound(snapshot) {
		t.Errorf("the socket is missing: %+v", snapshot.Sockets)
	}
}

// surelyListsBound reports whether the snapshot claims to hold bound sockets.
func surelyListsBound(s *host.Snapshot) bool {
	for _, g := range s.Gaps {
		if g.Decides && g.Subject == "bound sockets that do not listen" {
			return false
		}
	}
	return true
}

func TestTimeWait(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	server.Close() // first to close, so the server's end waits
	if n, err := client.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Fatalf("read %d, %v; want the end", n, err)
	}
	client.Close()
	local := addressOf(t, l.Addr())
	var s host.Socket
	for range 100 { // the last acknowledgements are processed in the background
		found := on(take(t, local.Port(), port.TCP), local)
		if len(found) == 1 {
			if s = found[0]; s.State == host.StateTimeWait {
				break
			}
		}
	}
	if s.State != host.StateTimeWait || s.Inode != 0 || s.UID != nil || s.HolderStatus != host.HoldersNone || len(s.Holders) != 0 {
		t.Fatalf("got %+v", s)
	}
	if s.ExpiresMS == nil || *s.ExpiresMS == 0 || *s.ExpiresMS > 60_000 {
		t.Errorf("expires %v, want up to a minute", s.ExpiresMS)
	}
	if want := "tcp/" + local.String() + ">" + addressOf(t, client.LocalAddr()).String(); s.ID != want {
		t.Errorf("id %q, want %q", s.ID, want)
	}
}

func TestConnectionNotYetAccepted(t *testing.T) {
	t.Parallel()
	fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	number := bind(t, fd, loopback4())
	if err := unix.Listen(fd, 5); err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("tcp4", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), number).String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	snapshot := take(t, number, port.TCP)
	var waiting int
	for _, s := range snapshot.Sockets {
		switch s.State {
		case host.StateListen:
			if s.ReceiveQueue != 1 {
				t.Errorf("the listener has %d connections waiting, want 1", s.ReceiveQueue)
			}
		case host.StateEstablished, host.StateSynReceived:
			waiting++
			want := host.Holder{PID: int32(os.Getpid()), FD: -1, Via: host.ViaBacklog}
			if s.Inode != 0 || !slices.Contains(s.Holders, want) || s.HolderStatus != surely(snapshot) {
				t.Errorf("got inode %d, %+v, %s", s.Inode, s.Holders, s.HolderStatus)
			}
		}
	}
	if waiting != 1 || len(snapshot.Sockets) != 2 {
		t.Errorf("got %+v", snapshot.Sockets)
	}
}

func TestIPv6Only(t *testing.T) {
	t.Parallel()
	for _, v6only := range []int{0, 1} {
		fd := raw(t, unix.AF_INET6, unix.SOCK_STREAM, 0)
		set(t, fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, v6only)
		number := bind(t, fd, &unix.SockaddrInet6{})
		if err := unix.Listen(fd, 1); err != nil {
			t.Fatal(err)
		}
		s := one(t, take(t, number, port.TCP))
		if s.Local.Addr() != netip.IPv6Unspecified() || s.V6Only == nil || *s.V6Only != (v6only == 1) {
			t.Errorf("IPV6_V6ONLY=%d: got %v, %v", v6only, s.Local, s.V6Only)
		}
	}
	// Binding a native address forces the flag.
	fd := raw(t, unix.AF_INET6, unix.SOCK_STREAM, 0)
	set(t, fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
	number := bind(t, fd, &unix.SockaddrInet6{Addr: netip.IPv6Loopback().As16()})
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	if s := one(t, take(t, number, port.TCP)); s.V6Only == nil || !*s.V6Only {
		t.Errorf("on ::1: %v", s.V6Only)
	}
}

func TestMappedAddress(t *testing.T) {
	t.Parallel()
	fd := raw(t, unix.AF_INET6, unix.SOCK_STREAM, 0)
	set(t, fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
	mapped := netip.MustParseAddr("::ffff:127.0.0.1")
	number := bind(t, fd, &unix.SockaddrInet6{Addr: mapped.As16()})
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	if s := one(t, take(t, number, port.TCP)); s.Local.Addr() != mapped {
		t.Errorf("got %v, want the mapped address", s.Local)
	}
}

func TestMPTCPOccursOnce(t *testing.T) {
	t.Parallel()
	for _, listening := range []bool{true, false} {
		fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)
		number := bind(t, fd, loopback4())
		if listening {
			if err := unix.Listen(fd, 1); err != nil {
				t.Fatal(err)
			}
		}
		// A bound one shows as MPTCP through its options alone.
		cfg := collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(number)}}, ReuseBits: !listening}
		s := one(t, takeWith(t, cfg))
		if s.Protocol != port.TCP || !s.MPTCP || s.Inode != inodeOf(t, fd) || len(s.Holders) != 1 {
			t.Errorf("listening %v: got %s, mptcp %v, inode %d, holders %+v", listening, s.Protocol, s.MPTCP, s.Inode, s.Holders)
		}
	}
}

func TestDeviceBoundSocketNamesItsInterface(t *testing.T) {
	t.Parallel()
	fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	if err := unix.BindToDevice(fd, "lo"); err != nil {
		unavailable(t, "SO_BINDTODEVICE: "+err.Error())
	}
	number := bind(t, fd, loopback4())
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	if s := one(t, take(t, number, port.TCP)); s.Interface != "lo" || s.InterfaceIndex == 0 {
		t.Errorf("got interface %d %q", s.InterfaceIndex, s.Interface)
	}
}

func TestReuseBits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		kind          int
		listen        bool
		address, port int
	}{
		{"bound", unix.SOCK_STREAM, false, 1, 0},
		{"listening", unix.SOCK_STREAM, true, 0, 1},
		{"udp", unix.SOCK_DGRAM, false, 1, 1},
		{"udp plain", unix.SOCK_DGRAM, false, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			fd := raw(t, unix.AF_INET, c.kind, 0)
			set(t, fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, c.address)
			set(t, fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, c.port)
			number := bind(t, fd, loopback4())
			if c.listen {
				if err := unix.Listen(fd, 1); err != nil {
					t.Fatal(err)
				}
			}
			scope := host.Scope{Ports: []port.Range{port.One(number)}}
			s := one(t, takeWith(t, collect.Config{Scope: scope, ReuseBits: true}))
			if s.ReuseAddress == nil || s.ReusePort == nil {
				unavailable(t, "pidfd_getfd of our own descriptor is not permitted")
			}
			if *s.ReuseAddress != (c.address == 1) || *s.ReusePort != (c.port == 1) {
				t.Errorf("got %v %v", *s.ReuseAddress, *s.ReusePort)
			}
			if s := one(t, takeWith(t, collect.Config{Scope: scope})); s.ReuseAddress != nil || s.ReusePort != nil {
				t.Errorf("read without being asked: %v %v", s.ReuseAddress, s.ReusePort)
			}
		})
	}
}

func TestPortScopeIsExact(t *testing.T) {
	t.Parallel()
	var numbers []uint16
	for range 120 {
		fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
		numbers = append(numbers, bind(t, fd, loopback4()))
		if err := unix.Listen(fd, 1); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(numbers)
	for _, ports := range [][]port.Range{
		{port.One(numbers[60])},
		{{First: numbers[30], Last: numbers[90]}},
		{{First: numbers[0], Last: numbers[10]}, port.One(numbers[50]), {First: numbers[100], Last: numbers[119]}},
	} {
		scope := host.Scope{Ports: ports, Protocols: []port.Protocol{port.TCP}, ListenersOnly: true}
		for _, source := range []host.Source{host.SourceSockDiag, host.SourcePortable} {
			got := map[uint16]bool{}
			for _, s := range takeWith(t, collect.Config{Scope: scope, Source: source}).Sockets {
				if !scope.CoversPort(s.Local.Port()) {
					t.Errorf("%s: port %d is outside %v", source, s.Local.Port(), ports)
				}
				got[s.Local.Port()] = true
			}
			for _, number := range numbers {
				if scope.CoversPort(number) && !got[number] {
					t.Errorf("%s: port %d is missing from %v", source, number, ports)
				}
			}
		}
	}
}
