package diagnose_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// answersRole in the environment makes the test binary the machine of
// TestAnswersLive: it lives in a network namespace of its own.
const answersRole = "PORTWHO_ANSWERS_TEST_ROLE"

// TestAnswersLive opens random servers on one port, connects to the loopback
// addresses, and compares who answered with what the report says.
func TestAnswersLive(t *testing.T) {
	if os.Getenv(answersRole) != "" {
		t.Skip("the machine itself")
	}
	if os.Geteuid() != 0 {
		if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
			t.Fatal("required, and not available: needs root")
		}
		t.Skip("needs root")
	}
	cmd := exec.Command("unshare", "--net", "sh", "-ec",
		`ip link set lo up; ip link add veth9 type veth peer name veth8; ip link set veth9 up; ip link set veth8 up; exec "$0" -test.run '^TestAnswersMachine$' -test.v`, os.Args[0])
	cmd.Env = append(os.Environ(), answersRole+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// TestAnswersMachine is the other half of TestAnswersLive.
func TestAnswersMachine(t *testing.T) {
	if os.Getenv(answersRole) == "" {
		t.Skip("TestAnswersLive runs it")
	}
	rng := rand.New(rand.NewPCG(5, 6))
	asked, shared, nobody := 0, 0, 0
	for i := range 300 {
		protocol := port.TCP
		if rng.IntN(2) == 0 {
			protocol = port.UDP
		}
		number := uint16(20000 + i)
		var servers []*answering
		for range 1 + rng.IntN(4) {
			if s := randomServer(rng, protocol, number); s != nil {
				servers = append(servers, s)
			}
		}
		snap, err := collect.Collect(context.Background(), collect.Config{
			Scope: host.Scope{Ports: []port.Range{port.One(number)}, Protocols: []port.Protocol{protocol}}, Source: host.SourceSockDiag, EtcRoot: t.TempDir(), ReuseBits: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		target := port.Target{Text: "x", Protocol: protocol, Ports: port.One(number)}
		r := diagnose.Diagnose(snap, []port.Target{target}, diagnose.Options{}).Results[0]
		if len(servers) == 0 && len(r.Answers) > 0 || len(servers) > 0 && len(r.Answers) != 2 {
			t.Fatalf("%d servers, answers %+v", len(servers), r.Answers)
		}
		for _, a := range r.Answers {
			var told []uint64
			for _, s := range r.Sockets {
				if slices.Contains(a.Sockets, s.ID) {
					told = append(told, s.Inode)
				}
			}
			for range 4 {
				inode := reach(t, protocol, netip.AddrPortFrom(netip.MustParseAddr(a.Address), number), servers)
				asked++
				switch {
				case inode == 0:
					nobody++
				case len(told) > 1:
					shared++
				}
				if inode == 0 && len(told) > 0 || inode != 0 && !slices.Contains(told, inode) {
					t.Errorf("%s to %s:%d reached %d, told %v, of %v", protocol, a.Address, number, inode, told, servers)
				}
			}
		}
		for _, s := range servers {
			_ = unix.Close(s.fd)
		}
	}
	t.Logf("%d clients, %d met a shared address, %d nobody", asked, shared, nobody)
	if asked < 500 || shared == 0 || nobody == 0 {
		t.Error("the scenarios are too tame")
	}
}

// answering is a server of the test.
type answering struct {
	fd    int
	inode uint64
	text  string
}

func (a *answering) String() string { return fmt.Sprintf("%d: %s", a.inode, a.text) }

func randomServer(rng *rand.Rand, protocol port.Protocol, number uint16) *answering {
	addresses := []string{"127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::", "::", "::ffff:127.0.0.1"}
	addr := netip.MustParseAddr(addresses[rng.IntN(len(addresses))])
	family, kind := unix.AF_INET, unix.SOCK_STREAM
	if addr.Is6() {
		family = unix.AF_INET6
	}
	if protocol == port.UDP {
		kind = unix.SOCK_DGRAM
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil
	}
	text := addr.String()
	set := func(level, option int, name string) {
		_ = unix.SetsockoptInt(fd, level, option, 1)
		text += " " + name
	}
	if rng.IntN(5) > 0 {
		set(unix.SOL_SOCKET, unix.SO_REUSEPORT, "reuseport")
	} else if protocol == port.UDP {
		set(unix.SOL_SOCKET, unix.SO_REUSEADDR, "reuseaddr")
	}
	if addr == netip.IPv6Unspecified() && rng.IntN(2) == 0 {
		set(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, "v6only")
	}
	if device := []string{"", "", "", "lo", "veth9"}[rng.IntN(5)]; device != "" {
		if unix.BindToDevice(fd, device) == nil {
			text += " on " + device
		}
	}
	var sa unix.Sockaddr = &unix.SockaddrInet6{Port: int(number), Addr: addr.As16()}
	if family == unix.AF_INET {
		sa = &unix.SockaddrInet4{Port: int(number), Addr: addr.As4()}
	}
	if unix.Bind(fd, sa) != nil || protocol == port.TCP && unix.Listen(fd, 50) != nil {
		_ = unix.Close(fd)
		return nil
	}
	var info unix.Stat_t
	_ = unix.Fstat(fd, &info)
	return &answering{fd, info.Ino, text}
}

// reach sends to an address and tells the inode of the server that got it; 0
// for none.
func reach(t *testing.T, protocol port.Protocol, to netip.AddrPort, servers []*answering) uint64 {
	t.Helper()
	family, kind := unix.AF_INET, unix.SOCK_STREAM
	var sa unix.Sockaddr
	if to.Addr().Is6() {
		family = unix.AF_INET6
		sa = &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
	} else {
		sa = &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	}
	if protocol == port.UDP {
		kind = unix.SOCK_DGRAM
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, sa); err != nil {
		return 0
	}
	if protocol == port.UDP {
		_, _ = unix.Write(fd, binary.NativeEndian.AppendUint32(nil, 7))
	}
	// On loopback a connection or datagram is with the server before the call
	// that sent it returns. A server that is not reached gives an error
	// instead, so only the scheduler could make this wait.
	for range 2000 {
		for _, s := range servers {
			buffer := make([]byte, 16)
			if protocol == port.UDP {
				if n, _, err := unix.Recvfrom(s.fd, buffer, 0); err == nil && n > 0 {
					return s.inode
				}
			} else if accepted, _, err := unix.Accept(s.fd); err == nil {
				_ = unix.Close(accepted)
				return s.inode
			}
		}
		if protocol == port.UDP {
			if _, err := unix.Write(fd, nil); err == unix.ECONNREFUSED {
				return 0
			}
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("nobody got what was sent to %s", to)
	return 0
}
