package probe_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// skip leaves a test out where the machine lacks what it needs, unless the
// caller insists that nothing is left out.
func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		t.Fatalf("required, but %s", why)
	}
	t.Skip(why)
}

func reusePort(o *host.BindOptions) { o.ReusePort = true }
func ipv6Only(o *host.BindOptions)  { o.IPv6Only = true }
func asUser(uid uint32) func(*host.BindOptions) {
	return func(o *host.BindOptions) { o.UID = &uid }
}

// opened is a socket as a test wants it.
type opened struct {
	fd    int
	local netip.AddrPort
}

type socketOption struct{ level, name, value int }

var (
	withReuseAddress = socketOption{unix.SOL_SOCKET, unix.SO_REUSEADDR, 1}
	withReusePort    = socketOption{unix.SOL_SOCKET, unix.SO_REUSEPORT, 1}
	withV6Only       = socketOption{unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1}
	withoutV6Only    = socketOption{unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0}
)

// numbers hands out port numbers below the ephemeral range, each once. The
// kernel gives one ephemeral number to 127.0.0.1 and to ::1 of two programs at
// once, and then a probe of the other address would meet a stranger.
var numbers = struct {
	offset uint32
	given  atomic.Uint32
}{offset: rand.Uint32N(4900)}

func nextNumber() uint16 { return uint16(5000 + (numbers.offset+numbers.given.Add(1))%4900) }

// open binds a socket, to a port of its own where local has none.
func open(t *testing.T, kind, protocol int, local netip.AddrPort, options ...socketOption) opened {
	t.Helper()
	family := unix.AF_INET6
	if local.Addr().Is4() {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		if family == unix.AF_INET6 || protocol == 136 {
			skip(t, fmt.Sprintf("socket: %v", err))
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	for _, o := range options {
		if err := unix.SetsockoptInt(fd, o.level, o.name, o.value); err != nil {
			t.Fatal(err)
		}
	}
	at := local
	for {
		if local.Port() == 0 {
			at = netip.AddrPortFrom(local.Addr(), nextNumber())
		}
		err := unix.Bind(fd, kernelAddress(at))
		if err == nil {
			break
		}
		if local.Port() != 0 || !errors.Is(err, unix.EADDRINUSE) {
			t.Fatalf("bind %s: %v", at, err)
		}
	}
	return opened{fd, boundTo(t, fd)}
}

func kernelAddress(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

func boundTo(t *testing.T, fd int) netip.AddrPort {
	t.Helper()
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
	}
	t.Fatalf("getsockname: %T", sa)
	return netip.AddrPort{}
}

func (o opened) listen(t *testing.T) opened {
	t.Helper()
	if err := unix.Listen(o.fd, 8); err != nil {
		t.Fatal(err)
	}
	return o
}

// ownAddress is a loopback address that no other test uses, so that parallel
// tests cannot take each other's ports.
func ownAddress() netip.AddrPort {
	n := rand.Uint32()
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, byte(n>>16) | 1, byte(n >> 8), byte(n) | 1}), 0)
}

func at(address string, number uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(address), number)
}

// TestOverlap walks the table of who meets whom on one port.
func TestOverlap(t *testing.T) {
	t.Parallel()
	candidates := []struct {
		address string
		edit    func(*host.BindOptions)
	}{
		{"127.0.0.1", reuseAddress},
		{"0.0.0.0", reuseAddress},
		{"::1", reuseAddress},
		{"::", reuseAddress},
		{"::", func(o *host.BindOptions) { o.ReuseAddress, o.IPv6Only = true, true }},
		{"127.0.0.2", reuseAddress},
		{"::ffff:127.0.0.1", reuseAddress},
	}
	for _, tt := range []struct {
		name    string
		address string
		option  socketOption
		refused string // a letter a candidate: x is refused
	}{
		{"127.0.0.1", "127.0.0.1:0", withReuseAddress, "xx.x..x"},
		{"0.0.0.0", "0.0.0.0:0", withReuseAddress, "xx.x.xx"},
		{"::1", "[::1]:0", withReuseAddress, "..xxx.."},
		{":: dual stack", "[::]:0", withoutV6Only, "xxxxxxx"},
		{":: IPv6 only", "[::]:0", withV6Only, "..xxx.."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			number := open(t, unix.SOCK_STREAM, 0, netip.MustParseAddrPort(tt.address), withReuseAddress, tt.option).listen(t).local.Port()
			for i, c := range candidates {
				errno := host.OK
				if tt.refused[i] == 'x' {
					errno = host.EADDRINUSE
				}
				want(t, ask(t, port.TCP, at(c.address, number), c.edit), errno)
			}
		})
	}
}

