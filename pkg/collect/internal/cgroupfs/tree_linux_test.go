package cgroupfs

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// grow makes a tree of directories, which is all that Path looks at, and
// returns the number of each.
func grow(t *testing.T) (root string, ids map[string]uint64) {
	t.Helper()
	root = t.TempDir()
	ids = make(map[string]uint64)
	for _, path := range []string{"/", "/system.slice", "/system.slice/web.service", "/user.slice", "/user.slice/a/b/c"} {
		full := filepath.Join(root, path)
		if err := os.MkdirAll(full, 0o755); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(full)
		if err != nil {
			t.Fatal(err)
		}
		ids[path] = info.Sys().(*syscall.Stat_t).Ino
	}
	return root, ids
}

func open(t *testing.T, root string) *Tree {
	t.Helper()
	tree, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	return tree
}

// Without the right to open handles, only a guess or a walk can tell.
func TestPathByGuessAndByWalk(t *testing.T) {
	root, ids := grow(t)
	for path, id := range ids {
		tree := open(t, root)
		tree.handles = false
		if got := tree.Path(id, "", false); got != "" {
			t.Errorf("%s: got %q without looking", path, got)
		}
		if got := tree.Path(id, path, false); got != path {
			t.Errorf("%s: got %q by a good guess", path, got)
		}
		tree = open(t, root)
		tree.handles = false
		if got := tree.Path(id, "/system.slice/../no", false); got != "" {
			t.Errorf("%s: got %q by a bad guess", path, got)
		}
		if got := tree.Path(id, "", true); got != path {
			t.Errorf("%s: got %q by a walk", path, got)
		}
	}
	tree := open(t, root)
	tree.handles = false
	if got := tree.Path(1<<60, "", true); got != "" {
		t.Errorf("got %q for a number that is not there", got)
	}
	if got := tree.Path(0, "/", true); got != "" {
		t.Errorf("got %q for the unknown", got)
	}
}

func TestOpenMissing(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error")
	}
}
