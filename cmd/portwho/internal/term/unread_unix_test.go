//go:build unix

package term_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

func TestUnread(t *testing.T) {
	t.Parallel()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer write.Close()
	if term.Unread(write) {
		t.Error("a pipe with a reader is unread")
	}
	if err := read.Close(); err != nil {
		t.Fatal(err)
	}
	if !term.Unread(write) {
		t.Error("a pipe without a reader is read")
	}
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if term.Unread(file) || term.Unread(&bytes.Buffer{}) {
		t.Error("a file or a buffer is unread")
	}
}
