package collect_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// pair makes two connected Unix sockets. What is sent to the first arrives at
// the second.
func pair(t testing.TB, kind int) (from, to int) {
	t.Helper()
	ends, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(ends[0]); unix.Close(ends[1]) })
	return ends[0], ends[1]
}

// sendListener opens a listener, sends it away and keeps no descriptor of it.
func sendListener(t testing.TB, over int) (number uint16, inode uint64) {
	t.Helper()
	fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	number = bind(t, fd, loopback4())
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	inode = inodeOf(t, fd)
	if err := unix.Sendmsg(over, []byte("take this"), unix.UnixRights(fd), nil, 0); err != nil {
		t.Fatal(err)
	}
	// Putting another file under the number closes the last descriptor, and
	// leaves the number to the cleanup.
	other := raw(t, unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err := unix.Dup3(other, fd, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	return number, inode
}

// takeUnheld takes snapshots until nobody has the only socket open. A child
// that another test starts has our files until it has become its own program.
func takeUnheld(t testing.TB, number uint16) (*host.Snapshot, host.Socket) {
	t.Helper()
	for attempt := 0; ; attempt++ {
		snapshot := take(t, number, port.TCP)
		s := one(t, snapshot)
		if attempt == 200 || !slices.ContainsFunc(s.Holders, func(h host.Holder) bool { return h.Via == host.ViaFD }) {
			return snapshot, s
		}
	}
}

// receiveInode takes the next message and returns the inode of the socket that
// came with it.
func receiveInode(t testing.TB, fd int) uint64 {
	t.Helper()
	payload, control := make([]byte, 64), make([]byte, 256)
	n, size, _, _, err := unix.Recvmsg(fd, payload, control, unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
	if err != nil || string(payload[:n]) != "take this" {
		t.Fatalf("received %q, %v", payload[:n], err)
	}
	messages, err := unix.ParseSocketControlMessage(control[:size])
	if err != nil || len(messages) != 1 {
		t.Fatalf("received %v, %v", messages, err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		t.Fatalf("received %v, %v", fds, err)
	}
	defer unix.Close(fds[0])
	return inodeOf(t, fds[0])
}

func TestHolderInFlight(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]int{"stream": unix.SOCK_STREAM, "datagram": unix.SOCK_DGRAM, "seqpacket": unix.SOCK_SEQPACKET} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := pair(t, kind)
			number, inode := sendListener(t, from)
			for range 2 { // a second look meets what the first one left
				snapshot, s := takeUnheld(t, number)
				want := []host.Holder{{PID: int32(os.Getpid()), FD: -1, Via: host.ViaInFlight}}
				if s.State != host.StateListen || s.Inode != inode || !slices.Equal(s.Holders, want) || s.HolderStatus != surely(snapshot) {
					t.Errorf("got %s, %+v, %s", s.State, s.Holders, s.HolderStatus)
				}
				if len(snapshot.Queues) > 0 {
					t.Errorf("queues %+v, though the socket was found", snapshot.Queues)
				}
			}
			if holds, err := collect.HoldsInode("", int32(os.Getpid()), inode); err != nil || !holds {
				t.Errorf("HoldsInode = %v, %v", holds, err)
			}
			if got := receiveInode(t, to); got != inode {
				t.Errorf("received socket %d, want %d", got, inode)
			}
		})
	}
}

// Whoever has the receiving socket may receive.
func TestInFlightToSeveralProcesses(t *testing.T) {
	t.Parallel()
	from, to := pair(t, unix.SOCK_DGRAM)
	copied, err := unix.FcntlInt(uintptr(to), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(copied), "receiver")
	c := start(t, roleHold, file)
	c.ready(t)
	file.Close()
	number, _ := sendListener(t, from)
	_, s := takeUnheld(t, number)
	want := []host.Holder{
		{PID: int32(os.Getpid()), FD: -1, Via: host.ViaInFlight},
		{PID: int32(c.Process.Pid), FD: -1, Via: host.ViaInFlight},
	}
	slices.SortFunc(want, func(a, b host.Holder) int { return int(a.PID - b.PID) })
	if !slices.Equal(s.Holders, want) {
		t.Errorf("got %+v, want %+v", s.Holders, want)
	}
}

// Where nobody can look, there is no holder, and the receivers are told as
// candidates.
func TestInFlightOutOfSight(t *testing.T) {
	t.Parallel()
	self := int32(os.Getpid())
	check := func(t *testing.T, number uint16, descriptors uint32, listening bool) {
		t.Helper()
		snapshot, s := takeUnheld(t, number)
		if len(s.Holders) != 0 || s.HolderStatus != host.HoldersHidden {
			t.Errorf("got %+v, %s", s.Holders, s.HolderStatus)
		}
		if !slices.ContainsFunc(snapshot.Queues, func(q host.DescriptorQueue) bool {
			return slices.Equal(q.PIDs, []int32{self}) && q.Descriptors == descriptors && q.Listening == listening
		}) {
			t.Errorf("got queues %+v, want %d descriptors for us", snapshot.Queues, descriptors)
		}
		if snapshot.Process(self) == nil {
			t.Error("the candidate is not among the processes")
		}
	}
	t.Run("second message", func(t *testing.T) {
		t.Parallel()
		from, _ := pair(t, unix.SOCK_DGRAM)
		if err := unix.Sendmsg(from, []byte{1}, unix.UnixRights(from, from), nil, 0); err != nil {
			t.Fatal(err)
		}
		number, _ := sendListener(t, from)
		check(t, number, 1, false)
	})
	t.Run("a reader who peeks", func(t *testing.T) {
		t.Parallel()
		from, to := pair(t, unix.SOCK_STREAM)
		set(t, to, unix.SOL_SOCKET, unix.SO_PEEK_OFF, 3)
		number, inode := sendListener(t, from)
		check(t, number, 1, false)
		if offset, err := unix.GetsockoptInt(to, unix.SOL_SOCKET, unix.SO_PEEK_OFF); err != nil || offset != 3 {
			t.Errorf("SO_PEEK_OFF is %d now, %v", offset, err)
		}
		if got := receiveInode(t, to); got != inode {
			t.Errorf("received socket %d, want %d", got, inode)
		}
	})
	t.Run("a connection that nobody accepted", func(t *testing.T) {
		t.Parallel()
		at := &unix.SockaddrUnix{Name: filepath.Join(t.TempDir(), "s")}
		server, client := raw(t, unix.AF_UNIX, unix.SOCK_STREAM, 0), raw(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err := unix.Bind(server, at); err != nil {
			t.Fatal(err)
		}
		if err := unix.Listen(server, 1); err != nil {
			t.Fatal(err)
		}
		if err := unix.Connect(client, at); err != nil {
			t.Fatal(err)
		}
		number, _ := sendListener(t, client)
		check(t, number, 1, true)
	})
}

// Another user sees neither the queue nor the holder.
func TestInFlightForAnotherUser(t *testing.T) {
	t.Parallel()
	needRoot(t)
	from, _ := pair(t, unix.SOCK_DGRAM)
	number, _ := sendListener(t, from)
	c := start(t, roleSnapshot)
	snapshot := c.snapshot(t, order{UID: 65534, Scope: host.Scope{Ports: []port.Range{port.One(number)}}})
	if s := one(t, snapshot); len(s.Holders) != 0 || s.HolderStatus != host.HoldersHidden {
		t.Errorf("got %+v, %s", s.Holders, s.HolderStatus)
	}
}
