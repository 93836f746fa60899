package collect_test

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// plain is what both enumerators must agree on about an ordinary socket.
type plain struct {
	Protocol      port.Protocol
	Local, Remote netip.AddrPort
	State         host.State
	Holders       string
}

func plainly(s host.Socket) plain {
	var holders []string
	for _, h := range s.Holders {
		if h.PID == int32(os.Getpid()) {
			holders = append(holders, "us")
		} else {
			holders = append(holders, "another")
		}
	}
	return plain{s.Protocol, s.Local, s.Remote, s.State, strings.Join(holders, " ")}
}

// The ordinary sockets of a server: what sock_diag and gopsutil say about them
// is the same.
func TestEnumeratorsAgreeOnOrdinarySockets(t *testing.T) {
	t.Parallel()
	var numbers []port.Range
	note := func(a net.Addr) {
		numbers = append(numbers, port.One(addressOf(t, a).Port()))
	}
	for _, network := range []string{"tcp4", "tcp6"} {
		for _, address := range []string{"127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"} {
			if strings.HasPrefix(address, "[") != (network == "tcp6") {
				continue
			}
			l, err := net.Listen(network, address)
			if err != nil {
				t.Logf("%s %s: %v", network, address, err)
				continue
			}
			defer l.Close()
			note(l.Addr())
			u, err := net.ListenPacket(strings.Replace(network, "tcp", "udp", 1), address)
			if err != nil {
				t.Fatal(err)
			}
			defer u.Close()
			note(u.LocalAddr())
		}
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	note(l.Addr())
	note(client.LocalAddr())

	scope := host.Scope{Ports: numbers, Protocols: []port.Protocol{port.TCP, port.UDP}}
	views := map[host.Source][]plain{}
	for _, source := range []host.Source{host.SourceSockDiag, host.SourcePortable} {
		snapshot := takeWith(t, collect.Config{Scope: scope, Source: source})
		if snapshot.Source != source {
			t.Fatalf("asked for %s, got %s", source, snapshot.Source)
		}
		for _, s := range snapshot.Sockets {
			if slices.ContainsFunc(s.Holders, func(h host.Holder) bool { return h.PID == int32(os.Getpid()) }) {
				views[source] = append(views[source], plainly(s))
			}
		}
	}
	// The listener and its accepted connection have one address, and an order
	// that hangs on their ids.
	for _, view := range views {
		slices.SortFunc(view, func(a, b plain) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	if got, want := views[host.SourcePortable], views[host.SourceSockDiag]; !slices.Equal(got, want) {
		t.Errorf("gopsutil: %+v\nsock_diag: %+v", got, want)
	}
	if got, want := len(views[host.SourceSockDiag]), len(numbers)+1; got != want {
		t.Errorf("%d sockets, want %d: one for each port and the accepted connection", got, want)
	}
}

// What gopsutil is known to lose, each with the gap that admits it. When one
// of these fails, gopsutil has learned something, and a gap can go.
func TestPortableLosses(t *testing.T) {
	t.Parallel()
	both := func(t *testing.T, number uint16) (diag, portable *host.Snapshot) {
		scope := host.Scope{Ports: []port.Range{port.One(number)}, Protocols: []port.Protocol{port.TCP}}
		return takeWith(t, collect.Config{Scope: scope, Source: host.SourceSockDiag}),
			takeWith(t, collect.Config{Scope: scope, Source: host.SourcePortable})
	}
	admits := func(s *host.Snapshot, subject string) bool {
		return slices.ContainsFunc(s.Gaps, func(g host.Gap) bool { return g.Source == "gopsutil" && strings.Contains(g.Subject, subject) })
	}

	t.Run("second listener with SO_REUSEPORT", func(t *testing.T) {
		var number uint16
		for range 2 {
			fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
			set(t, fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
			to := loopback4()
			to.Port = int(number)
			number = bind(t, fd, to)
			if err := unix.Listen(fd, 1); err != nil {
				t.Fatal(err)
			}
		}
		diag, portable := both(t, number)
		if len(diag.Sockets) != 2 || len(portable.Sockets) != 1 || !admits(portable, "further sockets") {
			t.Errorf("sock_diag %d, gopsutil %d sockets, gaps %+v", len(diag.Sockets), len(portable.Sockets), portable.Gaps)
		}
	})
	t.Run("second holder of a descriptor", func(t *testing.T) {
		fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
		number := bind(t, fd, loopback4())
		if err := unix.Listen(fd, 1); err != nil {
			t.Fatal(err)
		}
		copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		file := os.NewFile(uintptr(copied), "listener")
		start(t, roleHold, file).ready(t)
		file.Close()
		diag, portable := both(t, number)
		if d, p := one(t, diag), one(t, portable); len(d.Holders) != 2 || len(p.Holders) != 1 || p.HolderStatus != host.HoldersPartial || !admits(portable, "further holders") {
			t.Errorf("sock_diag %+v, gopsutil %+v %s, gaps %+v", d.Holders, p.Holders, p.HolderStatus, portable.Gaps)
		}
	})
	t.Run("bound and not listening", func(t *testing.T) {
		fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
		number := bind(t, fd, loopback4())
		_, portable := both(t, number)
		decides := slices.ContainsFunc(portable.Gaps, func(g host.Gap) bool { return g.Decides && g.Subject == "bound sockets that do not listen" })
		if len(portable.Sockets) != 0 || !decides {
			t.Errorf("gopsutil %+v, gaps %+v", portable.Sockets, portable.Gaps)
		}
	})
	t.Run("inode, user and options", func(t *testing.T) {
		fd := raw(t, unix.AF_INET6, unix.SOCK_STREAM, 0)
		number := bind(t, fd, &unix.SockaddrInet6{})
		if err := unix.Listen(fd, 1); err != nil {
			t.Fatal(err)
		}
		_, portable := both(t, number)
		if s := one(t, portable); s.Inode != 0 || s.UID != nil || s.V6Only != nil {
			t.Errorf("gopsutil %+v", s)
		}
	})
}
