package collect_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// A quick look names one holder, and does not claim that there are no others.
func TestQuick(t *testing.T) {
	t.Parallel()
	number, c := sharedListener(t)
	holders := []int32{int32(os.Getpid()), int32(c.Process.Pid)}

	for _, listenersOnly := range []bool{true, false} {
		snapshot := takeWith(t, collect.Config{
			Scope: host.Scope{Ports: []port.Range{port.One(number)}, Protocols: []port.Protocol{port.TCP}, ListenersOnly: listenersOnly},
			Quick: true,
		})
		s := one(t, snapshot)
		if s.HolderStatus != host.HoldersPartial || len(s.Holders) == 0 || !slices.Contains(holders, s.Holders[0].PID) {
			t.Errorf("listeners only: %v: %s, %+v, want some of %v", listenersOnly, s.HolderStatus, s.Holders, holders)
		}
		if p := snapshot.Process(s.Holders[0].PID); p == nil || p.Name == "" {
			t.Errorf("listeners only: %v: the holder is not among the processes", listenersOnly)
		}
		var others, sockets bool
		for _, g := range snapshot.Gaps {
			others = others || g.HoldersOnly && strings.Contains(g.Subject, "further holders")
			sockets = sockets || g.Decides && strings.Contains(g.Subject, "do not listen")
		}
		if !others || sockets != listenersOnly {
			t.Errorf("listeners only: %v: gaps %+v", listenersOnly, snapshot.Gaps)
		}
	}
}

// A socket leads to the cgroup that it was made in, and that to its processes.
func TestQuickByCgroup(t *testing.T) {
	t.Parallel()
	needRoot(t)
	c := prepare(t, roleLoad)
	c.SysProcAttr = &unix.SysProcAttr{UseCgroupFD: true, CgroupFD: ownCgroup(t, "portwho-test-quick-"+strconv.Itoa(os.Getpid()))}
	c.run(t)
	c.ready(t)
	pid := int32(c.Process.Pid)
	listing := takeWith(t, collect.Config{Scope: host.Scope{Protocols: []port.Protocol{port.TCP}, ListenersOnly: true}})
	for _, s := range listing.Sockets {
		if len(s.Holders) != 1 || s.Holders[0].PID != pid {
			continue
		}
		likely, err := collect.Likely(t.Context(), s.Local.Port())
		if err != nil {
			t.Fatal(err)
		}
		// Somebody else may listen beside it, on another address.
		if !slices.Contains(likely, pid) {
			t.Errorf("port %d of process %d leads to %v", s.Local.Port(), pid, likely)
		}
		return
	}
	t.Error("the child listens, and was not found")
}

// sharedListener listens, and starts a child that holds the listener too.
func sharedListener(t testing.TB) (uint16, *child) {
	t.Helper()
	fd, number, err := listenRaw()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	copied, err := unix.Dup(fd)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(copied), "listener")
	defer file.Close()
	c := start(t, roleHold, file, file)
	c.ready(t)
	return number, c
}

// ownCgroup makes a cgroup below the root of the hierarchy and returns a
// descriptor of it. It goes after the children that are started later.
func ownCgroup(t testing.TB, name string) int {
	t.Helper()
	mount := ""
	for _, point := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var info unix.Statfs_t
		if unix.Statfs(point, &info) == nil && info.Type == unix.CGROUP2_SUPER_MAGIC {
			mount = point
		}
	}
	if mount == "" {
		unavailable(t, "no cgroup v2 is mounted")
	}
	dir := mount + "/" + name
	if err := os.Mkdir(dir, 0o755); err != nil {
		unavailable(t, err.Error())
	}
	group, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after the child has ended
		group.Close()
		if err := unix.Rmdir(dir); err != nil {
			t.Errorf("remove %s: %v", dir, err)
		}
	})
	return int(group.Fd())
}
