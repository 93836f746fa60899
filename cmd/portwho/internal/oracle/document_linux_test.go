package oracle

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"golang.org/x/sys/unix"
)

// The markers between which a result stands in a document.
const (
	resultBegins = "<!-- what the oracle measured: written by go test, see \"Measure it again\" -->\n"
	resultEnds   = "<!-- end of what the oracle measured -->\n"
)

// writeTo puts the result into a document. A relative path starts at the
// folder of the module.
func (t *tally) writeTo(path string, seed uint64) error {
	if !filepath.IsAbs(path) {
		path = filepath.Join("..", "..", "..", "..", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := bytes.Cut(text, []byte(resultBegins))
	_, after, ended := bytes.Cut(rest, []byte(resultEnds))
	if !found || !ended {
		return fmt.Errorf("%s: no markers", path)
	}
	var out bytes.Buffer
	out.Write(before)
	fmt.Fprintf(&out, "%s\n```text\nLinux %s, seeds %d to %d\n\n%s```\n\n%s", resultBegins, kernel(), seed, seed+uint64(t.scenarios)-1, t, resultEnds)
	out.Write(after)
	return os.WriteFile(path, out.Bytes(), 0o644)
}

// kernel is the number of the kernel, without what a distribution adds.
func kernel() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return "unknown"
	}
	return regexp.MustCompile(`^[0-9.]*[0-9]`).FindString(unix.ByteSliceToString(name.Release[:]))
}
