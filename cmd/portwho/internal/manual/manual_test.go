package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portwho/portwho/cmd/portwho/internal/cli"
)

// top is the folder of the repository as seen from here.
const top = "../../../.."

// TestPagesAreFresh: who changes a command writes its pages anew.
func TestPagesAreFresh(t *testing.T) {
	t.Parallel()
	stale, err := refresh(top, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(stale) > 0 {
		t.Errorf("stale: %q; run go run ./cmd/portwho/internal/manual -write", stale)
	}
}

// TestRefresh: pages are made, made anew and removed.
func TestRefresh(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	demand := func(write bool, least int) {
		t.Helper()
		stale, err := refresh(folder, write)
		if err != nil || len(stale) < least || least == 0 && len(stale) > 0 {
			t.Fatalf("stale: %q, %v; want %d", stale, err, least)
		}
	}
	write("CHANGELOG.md", "# Changelog\n")
	demand(false, 10)
	demand(true, 10)
	demand(false, 0)
	write("docs/man/portwho-gone.1", "old")
	write("docs/commands/portwho-kill.md", "changed by hand")
	demand(false, 2)
	demand(true, 2)
	demand(false, 0)
	write("CHANGELOG.md", "## [Unreleased]\n\n## [1.2.0] - 2021-05-06\n")
	demand(false, 10) // the date of the pages
}

// TestManPages: every page has its parts, and the programs that show it have
// nothing to say about it.
func TestManPages(t *testing.T) {
	t.Parallel()
	for name, page := range files(cli.Manual(), "2021-05-06") {
		if !strings.HasSuffix(name, ".1") {
			continue
		}
		for _, part := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "SEE ALSO"} {
			if !strings.Contains(page, "\n.SH "+part+"\n") {
				t.Errorf("%s has no %s", name, part)
			}
		}
		for _, show := range [][]string{
			{"groff", "-man", "-ww", "-Tutf8", "-z"},
			{"man", "--warnings", "-l", "-"},
			{"mandoc", "-Tlint"},
		} {
			if _, err := exec.LookPath(show[0]); err != nil {
				if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			cmd := exec.Command(show[0], show[1:]...)
			cmd.Env = append(os.Environ(), "MANPAGER=cat", "MANWIDTH=80", "LC_ALL=C.UTF-8")
			cmd.Stdin = strings.NewReader(page)
			var out, complaints bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &complaints
			if show[0] == "mandoc" {
				cmd.Stdout = &complaints
			}
			if err := cmd.Run(); err != nil || complaints.Len() > 0 {
				t.Errorf("%s: %q: %v\n%s", name, show, err, complaints.String())
			}
			if show[0] == "man" && !strings.Contains(out.String(), "EXIT STATUS") {
				t.Errorf("%s: man shows\n%s", name, out.String())
			}
		}
	}
}

// TestRoff: what is written reads as it was, also where it looks like a request.
func TestRoff(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a --dry-run b":  "a \\fB\\-\\-dry\\-run\\fR b\n",
		".env is a file": "\\&.env is a file\n",
		`"$(x)" 'y' \n`:  "\\(dq$(x)\\(dq \\(aqy\\(aq \\en\n",
		"(-n) alone":     "(\\fB\\-n\\fR) alone\n",
		"20000-29999":    "20000\\-29999\n",
		"- is stdin":     "\\- is stdin\n",
	} {
		if got := fill(text); got != want {
			t.Errorf("%q is written %q, want %q", text, got, want)
		}
	}
	long := fill(strings.Repeat("word ", 15) + ".env")
	if !strings.Contains(long, "\n\\&.env") {
		t.Errorf("a line begins with a dot: %q", long)
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a --dry-run, b":  "a `--dry-run`, b",
		"NAME; * for a|b": `NAME; \* for a\|b`,
		"1-2 and -4":      "1-2 and -4",
	} {
		if got := plain(text); got != want {
			t.Errorf("%q is written %q, want %q", text, got, want)
		}
	}
}

func TestLastRelease(t *testing.T) {
	t.Parallel()
	for changelog, want := range map[string]string{
		"":                  "",
		"## [Unreleased]\n": "",
		"## [Unreleased]\n\n## [1.1.0] - 2021-05-06\n\n## [1.0.0] - 2020-01-01\n": "2021-05-06",
	} {
		if got := lastRelease(changelog); got != want {
			t.Errorf("%q: %q, want %q", changelog, got, want)
		}
	}
}
