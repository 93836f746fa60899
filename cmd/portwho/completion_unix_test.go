//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// hostileServers is a snapshot with two listeners, one of a program with a name
// that a shell must not get to see.
const hostileServers = `{"schema":"portwho.snapshot/1","host":{"name":"box","os":"linux","kernel":"6.18"},"viewer":{"pid":9,"uid":1000},
"source":"sock_diag","scope":{},"network":{"addresses":[]},"gaps":[],
"sockets":[
{"protocol":"tcp","local":"127.0.0.1:61234","state":"listen","holders":[{"pid":41,"via":"fd"}]},
{"protocol":"tcp","local":"127.0.0.1:61238","state":"listen","holders":[{"pid":42,"via":"fd"}]},
{"protocol":"udp","local":"127.0.0.1:61239","state":"unconnected","holders":[{"pid":42,"via":"fd"}]}],
"processes":[{"pid":41,"name":"web"},{"pid":42,"name":"$(touch pwned)` + "`touch pwned`" + `\u001b]0;owned\u0007;touch pwned\n"}]}`

// TestCompletion presses the tab key in real shells.
func TestCompletion(t *testing.T) {
	tests := []struct {
		shell string
		args  []string
		rc    string // a file the shell reads at its start, and what is in it
		text  string
	}{
		{"bash", []string{"--noprofile", "--rcfile", "rc", "-i"}, "rc",
			"PS1='re''ady> '\nbind 'set bell-style none'\nsource <(portwho completion bash)\n"},
		{"bash", []string{"--noprofile", "--rcfile", "rc", "-i"}, "rc",
			"PS1='re''ady> '\nbind 'set bell-style none'\nsource /usr/share/bash-completion/bash_completion\nsource <(portwho completion bash)\n"},
		{"zsh", []string{"-d", "-i"}, ".zshrc",
			"PS1='re''ady> '\nunsetopt zle_bracketed_paste prompt_sp beep\nautoload -Uz compinit && compinit -u -D\nsource <(portwho completion zsh)\n"},
		{"fish", []string{"--private", "-i"}, ".config/fish/config.fish",
			"function fish_prompt; echo -n re'ady> '; end\nset -g fish_greeting\nportwho completion fish | source\n"},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprint(tt.shell, i), func(t *testing.T) {
			t.Parallel()
			path, err := exec.LookPath(tt.shell)
			if err == nil && strings.Contains(tt.text, "bash_completion\n") {
				_, err = os.Stat("/usr/share/bash-completion/bash_completion")
			}
			if err != nil {
				if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			home := t.TempDir()
			put := func(name, text string) {
				t.Helper()
				file := filepath.Join(home, name)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			put(tt.rc, tt.text)
			put("saved.json", hostileServers)
			// Without this folder fish starts a program that reads every manual page, and
			// goes on writing when the test is over.
			put("fish/generated_completions/.keep", "")
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			bin := filepath.Join(home, "bin")
			if err := os.Mkdir(bin, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(self, filepath.Join(bin, "portwho")); err != nil { // TestMain goes by the name
				t.Fatal(err)
			}
			cmd := exec.Command(path, tt.args...)
			cmd.Dir = home
			cmd.Env = []string{
				"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + home, "ZDOTDIR=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, ".config"),
				"XDG_DATA_HOME=" + home, "XDG_RUNTIME_DIR=" + home, "TERM=xterm", "LC_ALL=C.UTF-8",
			}
			screen := startShell(t, cmd)
			screen.expect("ready> ")
			for _, press := range []struct{ keys, shows string }{
				{"portwho ki\t", "portwho kill"},
				{"portwho kill 1 --dry\t", "--dry-run"},
				{"portwho check --format mark\t", "--format markdown"},
				{"portwho 80 --color=alw\t", "--color=always"},
				{"portwho explain time_w\t", "time_wait"},
				{"portwho kill --snapshot saved.json 612\t\t\t", "61238"},
				{"portwho --snapshot saved.json udp/\t", "udp/61239"},
			} {
				screen.press(press.keys)
				screen.expect(press.shows)
				screen.press("\x15\r") // forget the line
				screen.expect("ready> ")
			}
			if _, err := os.Lstat(filepath.Join(home, "pwned")); err == nil {
				t.Error("the name of a program was run")
			}
			if strings.Contains(screen.seen, "\x1b]0;owned") {
				t.Error("the name of a program sets the title of the terminal")
			}
		})
	}
}

// A shellScreen is what a shell on a terminal has written.
type shellScreen struct {
	t         *testing.T
	keyboard  *os.File
	written   chan string
	seen, new string
}

func startShell(t *testing.T, cmd *exec.Cmd) *shellScreen {
	t.Helper()
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 120})
	if err != nil {
		t.Fatal(err)
	}
	s := &shellScreen{t: t, keyboard: terminal, written: make(chan string, 1024)}
	go func() {
		defer close(s.written)
		buffer := make([]byte, 4096)
		for {
			n, err := terminal.Read(buffer)
			if n > 0 {
				s.written <- string(buffer[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = terminal.Close()
	})
	return s
}

func (s *shellScreen) press(keys string) {
	s.t.Helper()
	s.new = ""
	if _, err := s.keyboard.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// expect waits until a text was written since the last key.
func (s *shellScreen) expect(text string) {
	s.t.Helper()
	deadline := time.After(30 * time.Second)
	for !strings.Contains(plainScreen(s.new), text) {
		select {
		case more, open := <-s.written:
			if !open {
				s.t.Fatalf("the shell ended; it wrote %q", s.seen)
			}
			s.seen, s.new = s.seen+more, s.new+more
		case <-deadline:
			s.t.Fatalf("no %q; since the last key: %q", text, s.new)
		}
	}
}

// plainScreen is what was written without moves of the cursor and colours.
func plainScreen(written string) string {
	return regexp.MustCompile(`\x1b\[[0-9;?]*[a-zA-Z]|\x1b\(B|\r|\a`).ReplaceAllString(written, "")
}