// TestBoundNotListening: a socket that only has the port blocks it, unless
// both sides set SO_REUSEADDR.
func TestBoundNotListening(t *testing.T) {
	t.Parallel()
	plain := open(t, unix.SOCK_STREAM, 0, ownAddress())
	want(t, ask(t, port.TCP, plain.local), host.EADDRINUSE)
	want(t, ask(t, port.TCP, plain.local, reuseAddress), host.EADDRINUSE)
	sharing := open(t, unix.SOCK_STREAM, 0, ownAddress(), withReuseAddress)
	want(t, ask(t, port.TCP, sharing.local), host.EADDRINUSE)
	want(t, ask(t, port.TCP, sharing.local, reuseAddress), host.OK)
	sharing.listen(t) // the probe has left no trace that would refuse this
	want(t, ask(t, port.TCP, sharing.local, reuseAddress), host.EADDRINUSE)
}

// TestTimeWait: the port of a finished connection is free only where both the
// old and the new socket set SO_REUSEADDR.
func TestTimeWait(t *testing.T) {
	t.Parallel()
	for _, old := range []bool{false, true} {
		var options []socketOption
		if old {
			options = append(options, withReuseAddress)
		}
		local := timeWait(t, options...)
		want(t, ask(t, port.TCP, local), host.EADDRINUSE)
		errno := host.EADDRINUSE
		if old {
			errno = host.OK
		}
		want(t, ask(t, port.TCP, local, reuseAddress), errno)
	}
}

