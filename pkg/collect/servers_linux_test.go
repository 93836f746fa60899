package collect_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// ownNetwork names, in the environment, a test that runs in a network
// namespace of its own.
const ownNetwork = "PORTWHO_COLLECT_TEST_NETWORK"

// inOwnNetwork runs the calling test once more in a network namespace of its
// own, where all ports are free, and tells whether this is that run. The
// caller returns if not.
func inOwnNetwork(t testing.TB) bool {
	t.Helper()
	if os.Getenv(ownNetwork) == t.Name() {
		loopbackUp(t)
		return true
	}
	needRoot(t)
	if t, ok := t.(*testing.T); ok {
		t.Parallel()
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	arguments := []string{"-test.run=^" + t.Name() + "$", "-test.v"}
	if _, ok := t.(*testing.B); ok {
		arguments = []string{"-test.run=^$", "-test.bench=^" + t.Name() + "$"}
	}
	cmd := exec.Command(self, arguments...)
	cmd.Env = append(os.Environ(), ownNetwork+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	if err != nil {
		if errors.Is(err, unix.EPERM) {
			unavailable(t, "may not make a network namespace: "+err.Error())
		}
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	return false
}

func loopbackUp(t testing.TB) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	lo.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		t.Fatal(err)
	}
}

// server says how a listener is made, and over which address it is reached.
type server struct {
	address, via            string
	reuseAddress, reusePort bool
	v6only                  bool
	// effective is the V6Only that its connections have; nil for IPv4.
	effective *bool
}

func (s server) String() string {
	return fmt.Sprintf("%s via %s, reuse address %v, reuse port %v, v6only %v", s.address, s.via, s.reuseAddress, s.reusePort, s.v6only)
}

// servers are all the kinds: the flag of a native address is forced on by
// bind, and stays off for [::], to whichever address a peer then connects.
func servers() []server {
	var out []server
	for _, base := range []server{
		{address: "127.0.0.1", via: "127.0.0.1"},
		{address: "0.0.0.0", via: "127.0.0.1"},
		{address: "::1", via: "::1", effective: new(true)},
		{address: "::", via: "::1", effective: new(false)},
		{address: "::", via: "::1", v6only: true, effective: new(true)},
		{address: "::", via: "::ffff:127.0.0.1", effective: new(false)},
		{address: "::ffff:127.0.0.1", via: "::ffff:127.0.0.1", effective: new(false)},
	} {
		for bits := range 4 {
			base.reuseAddress, base.reusePort = bits&1 != 0, bits&2 != 0
			out = append(out, base)
		}
	}
	return out
}

// open makes a socket with the server's options and binds it; port 0 takes
// any.
func (s server) open(t testing.TB, kind int, number uint16) int {
	t.Helper()
	addr := netip.MustParseAddr(s.address)
	family := unix.AF_INET6
	if addr.Is4() {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	set := func(level, option int, on bool) {
		value := 0
		if on {
			value = 1
		}
		if err == nil {
			err = unix.SetsockoptInt(fd, level, option, value)
		}
	}
	set(unix.SOL_SOCKET, unix.SO_REUSEADDR, s.reuseAddress)
	set(unix.SOL_SOCKET, unix.SO_REUSEPORT, s.reusePort)
	if family == unix.AF_INET6 {
		set(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, s.v6only)
	}
	if number == 0 {
		// Not the kernel's choice: that gives a number again as soon as the
		// options allow it.
		number = uint16(parentPorts.next())
	}
	if err == nil {
		err = unix.Bind(fd, socketAddress(addr, number))
	}
	if err != nil {
		t.Fatalf("%v: %v", s, err)
	}
	return fd
}

func (s server) listen(t testing.TB, number uint16) int {
	t.Helper()
	fd := s.open(t, unix.SOCK_STREAM, number)
	if err := unix.Listen(fd, 16); err != nil {
		t.Fatalf("%v: %v", s, err)
	}
	return fd
}

// connect opens a connection to the server.
func (s server) connect(t testing.TB, number uint16) int {
	t.Helper()
	addr := netip.MustParseAddr(s.via).Unmap()
	family := unix.AF_INET6
	if addr.Is4() {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Connect(fd, socketAddress(addr, number))
	}
	if err != nil {
		t.Fatalf("%v: %v", s, err)
	}
	return fd
}

func socketAddress(addr netip.Addr, number uint16) unix.Sockaddr {
	if addr.Is4() {
		return &unix.SockaddrInet4{Port: int(number), Addr: addr.As4()}
	}
	return &unix.SockaddrInet6{Port: int(number), Addr: addr.As16()}
}

func accept(t testing.TB, listener int) int {
	t.Helper()
	fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

// leaveTimeWait makes the server serve one connection and end, closing first.
func (s server) leaveTimeWait(t testing.TB) uint16 {
	t.Helper()
	listener := s.listen(t, 0)
	number := portOf(listener)
	peer := s.connect(t, number)
	accepted := accept(t, listener)
	unix.Close(accepted)
	unix.Close(listener)
	// The end of the stream says that the FIN is there.
	if n, err := unix.Read(peer, make([]byte, 1)); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	unix.Close(peer)
	return number
}

// withState takes snapshots of the port until it has a socket in the state.
func withState(t testing.TB, protocol port.Protocol, number uint16, state host.State) (*host.Snapshot, *host.Socket) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		snapshot, err := collect.Collect(ctx, collect.Config{
			Scope:     host.Scope{Ports: []port.Range{port.One(number)}, Protocols: []port.Protocol{protocol}},
			ReuseBits: true,
		})
		if err != nil {
			t.Fatalf("no socket in %s: %v", state, err)
		}
		if i := slices.IndexFunc(snapshot.Sockets, func(s host.Socket) bool { return s.State == state }); i >= 0 {
			return snapshot, &snapshot.Sockets[i]
		}
	}
}

func deepen(t testing.TB, snapshot *host.Snapshot) {
	t.Helper()
	if err := collect.Deepen(t.Context(), snapshot); err != nil {
		t.Fatal(err)
	}
	for _, g := range snapshot.Gaps {
		if g.Source == host.GapOptions {
			unavailable(t, "BPF iterators: "+g.Reason)
		}
	}
}

// checkOptions compares what was read with what was set.
func (s server) checkOptions(t testing.TB, got *host.Socket) {
	t.Helper()
	same := func(a, b *bool) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }
	if !same(got.ReuseAddress, &s.reuseAddress) || !same(got.ReusePort, &s.reusePort) || !same(got.V6Only, s.effective) {
		t.Errorf("%v: got reuse address %s, reuse port %s, v6only %s", s, show(got.ReuseAddress), show(got.ReusePort), show(got.V6Only))
	}
}

func show(b *bool) string {
	if b == nil {
		return "unknown"
	}
	return fmt.Sprint(*b)
}
