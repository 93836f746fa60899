package cgroupfs

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// unavailable skips a test for want of something a bare machine may lack,
// unless PORTWHO_TEST_REQUIRE=all says that nothing may be skipped.
func unavailable(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		t.Fatalf("required, and not available: %s", reason)
	}
	t.Skip(reason)
}

// A cgroup of the running kernel is found by its number, and one that was
// removed is not.
func TestPathByHandle(t *testing.T) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		unavailable(t, err.Error())
	}
	point := ""
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); strings.Contains(line, " - cgroup2 ") && len(fields) > 4 {
			point = fields[4]
			break
		}
	}
	if point == "" {
		unavailable(t, "no cgroup v2 is mounted")
	}
	dir, err := os.MkdirTemp(point, "portwho-test-")
	if err != nil {
		unavailable(t, "no cgroup can be made: "+err.Error())
	}
	t.Cleanup(func() { os.Remove(dir) })
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	id := info.Sys().(*syscall.Stat_t).Ino
	want := "/" + filepath.Base(dir)

	tree := open(t, point)
	if got := tree.Path(id, "", false); got != want {
		if !tree.handles {
			unavailable(t, "open_by_handle_at is not permitted")
		}
		t.Errorf("got %q, want %q", got, want)
	}
	if got := tree.Path(tree.inode("."), "", false); got != "/" {
		t.Errorf("the root is %q", got)
	}
	walker := open(t, point)
	walker.handles = false
	if got := walker.Path(id, "", true); got != want {
		t.Errorf("by a walk: got %q, want %q", got, want)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if got := open(t, point).Path(id, "", true); got != "" {
		t.Errorf("after its removal: got %q", got)
	}
}