// timeWait leaves the local end of a server's connection in TIME_WAIT: the
// side that closes first keeps it.
func timeWait(t *testing.T, options ...socketOption) netip.AddrPort {
	t.Helper()
	server := open(t, unix.SOCK_STREAM, 0, ownAddress(), options...).listen(t)
	client := open(t, unix.SOCK_STREAM, 0, ownAddress())
	if err := unix.Connect(client.fd, kernelAddress(server.local)); err != nil {
		t.Fatal(err)
	}
	accepted, _, err := unix.Accept4(server.fd, unix.SOCK_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	closeNow(t, accepted)
	if n, err := unix.Read(client.fd, make([]byte, 1)); n != 0 || err != nil {
		t.Fatalf("read after the server closed: %d, %v", n, err)
	}
	closeNow(t, client.fd)
	closeNow(t, server.fd)
	return server.local
}

// closeNow closes a descriptor that a cleanup will close again: it leaves a
// harmless one in its place, so that the cleanup cannot hit somebody else's.
func closeNow(t *testing.T, fd int) {
	t.Helper()
	null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Dup3(null, fd, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	unix.Close(null)
}

// TestOutgoingConnection: a client's own port is taken, with SO_REUSEADDR or
// without.
func TestOutgoingConnection(t *testing.T) {
	t.Parallel()
	server := open(t, unix.SOCK_STREAM, 0, ownAddress()).listen(t)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Connect(fd, kernelAddress(server.local)); err != nil {
		t.Fatal(err)
	}
	local := boundTo(t, fd)
	want(t, ask(t, port.TCP, local), host.EADDRINUSE)
	want(t, ask(t, port.TCP, local, reuseAddress), host.EADDRINUSE)
	want(t, ask(t, port.TCP, at("0.0.0.0", local.Port()), reuseAddress), host.EADDRINUSE)
	want(t, ask(t, port.TCP, at(ownAddress().Addr().String(), local.Port()), reuseAddress), host.OK)
}

// TestUDP: UDP and UDP-Lite have port spaces of their own, and UDP sockets
// share a port only when both ask for it the same way.
func TestUDP(t *testing.T) {
	t.Parallel()
	plain := open(t, unix.SOCK_DGRAM, unix.IPPROTO_UDP, ownAddress())
	want(t, ask(t, port.UDP, plain.local), host.EADDRINUSE)
	want(t, ask(t, port.UDP, plain.local, reuseAddress), host.EADDRINUSE)
	want(t, ask(t, port.TCP, plain.local), host.OK)

	shared := open(t, unix.SOCK_DGRAM, unix.IPPROTO_UDP, ownAddress(), withReuseAddress)
	want(t, ask(t, port.UDP, shared.local), host.EADDRINUSE)
	want(t, ask(t, port.UDP, shared.local, reuseAddress), host.OK)
	want(t, ask(t, port.UDP, shared.local, reusePort), host.EADDRINUSE)
}

func TestUDPLite(t *testing.T) {
	t.Parallel()
	lite := open(t, unix.SOCK_DGRAM, 136, ownAddress())
	want(t, ask(t, port.UDPLite, lite.local), host.EADDRINUSE)
	want(t, ask(t, port.UDP, lite.local), host.OK)
}

// TestAddresses: the kernel judges the address before the port.
func TestAddresses(t *testing.T) {
	t.Parallel()
	// TEST-NET-2 (RFC 5737) is nobody's address.
	want(t, ask(t, port.TCP, at("198.51.100.9", 8080)), host.EADDRNOTAVAIL)
	want(t, ask(t, port.UDP, at("198.51.100.9", 8080)), host.EADDRNOTAVAIL)
	if p := ask(t, port.TCP, at("2001:db8::9", 8080)); p.Errno != host.EAFNOSUPPORT {
		want(t, p, host.EADDRNOTAVAIL)
		want(t, ask(t, port.TCP, at("fe80::9", 8080)), host.EINVAL) // no scope
		want(t, ask(t, port.TCP, at("fe80::9%lo", 8080)), host.EADDRNOTAVAIL)
		want(t, ask(t, port.TCP, at("fe80::9%1", 8080)), host.EADDRNOTAVAIL)
		want(t, ask(t, port.TCP, at("::ffff:127.0.0.1", 8080), ipv6Only), host.EINVAL)
	}
}

func TestInterface(t *testing.T) {
	t.Parallel()
	onDevice := func(name string) func(*host.BindOptions) {
		return func(o *host.BindOptions) { o.Interface = name }
	}
	taken := open(t, unix.SOCK_STREAM, 0, ownAddress()).listen(t)
	want(t, ask(t, port.TCP, taken.local, onDevice("lo")), host.EADDRINUSE)
	p := ask(t, port.TCP, taken.local, onDevice("no-such-device"))
	want(t, p, "ENODEV")
	if p.Call != "setsockopt" {
		t.Errorf("call %q, want setsockopt", p.Call)
	}
}

// TestAsUser: another user is refused a privileged port and cannot join a
// SO_REUSEPORT group.
func TestAsUser(t *testing.T) {
	t.Parallel()
	const nobody = 65534
	shared := open(t, unix.SOCK_STREAM, 0, ownAddress(), withReusePort).listen(t)
	want(t, ask(t, port.TCP, shared.local), host.EADDRINUSE)
	want(t, ask(t, port.TCP, shared.local, reusePort), host.OK)
	want(t, ask(t, port.TCP, shared.local, reusePort, asUser(uint32(os.Geteuid()))), host.OK)

	if os.Geteuid() != 0 {
		p := ask(t, port.TCP, shared.local, asUser(0))
		if p.Errno != host.ErrnoUnknown || !strings.Contains(p.Reason, "root") {
			t.Errorf("an ordinary user as root: got %q, reason %q", p.Errno, p.Reason)
		}
		skip(t, "binding as another user takes root")
	}
	want(t, ask(t, port.TCP, shared.local, reusePort, asUser(nobody)), host.EADDRINUSE)

	first := unprivilegedStart(t)
	own := ownAddress().Addr().String()
	want(t, ask(t, port.TCP, at(own, first), asUser(nobody)), host.OK)
	if first > 1 {
		want(t, ask(t, port.TCP, at(own, first-1), asUser(nobody)), host.EACCES)
		want(t, ask(t, port.TCP, at(own, first-1)), host.OK)
		// IPv4 looks at the address before the privilege, IPv6 after it
		// (inet_bind_sk in net/ipv4/af_inet.c, __inet6_bind in
		// net/ipv6/af_inet6.c).
		want(t, ask(t, port.TCP, at("198.51.100.9", first-1), asUser(nobody)), host.EADDRNOTAVAIL)
		if p := ask(t, port.TCP, at("2001:db8::9", first-1), asUser(nobody)); p.Errno != host.EAFNOSUPPORT {
			want(t, p, host.EACCES)
		}
	}
	if p := ask(t, port.TCP, shared.local, asUser(1<<32-1)); p.Errno != host.ErrnoUnknown {
		t.Errorf("as uid -1: got %q, want UNKNOWN", p.Errno)
	}
}

func unprivilegedStart(t *testing.T) uint16 {
	t.Helper()
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	if err != nil {
		skip(t, err.Error())
	}
	var n uint16
	if _, err := fmt.Sscan(string(text), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAsUserLeavesNoTrace: no thread keeps the other user's identity, this
// one's rights are whole, and the process can be looked into as before.
func TestAsUserLeavesNoTrace(t *testing.T) {
	if os.Geteuid() != 0 {
		skip(t, "binding as another user takes root")
	}
	const stranger = 54321
	before, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	local := open(t, unix.SOCK_STREAM, 0, ownAddress()).listen(t).local
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() { want(t, ask(t, port.TCP, local, asUser(stranger)), host.EADDRINUSE) })
	}
	group.Wait()

	after, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil || after != before {
		t.Errorf("dumpable: %d before, %d after, %v", before, after, err)
	}
	files, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil || len(files) == 0 {
		t.Fatalf("threads: %v, %v", files, err)
	}
	for _, file := range files {
		status, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		if strings.Contains(string(status), fmt.Sprint(stranger)) {
			t.Errorf("%s still has uid or gid %d:\n%s", file, stranger, status)
		}
	}
}

// TestClosesDescriptors looks at the sockets this process holds. It runs
// alone, before the parallel tests.
func TestClosesDescriptors(t *testing.T) {
	taken := open(t, unix.SOCK_STREAM, 0, ownAddress()).listen(t).local
	free := at(ownAddress().Addr().String(), taken.Port())
	before := descriptors(t)
	for range 100 {
		want(t, ask(t, port.TCP, taken), host.EADDRINUSE)
		want(t, ask(t, port.TCP, free), host.OK)
		want(t, ask(t, port.UDP, free), host.OK)
		want(t, ask(t, port.TCP, free, func(o *host.BindOptions) { o.Interface = "no-such-device" }), "ENODEV")
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		skip(t, err.Error())
	}
	return len(entries)
}
