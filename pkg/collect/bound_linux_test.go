package collect_test

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// boundGap tells whether the snapshot admits that bound sockets may be
// missing.
func boundGap(s *host.Snapshot) bool {
	return slices.ContainsFunc(s.Gaps, func(g host.Gap) bool {
		return g.Decides && strings.HasPrefix(g.Subject, "bound sockets")
	})
}

// What is found descriptor by descriptor is what the kernel of today lists.
func TestBoundSocketsWithoutTheKernelsHelp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name             string
		family, protocol int
		at               unix.Sockaddr
		set              func(t *testing.T, fd int)
	}{
		{"IPv4", unix.AF_INET, 0, loopback4(), nil},
		{"IPv4 wildcard with both reuse bits", unix.AF_INET, 0, &unix.SockaddrInet4{}, func(t *testing.T, fd int) {
			set(t, fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
			set(t, fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		}},
		{"IPv6", unix.AF_INET6, 0, &unix.SockaddrInet6{Addr: [16]byte{15: 1}}, nil},
		{"dual stack", unix.AF_INET6, 0, &unix.SockaddrInet6{}, nil},
		{"IPv6 only", unix.AF_INET6, 0, &unix.SockaddrInet6{}, func(t *testing.T, fd int) {
			set(t, fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
		}},
		{"v4-mapped", unix.AF_INET6, 0, &unix.SockaddrInet6{Addr: [16]byte{10: 0xff, 11: 0xff, 12: 127, 15: 1}}, nil},
		{"one device", unix.AF_INET, 0, &unix.SockaddrInet4{}, func(t *testing.T, fd int) {
			if err := unix.SetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, "lo"); err != nil {
				unavailable(t, "SO_BINDTODEVICE: "+err.Error())
			}
		}},
		{"MPTCP", unix.AF_INET, unix.IPPROTO_MPTCP, loopback4(), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fd := raw(t, tt.family, unix.SOCK_STREAM, tt.protocol)
			if tt.set != nil {
				tt.set(t, fd)
			}
			number := bind(t, fd, tt.at)
			copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			file := os.NewFile(uintptr(copied), "bound")
			c := start(t, roleHold, file)
			c.ready(t)
			file.Close()

			cfg := collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(number)}, Protocols: []port.Protocol{port.TCP}}, ReuseBits: true}
			want := one(t, takeWith(t, cfg))
			got := one(t, takeWith(t, collect.WithoutBound(cfg)))
			if len(got.Holders) != 2 {
				t.Errorf("got holders %+v, want us and our child", got.Holders)
			}
			got.CgroupID, got.Cgroup, want.CgroupID, want.Cgroup = 0, "", 0, ""
			got.Managers, want.Managers = nil, nil
			if want.MPTCP {
				want.Cookie = 0 // that of the socket below
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("\n got %+v\nwant %+v", got, want)
			}
		})
	}
}

// A number that was given back is not held, although its old socket still
// shows it. Who cannot tell must not name anybody.
func TestEndedConnectionIsNotBound(t *testing.T) {
	t.Parallel()
	fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	number := bind(t, fd, loopback4())
	client := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	if err := unix.Connect(client, &unix.SockaddrInet4{Port: int(number), Addr: [4]byte{127, 0, 0, 1}}); err != unix.ECONNREFUSED {
		t.Fatalf("connect: %v", err)
	}
	number = portOf(client)
	if number == 0 {
		t.Skip("the kernel shows no number after a refused connection")
	}
	cfg := collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(number)}, Protocols: []port.Protocol{port.TCP}}}
	snapshot := takeWith(t, collect.WithoutBound(cfg))
	if len(snapshot.Sockets) != 0 {
		t.Errorf("got %+v", snapshot.Sockets)
	}
	if !boundGap(snapshot) {
		t.Errorf("no gap: %+v", snapshot.Gaps)
	}
}

func TestBoundSocketsForAnotherUser(t *testing.T) {
	t.Parallel()
	needRoot(t)
	fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	number := bind(t, fd, loopback4())
	c := start(t, roleSnapshot)
	snapshot := c.snapshot(t, order{UID: 65534, Scope: host.Scope{Ports: []port.Range{port.One(number)}}, WithoutBound: true})
	if len(snapshot.Sockets) != 0 || !boundGap(snapshot) {
		t.Errorf("got %+v, gaps %+v", snapshot.Sockets, snapshot.Gaps)
	}
}

// Nothing is left to doubt once every process was asked. Descriptors on their
// way between other processes can spoil one look, so there are several.
func TestNoBoundGapOnceAllWereAsked(t *testing.T) {
	needRoot(t)
	number := uint16(parentPorts.next()) // nobody else gets it
	cfg := collect.WithoutBound(collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(number)}, Protocols: []port.Protocol{port.TCP}}})
	everybody := surely(take(t, portOfListener(t), port.TCP)) == host.HoldersKnown
	for range 50 {
		if gap := boundGap(takeWith(t, cfg)); gap != everybody {
			return
		}
	}
	t.Errorf("every process could be read: %v, and the gap is there all the same, or the other way round", everybody)
}

func portOfListener(t testing.TB) uint16 {
	t.Helper()
	fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	number := bind(t, fd, loopback4())
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	return number
}
