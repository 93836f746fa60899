package stopping_test

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var write = flag.Bool("stopping.write", false, "write the table into docs/stopping.md")

const (
	docPath    = "../../../../docs/stopping.md"
	tableBegin = "<!-- The table is written by go test ./cmd/portwho/internal/stopping -stopping.write -->\n"
	tableEnd   = "<!-- end of the table -->\n"
)

// document holds docs/stopping.md to what the run has shown, or writes it.
func document(t *testing.T, table string) {
	t.Helper()
	text, err := os.ReadFile(docPath)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), tableBegin)
	old, after, ended := strings.Cut(rest, tableEnd)
	if !ok || !ended {
		t.Fatalf("%s has no place for the table", docPath)
	}
	if old == table {
		return
	}
	if !*write {
		t.Errorf("docs/stopping.md has another table; if this one is right, run the test with -stopping.write")
		return
	}
	if err := os.WriteFile(docPath, []byte(before+tableBegin+table+tableEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
