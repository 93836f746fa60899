package collect_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

func TestSharedDescriptorHasTwoHolders(t *testing.T) {
	t.Parallel()
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
	c := start(t, roleHold, file, file)
	c.ready(t)
	file.Close()

	s := one(t, take(t, number, port.TCP))
	want := []host.Holder{
		{PID: int32(os.Getpid()), FD: int32(fd), Via: host.ViaFD},
		{PID: int32(c.Process.Pid), FD: 3, Via: host.ViaFD}, // the lower of 3 and 4
	}
	slices.SortFunc(want, func(a, b host.Holder) int { return int(a.PID - b.PID) })
	if !slices.Equal(s.Holders, want) {
		t.Errorf("got %+v, want %+v", s.Holders, want)
	}
	for _, pid := range []int32{int32(os.Getpid()), int32(c.Process.Pid)} {
		if holds, err := collect.HoldsInode("", pid, s.Inode); err != nil || !holds {
			t.Errorf("HoldsInode(%d) = %v, %v", pid, holds, err)
		}
	}
	if holds, err := collect.HoldsInode("", int32(os.Getppid()), s.Inode); holds || err != nil && !errors.Is(err, fs.ErrPermission) {
		t.Errorf("HoldsInode of the parent = %v, %v", holds, err)
	}
	if holds, err := collect.HoldsInode("", int32(c.Process.Pid), 1<<40); err != nil || holds {
		t.Errorf("HoldsInode of an inode that is not there = %v, %v", holds, err)
	}
}

func TestHolderBehindADeadLeader(t *testing.T) {
	t.Parallel()
	c := start(t, roleDeadLeader)
	number := c.readyPort(t)
	pid := int32(c.Process.Pid)
	// The line is written by another thread, maybe before the leader ends.
	for range 200 {
		if p, err := collect.ReadProcess(t.Context(), "", pid); err != nil || p.State == host.ProcessZombie {
			break
		}
	}
	snapshot := take(t, number, port.TCP)
	s := one(t, snapshot)
	if len(s.Holders) != 1 || s.Holders[0].PID != pid || s.Holders[0].Via != host.ViaThread {
		t.Fatalf("got %+v, %s", s.Holders, s.HolderStatus)
	}
	if p := snapshot.Process(pid); p == nil || p.State != host.ProcessZombie {
		t.Errorf("got process %+v", p)
	}
	if holds, err := collect.HoldsInode("", pid, s.Inode); err != nil || !holds {
		t.Errorf("HoldsInode = %v, %v", holds, err)
	}
}

func TestHolderIsAThreadWithItsOwnTable(t *testing.T) {
	t.Parallel()
	c := start(t, roleOwnTable)
	number := c.readyPort(t)
	scope := host.Scope{Ports: []port.Range{port.One(number)}}
	s := one(t, takeWith(t, collect.Config{Scope: scope, ReuseBits: true}))
	if len(s.Holders) != 1 || s.Holders[0].PID != int32(c.Process.Pid) || s.Holders[0].Via != host.ViaThread || s.Holders[0].FD < 0 {
		t.Fatalf("got %+v, %s", s.Holders, s.HolderStatus)
	}
	if holds, err := collect.HoldsInode("", int32(c.Process.Pid), s.Inode); err != nil || !holds {
		t.Errorf("HoldsInode = %v, %v", holds, err)
	}
}

func TestHolderThroughIOUring(t *testing.T) {
	t.Parallel()
	c := start(t, roleIOUring)
	number := c.readyPort(t)
	s := one(t, take(t, number, port.TCP))
	if want := []host.Holder{{PID: int32(c.Process.Pid), FD: -1, Via: host.ViaIOUring}}; !slices.Equal(s.Holders, want) {
		t.Fatalf("got %+v, %s", s.Holders, s.HolderStatus)
	}
	if holds, err := collect.HoldsInode("", int32(c.Process.Pid), s.Inode); err != nil || !holds {
		t.Errorf("HoldsInode = %v, %v", holds, err)
	}
}

