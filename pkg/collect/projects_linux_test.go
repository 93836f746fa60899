package collect_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// TestProjects starts servers in folders and looks what is said of those.
func TestProjects(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{".git/HEAD": "ref: refs/heads/main\n", "web/package.json": `{"name": "shop", "dependencies": {"next": "1"}}`, "gone/x": ""} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	serve := func(folder string) (*child, uint16) {
		t.Helper()
		fd, number, err := listenRaw()
		if err != nil {
			t.Fatal(err)
		}
		listener := os.NewFile(uintptr(fd), "listener")
		c := prepare(t, roleHold, listener)
		c.Dir = filepath.Join(dir, folder)
		c.run(t)
		c.ready(t)
		listener.Close() // the child has it alone
		return c, number
	}
	web, number := serve("web")
	want := host.Project{Folder: filepath.Join(dir, "web"), Name: "shop", Framework: "next", Manifest: "package.json", Repository: dir, Branch: "main"}
	if got := projectOn(t, number, web.Process.Pid); got == nil || *got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	gone, number := serve("gone")
	if err := os.RemoveAll(filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	if got := projectOn(t, number, gone.Process.Pid); got == nil || !got.Deleted || got.Folder != filepath.Join(dir, "gone") {
		t.Errorf("of a deleted folder: %+v", got)
	}
}

func projectOn(t *testing.T, number uint16, pid int) *host.Project {
	t.Helper()
	snapshot, err := collect.Collect(t.Context(), collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(number)}}})
	if err != nil {
		t.Fatal(err)
	}
	p := snapshot.Process(int32(pid))
	if p == nil {
		t.Fatalf("pid %d is not in the snapshot", pid)
	}
	return p.Project
}

// A path that a process in another mount namespace means is not the one here.
func TestIsHere(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"proc/7", "own", "other"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	own, other := filepath.Join(root, "own"), filepath.Join(root, "other")
	if err := os.Symlink(own, filepath.Join(root, "proc", "7", "cwd")); err != nil {
		t.Fatal(err)
	}
	proc := filepath.Join(root, "proc")
	if !collect.IsHere(proc, 7, own) {
		t.Error("its own folder is not here")
	}
	if collect.IsHere(proc, 7, other) || collect.IsHere(proc, 8, own) || collect.IsHere(proc, 7, "own") || collect.IsHere(proc, 7, "") {
		t.Error("another folder is taken for its own")
	}
}
