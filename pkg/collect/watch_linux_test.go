package collect_test

import (
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// A watch tells at once what came, what went and who let go; who came to hold a
// socket it tells with the next complete look.
func TestWatch(t *testing.T) {
	t.Parallel()
	// Children hold it alone: this process forks all the time, and a fork has
	// what this process has until it runs a program of its own.
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "listener")
	defer file.Close()
	number := bind(t, fd, loopback4())
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	stays, goes := start(t, roleHold, file), start(t, roleHold, file)
	stays.ready(t)
	goes.ready(t)
	file.Close()

	// From here on no other test forks: its child would hold for a moment what
	// this process has.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	awaitExec()

	now := time.Now()
	w := collect.Watch{Config: collect.Config{
		Scope: host.Scope{Ports: []port.Range{port.One(number)}, ListenersOnly: true},
		Now:   func() time.Time { return now },
	}}
	expect := func(what string, wantSame bool, sockets int, want ...int32) {
		t.Helper()
		now = now.Add(time.Second)
		snapshot, same, err := w.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !snapshot.TakenAt.Equal(now) {
			t.Errorf("taken at %v, want %v", snapshot.TakenAt, now)
		}
		var holders []int32
		if len(snapshot.Sockets) > 0 {
			for _, h := range snapshot.Sockets[0].Holders {
				holders = append(holders, h.PID)
			}
		}
		slices.Sort(want)
		if same != wantSame || len(snapshot.Sockets) != sockets || !slices.Equal(holders, want) {
			t.Fatalf("%s: same %v, holders %v of sockets %+v", what, same, holders, snapshot.Sockets)
		}
	}
	kept, gone := int32(stays.Process.Pid), int32(goes.Process.Pid)
	expect("first", false, 1, kept, gone)
	expect("nothing happened", true, 1, kept, gone)
	goes.end()
	expect("one let go", false, 1, kept)
	expect("nothing happened since", true, 1, kept)

	udp, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(udp, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: int(number)}); err != nil {
		t.Fatal(err)
	}
	expect("another socket", false, 2, kept)
	unix.Close(udp)
	expect("it went", false, 1, kept)

	pidfd, err := unix.PidfdOpen(stays.Process.Pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pidfd)
	copied, err := unix.PidfdGetfd(pidfd, 3, 0)
	if err != nil {
		unavailable(t, "pidfd_getfd: "+err.Error())
	}
	expect("this process has it too", true, 1, kept)
	now = now.Add(5 * time.Second)
	expect("a complete look", false, 1, kept, int32(os.Getpid()))
	unix.Close(copied)
	expect("this process let go", false, 1, kept)
	stays.end()
	expect("nobody listens any more", false, 0)
}

// What is no list of listeners is read anew each time.
func TestWatchOfMoreThanListeners(t *testing.T) {
	t.Parallel()
	w := collect.Watch{Config: collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(9)}}}}
	for range 2 {
		if _, same, err := w.Look(t.Context()); same || err != nil {
			t.Errorf("same %v, %v", same, err)
		}
	}
}
