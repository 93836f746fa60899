//go:build unix

package ownfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(at("file"), []byte("0123456789"), 0o600))
	must(os.Symlink(at("file"), at("link")))
	must(unix.Mkfifo(at("pipe"), 0o600))
	must(os.Mkdir(at("folder"), 0o700))
	me := uint32(os.Geteuid())
	if text, err := Read(at("file"), 4, Owners{me}); string(text) != "0123" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
	if _, err := Read(at("file"), 4, Owners{me + 1}); !errors.Is(err, ErrRefused) {
		t.Errorf("of another user: %v", err)
	}
	if _, err := Read(at("nothing"), 4, Owners{me}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
	for _, name := range []string{"link", "pipe", "folder"} {
		if _, err := Read(at(name), 4, Owners{me}); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Read("/dev/null", 4, Owners{me, 0}); !errors.Is(err, ErrRefused) {
		t.Errorf("a device: %v", err)
	}
	if names, err := Names(dir, 10, Owners{me}); len(names) != 4 || err != nil {
		t.Errorf("names %q, %v", names, err)
	}
	if names, err := Names(dir, 2, Owners{me}); len(names) != 2 || err != nil {
		t.Errorf("names %q, %v", names, err)
	}
	must(os.Symlink(at("folder"), at("way")))
	if _, err := Names(at("way"), 2, Owners{me}); !errors.Is(err, ErrRefused) {
		t.Errorf("a link to a folder: %v", err)
	}
}
