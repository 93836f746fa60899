package collect

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
)

// What was opened after a scan had read its process is found all the same, and
// so is what only a second look at threads and rings shows.
func TestSearchAheadLooksAgain(t *testing.T) {
	t.Parallel()
	root, err := procfs.Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	self, err := root.Self()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		t.Fatal(err)
	}
	r := &reader{ctx: t.Context(), root: root, processes: make(map[int32]host.Process)}
	r.ahead = &ahead{
		inodes: make(chan []uint64, 1), done: make(chan struct{}), cancel: func() {},
		result: &procfs.ScanResult{Holdings: make(map[uint64][]procfs.Holding)},
	}
	close(r.ahead.done)
	result, err := r.joinSearch([]uint64{info.Ino})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(result.Holdings[info.Ino], func(h procfs.Holding) bool { return h.PID == self && int(h.FD) == fd }) {
		t.Errorf("got %+v", result.Holdings)
	}
	if _, read := r.processes[self]; !read || r.ahead != nil {
		t.Errorf("process read %v, still ahead %v", read, r.ahead != nil)
	}
}
