package diagnose_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/probe"
)

// oracleScenarios is how many random machines are compared with the kernel.
const oracleScenarios = 400

// TestOracle opens random sockets, predicts what the kernel would say to
// random binds beside them, and asks the kernel. They must agree.
func TestOracle(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	servers := startPeers(t)
	asked, refused, undecided := 0, 0, 0
	for i := range oracleScenarios {
		protocol := port.TCP
		if rng.IntN(4) == 0 {
			protocol = port.UDP
		}
		number := quietPort(t, rng)
		var sockets []string
		var fds []int
		for range 1 + rng.IntN(3) {
			fd, text := randomSocket(rng, protocol, number, servers)
			if fd >= 0 {
				fds = append(fds, fd)
				sockets = append(sockets, text)
			}
		}
		snap, err := collect.Collect(context.Background(), collect.Config{
			Scope: host.Scope{Ports: []port.Range{port.One(number)}}, Source: host.SourceSockDiag, ReuseBits: true,
		})
		if err != nil {
			t.Skipf("collect: %v", err)
		}
		tried := false
		for range 6 {
			c := randomCandidate(rng, protocol, number)
			if c.Options.ReusePort && tried {
				// A bind with SO_REUSEPORT leaves a mark in the kernel's cache
				// for this port, so only the first answer is the rule's.
				continue
			}
			tried = tried || c.Options.ReusePort
			got := diagnose.Judge(snap, c)
			want := probe.Bind(context.Background(), c)
			asked++
			if want.Errno != host.OK {
				refused++
			}
			switch {
			case got.Errno == host.ErrnoUnknown:
				undecided++
				t.Logf("scenario %d: undecided %v beside %v: %s", i, c, sockets, got.Rule)
			case got.Errno != want.Errno:
				t.Errorf("scenario %d: %+v beside %v: predicted %q (%s), the kernel says %q", i, c, sockets, got.Errno, got.Rule, want.Errno)
			case got.Errno == host.EADDRINUSE && len(got.Blockers) == 0:
				t.Errorf("scenario %d: nobody to blame for %+v beside %v", i, c, sockets)
			}
		}
		for _, fd := range fds {
			_ = unix.Close(fd)
		}
	}
	t.Logf("%d binds, %d refused by the kernel, %d undecided", asked, refused, undecided)
	if refused == 0 || refused == asked {
		t.Error("the scenarios do not tell taken from free")
	}
	if undecided > asked/20 {
		t.Errorf("%d of %d binds were undecided although every option can be read here", undecided, asked)
	}
}

// quietPort finds a number below the ephemeral range that no socket has.
func quietPort(t *testing.T, rng *rand.Rand) uint16 {
	t.Helper()
	for range 50 {
		number := uint16(20000 + rng.IntN(10000))
		snap, err := collect.Collect(context.Background(), collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(number)}}})
		if err != nil {
			t.Skipf("collect: %v", err)
		}
		if len(snap.Sockets) == 0 {
			return number
		}
	}
	t.Skip("no quiet port")
	return 0
}

var oracleAddresses = []string{"127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"}

func randomOptions(rng *rand.Rand) host.BindOptions {
	return host.BindOptions{ReuseAddress: rng.IntN(2) == 0, ReusePort: rng.IntN(3) == 0, IPv6Only: rng.IntN(3) == 0}
}

func randomCandidate(rng *rand.Rand, protocol port.Protocol, number uint16) host.Candidate {
	addr := netip.MustParseAddr(oracleAddresses[rng.IntN(len(oracleAddresses))])
	opts := randomOptions(rng)
	if !addr.Is6() || addr.Is4In6() {
		opts.IPv6Only = false
	}
	return host.Candidate{Protocol: protocol, Local: netip.AddrPortFrom(addr, number), Options: opts}
}

// randomSocket opens a socket in a random state. It returns -1 where the
// kernel refuses the combination.
func randomSocket(rng *rand.Rand, protocol port.Protocol, number uint16, peers peers) (int, string) {
	addr := netip.MustParseAddr(oracleAddresses[rng.IntN(len(oracleAddresses))])
	opts := randomOptions(rng)
	family, kind := unix.AF_INET, unix.SOCK_STREAM
	if addr.Is6() {
		family = unix.AF_INET6
	}
	if protocol == port.UDP {
		kind = unix.SOCK_DGRAM
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, ""
	}
	set := func(level, option int, on bool) {
		value := 0
		if on {
			value = 1
		}
		_ = unix.SetsockoptInt(fd, level, option, value)
	}
	set(unix.SOL_SOCKET, unix.SO_REUSEADDR, opts.ReuseAddress)
	set(unix.SOL_SOCKET, unix.SO_REUSEPORT, opts.ReusePort)
	var sa unix.Sockaddr
	if family == unix.AF_INET {
		sa = &unix.SockaddrInet4{Port: int(number), Addr: addr.As4()}
	} else {
		set(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, opts.IPv6Only && !addr.Is4In6())
		sa = &unix.SockaddrInet6{Port: int(number), Addr: addr.As16()}
	}
	if unix.Bind(fd, sa) != nil {
		_ = unix.Close(fd)
		return -1, ""
	}
	if protocol == port.TCP && rng.IntN(4) == 0 && connectTo(fd, addr, peers) {
		return fd, fmt.Sprintf("client %s:%d %+v", addr, number, opts)
	}
	state := "bound"
	if protocol == port.TCP && rng.IntN(3) > 0 {
		state = "listen"
		if unix.Listen(fd, 5) != nil {
			state = "bound"
		}
	}
	return fd, fmt.Sprintf("%s %s:%d %+v", state, addr, number, opts)
}

// peers are listeners for client sockets to connect to, by family.
type peers struct{ v4, v6 uint16 }

func startPeers(t *testing.T) peers {
	t.Helper()
	listenOn := func(address string) uint16 {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return 0
		}
		t.Cleanup(func() { _ = l.Close() })
		return uint16(l.Addr().(*net.TCPAddr).Port)
	}
	return peers{listenOn("127.0.0.1:0"), listenOn("[::1]:0")}
}

// connectTo makes a bound socket a client of a peer of its own family. A
// socket on [::] gets a native IPv6 address that way without the flag that
// binding to one would force.
func connectTo(fd int, addr netip.Addr, p peers) bool {
	switch {
	case addr.Is4() && p.v4 != 0:
		return unix.Connect(fd, &unix.SockaddrInet4{Port: int(p.v4), Addr: [4]byte{127, 0, 0, 1}}) == nil
	case addr.Is4In6() && p.v4 != 0:
		return unix.Connect(fd, &unix.SockaddrInet6{Port: int(p.v4), Addr: netip.MustParseAddr("::ffff:127.0.0.1").As16()}) == nil
	case addr.Is6() && !addr.Is4In6() && p.v6 != 0:
		return unix.Connect(fd, &unix.SockaddrInet6{Port: int(p.v6), Addr: netip.IPv6Loopback().As16()}) == nil
	}
	return false
}
