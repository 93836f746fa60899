package dirent

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

func TestEach(t *testing.T) {
	dir := t.TempDir()
	var want []string
	for i := range 500 {
		name := "entry" + strconv.Itoa(i)
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		want = append(want, name)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	open := func() *os.File {
		f, err := os.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	var got, folders []string
	// A small buffer, so that it takes many calls.
	err := Each(int(open().Fd()), make([]byte, 256), func(e Entry) bool {
		if e.Type == Directory {
			folders = append(folders, string(e.Name))
		} else {
			got = append(got, string(e.Name))
		}
		return true
	})
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) || !slices.Equal(folders, []string{"folder"}) {
		t.Errorf("%d entries, folders %q, %v", len(got), folders, err)
	}
	count := 0
	if err := Each(int(open().Fd()), make([]byte, 256), func(Entry) bool { count++; return count < 3 }); err != nil || count != 3 {
		t.Errorf("stopped after %d, %v", count, err)
	}
	if err := Each(-1, make([]byte, 256), func(Entry) bool { return true }); err == nil {
		t.Error("a bad descriptor is no error")
	}
}
