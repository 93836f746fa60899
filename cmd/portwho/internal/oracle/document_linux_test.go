package oracle

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"golang.org/x/sys/unix"
)

// keepResult puts what was measured into the document that -oracle.write
// names, between the markers of its part. A relative path starts at the folder
// of the module.
func keepResult(t *testing.T, part, result string) {
	t.Helper()
	path := *document
	if path == "" {
		return
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join("..", "..", "..", "..", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begins, ends := fmt.Appendf(nil, "<!-- measured: %s -->\n", part), fmt.Appendf(nil, "<!-- end of measured: %s -->\n", part)
	before, rest, found := bytes.Cut(text, begins)
	_, after, ended := bytes.Cut(rest, ends)
	if !found || !ended {
		t.Fatalf("%s has no place for %s", path, part)
	}
	measured := fmt.Appendf(nil, "\n```text\nLinux %s\n%s```\n\n", kernel(), result)
	if err := os.WriteFile(path, bytes.Join([][]byte{before, begins, measured, ends, after}, nil), 0o644); err != nil {
		t.Fatal(err)
	}
}

// kernel is the number of the kernel, without what a distribution adds.
func kernel() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return "unknown"
	}
	return regexp.MustCompile(`^[0-9.]*[0-9]`).FindString(unix.ByteSliceToString(name.Release[:]))
}