func TestUnprivilegedView(t *testing.T) {
	t.Parallel()
	needRoot(t)
	fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	number := bind(t, fd, loopback4())
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	c := start(t, roleSnapshot)
	snapshot := c.snapshot(t, order{UID: 65534, Scope: host.Scope{Ports: []port.Range{port.One(number)}}, ReuseBits: true})

	s := one(t, snapshot)
	if s.UID == nil || *s.UID != 0 || s.Inode != inodeOf(t, fd) {
		t.Errorf("got uid %v, inode %d", s.UID, s.Inode)
	}
	if len(s.Holders) != 0 || s.HolderStatus != host.HoldersHidden || s.ReuseAddress != nil {
		t.Errorf("got %+v, %s, reuse %v", s.Holders, s.HolderStatus, s.ReuseAddress)
	}
	if snapshot.Viewer.UID == nil || *snapshot.Viewer.UID != 65534 || snapshot.Viewer.BindsPrivileged {
		t.Errorf("got viewer %+v", snapshot.Viewer)
	}
	if !slices.ContainsFunc(snapshot.Gaps, func(g host.Gap) bool {
		return g.Source == "/proc" && strings.HasPrefix(g.Subject, "open files of ") &&
			g.Reason == "permission denied" && strings.Contains(g.Hint, "root") && !g.Decides
	}) {
		t.Errorf("no gap about unreadable processes: %+v", snapshot.Gaps)
	}
}

func TestHidepidIsAGap(t *testing.T) {
	t.Parallel()
	needRoot(t)
	fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	number := bind(t, fd, loopback4())
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} { // the other user must get there
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c := prepare(t, roleSnapshot)
	c.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
	c.run(t)
	snapshot := c.snapshot(t, order{
		Mount: dir, Options: "hidepid=invisible", UID: 65534,
		ProcRoot: dir, Scope: host.Scope{Ports: []port.Range{port.One(number)}},
	})
	s := one(t, snapshot)
	if s.HolderStatus != host.HoldersHidden {
		t.Errorf("got %s", s.HolderStatus)
	}
	if !slices.ContainsFunc(snapshot.Gaps, func(g host.Gap) bool {
		return g.Subject == "processes of other users" && strings.Contains(g.Reason, "hidepid=")
	}) {
		t.Errorf("no gap about hidepid: %+v", snapshot.Gaps)
	}
}

// snapshot gives the order and reads the answer.
func (c *child) snapshot(t testing.TB, o order) *host.Snapshot {
	t.Helper()
	syscall.ForkLock.RLock() // as in takeWith
	awaitExec()
	if err := json.NewEncoder(c.stdin).Encode(o); err != nil {
		syscall.ForkLock.RUnlock()
		t.Fatal(err)
	}
	text, err := io.ReadAll(c.lines)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := host.Read(strings.NewReader(string(text)))
	if err != nil {
		t.Fatalf("%v in %.300q", err, text)
	}
	return snapshot
}

// Processes come and go all the time. Scanning through that must neither fail
// nor blame one that is gone.
func TestScanWhileProcessesComeAndGo(t *testing.T) {
	t.Parallel()
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
	stop := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			c := start(t, roleNothing, file)
			c.end()
		}
	})
	for range 60 {
		snapshot, err := collect.Collect(t.Context(), collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(number)}, Protocols: []port.Protocol{port.TCP}}})
		if err != nil {
			t.Fatal(err)
		}
		s := one(t, snapshot)
		if !slices.ContainsFunc(s.Holders, func(h host.Holder) bool { return h.PID == int32(os.Getpid()) }) {
			t.Errorf("we are not among the holders: %+v", s.Holders)
		}
		for _, h := range s.Holders {
			if snapshot.Process(h.PID) == nil {
				t.Errorf("holder %d is not among the processes", h.PID)
			}
		}
	}
	close(stop)
	wait.Wait()
	file.Close()
}

// A socket that closes while the holders are sought is gone, not hidden. Only
// between the end of its descriptor and its own end, inside close(2), is it
// truly nobody's, and a look may fall into that moment now and then.
func TestScanWhileSocketsComeAndGo(t *testing.T) {
	t.Parallel()
	ours := [4]byte{127, 77, 13, 2} // an address that nobody else uses
	stop := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				continue
			}
			if unix.Bind(fd, &unix.SockaddrInet4{Addr: ours}) == nil {
				unix.Listen(fd, 1)
				time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
			}
			unix.Close(fd)
		}
	})
	scope := host.Scope{Protocols: []port.Protocol{port.TCP}}
	var seen, hidden int
	for range 1000 {
		if seen >= 50 {
			break
		}
		for _, s := range takeWith(t, collect.Config{Scope: scope}).Sockets {
			if s.Local.Addr().As16() != netip.AddrFrom4(ours).As16() {
				continue
			}
			if seen++; s.HolderStatus == host.HoldersHidden {
				hidden++
			}
		}
	}
	close(stop)
	wait.Wait()
	if seen == 0 {
		t.Error("no snapshot caught one of the sockets")
	}
	if hidden > seen/5 {
		t.Errorf("%d of %d sockets that were ours are said to be hidden", hidden, seen)
	}
}
