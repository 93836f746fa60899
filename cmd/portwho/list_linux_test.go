package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/portwho/portwho/cmd/portwho/internal/testserver"
)

// TestListOnTerminal lists servers of two projects and of none, on a terminal
// and elsewhere.
func TestListOnTerminal(t *testing.T) {
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		"blog/package.json": `{"name": "blog", "dependencies": {"next": "1"}}`,
		"blog/web/.keep":    "",
		"shop/go.mod":       "module example.org/shop\n",
		"none/.keep":        "",
	} {
		path = filepath.Join(home, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	blog, shop, none := serverIn(t, home, "blog"), serverIn(t, home, "shop"), serverIn(t, home, "none")

	from := func(folder string, args ...string) string {
		return onTerminal(t, home, filepath.Join(home, folder), args...)
	}
	for _, tt := range []struct {
		name string
		out  string
		want []string // in this order
		not  []string
	}{
		{"in a project", from("blog/web"), []string{"this folder: ~/blog", blog, "~/shop", shop, "your other programs", none, "portwho PORT tells more"}, []string{"PROTO"}},
		{"in the other", from("shop"), []string{"this folder: ~/shop", shop, "~/blog", blog, "your other programs", none}, []string{"PROTO"}},
		{"at home", from("."), []string{"~/blog", blog, "~/shop", shop, "your other programs", none}, []string{"this folder", "PROTO"}},
		{"all", from("blog", "--all"), []string{"this folder: ~/blog", blog, "~/shop", shop}, []string{"--all shows"}},
		{"a filter", from("blog", "--mine"), []string{"PROTO"}, []string{"this folder"}},
		{"a protocol", from("blog", "--tcp"), []string{"PROTO"}, []string{"this folder"}},
		{"an order", from("blog", "--sort", "port"), []string{"PROTO"}, []string{"this folder"}},
		{"no header", from("blog", "--no-header"), []string{blog}, []string{"this folder", "PROTO"}},
		{"JSON", from("blog", "--json"), []string{`"schema"`}, []string{"this folder"}},
		{"in a pipe", inPipe(t, home), []string{"PROTO"}, []string{"this folder"}},
		{"all in a pipe", inPipe(t, home, "--all"), []string{"PROTO"}, []string{"this folder"}},
	} {
		rest := tt.out
		for _, part := range tt.want {
			_, after, found := strings.Cut(rest, part)
			if !found {
				t.Fatalf("%s: no %q in its place:\n%s", tt.name, part, tt.out)
			}
			rest = after
		}
		for _, part := range tt.not {
			if strings.Contains(tt.out, part) {
				t.Errorf("%s: %q in:\n%s", tt.name, part, tt.out)
			}
		}
	}
}

// serverIn starts a server that works in a folder, and returns its port.
func serverIn(t *testing.T, home, folder string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "listen")
	cmd.Args[0], cmd.Dir = testserver.Program, filepath.Join(home, folder)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path = self
	return fmt.Sprint(started(t, cmd).port)
}

func listCommand(home string, args []string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Args[0] = "portwho"
	cmd.Env = []string{"HOME=" + home, "TERM=xterm", "NO_COLOR=1"}
	return cmd
}

func onTerminal(t *testing.T, home, folder string, args ...string) string {
	t.Helper()
	cmd := listCommand(home, args)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path, cmd.Dir = self, folder
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 200})
	require(t, err == nil, fmt.Sprint("a terminal: ", err))
	defer terminal.Close()
	out, _ := io.ReadAll(terminal) // it ends with EIO when the program does
	if err := cmd.Wait(); err != nil {
		t.Fatalf("portwho %v: %v: %s", args, err, out)
	}
	return strings.ReplaceAll(string(out), "\r\n", "\n")
}

func inPipe(t *testing.T, home string, args ...string) string {
	t.Helper()
	out, err := listCommand(home, args).Output()
	if err != nil {
		t.Fatalf("portwho %v: %v", args, err)
	}
	return string(out)
}
