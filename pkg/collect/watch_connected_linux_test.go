package collect_test

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// A UDP socket that connects is told as connected, once, and one that is closed
// is not.
func TestWatchConnected(t *testing.T) {
	t.Parallel()
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		t.Run(fmt.Sprint(family), func(t *testing.T) {
			t.Parallel()
			var peer unix.Sockaddr = &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 9}
			if family == unix.AF_INET6 {
				peer = &unix.SockaddrInet6{Addr: [16]byte{15: 1}, Port: 9}
			}
			open := func() (fd int, number uint16) {
				fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
				if err != nil {
					t.Fatal(err)
				}
				if family == unix.AF_INET6 {
					return fd, bind(t, fd, &unix.SockaddrInet6{})
				}
				return fd, bind(t, fd, &unix.SockaddrInet4{})
			}
			connects, first := open()
			defer unix.Close(connects)
			closes, second := open()
			now := time.Now()
			w := collect.Watch{Config: collect.Config{
				Scope: host.Scope{Ports: []port.Range{port.One(first), port.One(second)}, Protocols: []port.Protocol{port.UDP}, ListenersOnly: true},
				Now:   func() time.Time { return now },
			}}
			look := func(want int) *host.Snapshot {
				t.Helper()
				now = now.Add(time.Second)
				snapshot, _, err := w.Look(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if len(snapshot.Sockets) != want {
					t.Fatalf("%d sockets, want %d: %+v", len(snapshot.Sockets), want, snapshot.Sockets)
				}
				return snapshot
			}
			id := ""
			for _, s := range look(2).Sockets {
				if s.Local.Port() == first {
					id = s.ID
				}
			}
			if err := unix.Connect(connects, peer); err != nil {
				t.Skip(err)
			}
			unix.Close(closes)
			look(0)
			got := w.Connected()
			if len(got) != 1 || got[0].ID != id || got[0].Remote.Port() != 9 || !got[0].Local.Addr().IsLoopback() {
				t.Errorf("connected are %+v, want %s", got, id)
			}
			look(0)
			if got := w.Connected(); len(got) > 0 {
				t.Errorf("told again: %+v", got)
			}
		})
	}
}
