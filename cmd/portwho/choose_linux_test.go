package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/testserver"
)

// TestChoose chooses one of two servers of a port on a real terminal, and looks
// at every screen on the way.
func TestChoose(t *testing.T) {
	_, err := exec.LookPath("tmux")
	require(t, err == nil, "tmux")
	require(t, hasIPv6(), "IPv6")
	for _, size := range [][2]int{{40, 15}, {80, 24}, {200, 50}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			first := startServer(t, "127.0.0.1:quiet")
			second := startServer(t, fmt.Sprintf("[::1]:%d", first.port))
			s := newScreen(t, size[0], size[1], "kill", fmt.Sprint(first.port))
			var got strings.Builder
			show := func(title, text string) {
				fmt.Fprintf(&got, "==== %s ====\n%s\n", title, masked(text, first, second))
			}
			show("at first", s.until("stop nothing"))
			s.keys("Enter")
			show("Enter", s.until("chosen yet"))
			s.keys("Space", "Enter")
			plan := s.until(`stop it\? \[y/N\]`)
			if strings.Contains(plan, "space choose") {
				t.Errorf("the choice is still there:\n%s", plan)
			}
			s.keys("y", "Enter")
			show("after", sentence(s.until(`exit=\d`)))
			if processAlive(first.pid) || !processAlive(second.pid) {
				t.Errorf("alive: %v and %v", processAlive(first.pid), processAlive(second.pid))
			}
			compareGolden(t, filepath.Join("testdata", "choose-"+filepath.Base(t.Name())+".golden"), got.String())
		})
	}
}

// TestChooseNothing leaves the choice in every way there is.
func TestChooseNothing(t *testing.T) {
	_, err := exec.LookPath("tmux")
	require(t, err == nil, "tmux")
	first, second := startServer(t, "127.0.0.1:quiet"), startServer(t, "127.0.0.1:quiet")
	args := []string{"kill", fmt.Sprint(first.port), fmt.Sprint(second.port)}
	for _, tt := range []struct {
		name, says string
		leave      func(*screen)
	}{
		{"escape", "nothing was stopped[^$]*exit=4", func(s *screen) { s.keys("Space", "Escape") }},
		{"q", "nothing was stopped[^$]*exit=4", func(s *screen) { s.keys("q") }},
		{"Ctrl-C", "exit=130", func(s *screen) { s.keys("C-c") }},
		{"SIGINT", "exit=130", func(s *screen) { s.signal("INT") }},
		{"SIGTERM", "nothing was stopped[^$]*exit=4", func(s *screen) { s.signal("TERM") }},
		{"no to the plans", "nothing was stopped[^$]*exit=4", func(s *screen) {
			s.keys("a", "Enter")
			s.until(`stop it\? \[y/N\]`)
			s.keys("Enter")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScreen(t, 80, 40, args...)
			s.until("stop nothing")
			tt.leave(s)
			if end := s.until(tt.says); strings.Contains(end, "space choose") {
				t.Errorf("the choice is still there:\n%s", end)
			}
			// The shell after it reads lines as ever, and what is typed is seen.
			s.keys("typed", "Enter")
			if after := s.until("read=typed"); !strings.Contains(after, "\ntyped") {
				t.Errorf("the terminal does not show what is typed:\n%s", after)
			}
		})
	}
	if !processAlive(first.pid) || !processAlive(second.pid) {
		t.Error("somebody was stopped")
	}
}

// TestNoChoice: where nobody can choose, or there is nothing to choose from,
// the question is the plain one.
func TestNoChoice(t *testing.T) {
	_, err := exec.LookPath("tmux")
	require(t, err == nil, "tmux")
	first, second := startServer(t, "127.0.0.1:quiet"), startServer(t, "127.0.0.1:quiet")
	a, b := fmt.Sprint(first.port), fmt.Sprint(second.port)
	for name, args := range map[string][]string{
		"one thing": {"kill", a},
		"dumb":      {"TERM=dumb", "kill", a, b},
		"no name":   {"TERM=", "kill", a, b},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScreen(t, 80, 40, args...)
			if plan := s.until(`stop it\? \[y/N\]`); strings.Contains(plan, "space choose") {
				t.Errorf("a choice:\n%s", plan)
			}
			s.keys("n", "Enter")
			s.until("exit=4")
		})
	}
}

// server is a test server that is stopped with the test.
type server struct{ pid, port int }

func startServer(t *testing.T, address string) server {
	t.Helper()
	cmd := exec.Command(os.Args[0], "listen", address)
	cmd.Args[0] = testserver.Program
	return started(t, cmd)
}

// started starts a test server, which is stopped with the test.
func started(t *testing.T, cmd *exec.Cmd) server {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	var s server
	s.pid = cmd.Process.Pid
	if _, err := fmt.Fscanf(stdout, "ready %d\n", &s.port); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = stdin.Close()
		<-ended
	})
	return s
}

// screen is portwho in a terminal of tmux, with a server of its own.
type screen struct {
	t      *testing.T
	socket string
}

// newScreen runs portwho with arguments, of which the first may set the
// environment, then a shell that shows the exit code and reads a line.
func newScreen(t *testing.T, width, height int, args ...string) *screen {
	t.Helper()
	folder := t.TempDir()
	program := filepath.Join(folder, "portwho")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	environment := "NO_COLOR=1"
	for len(args) > 0 && strings.Contains(args[0], "=") {
		environment, args = environment+" "+args[0], args[1:]
	}
	script := fmt.Sprintf("env %s %s %s; echo exit=$?; read line; echo read=$line; sleep 1000",
		environment, program, strings.Join(args, " "))
	s := &screen{t, filepath.Join(folder, "tmux")}
	s.tmux("-f", "/dev/null", "new-session", "-d", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height), "sh", "-c", script)
	t.Cleanup(func() { s.tmux("kill-server") })
	return s
}

func (s *screen) tmux(args ...string) string {
	s.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-S", s.socket}, args...)...)
	cmd.Env = append(os.Environ(), "TMUX=", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

func (s *screen) keys(keys ...string) {
	s.t.Helper()
	s.tmux(append([]string{"send-keys"}, keys...)...)
}

// until waits for a pattern, and returns the screen.
func (s *screen) until(pattern string) string {
	s.t.Helper()
	wanted := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(time.Minute); ; {
		shown := strings.TrimRight(s.tmux("capture-pane", "-p"), "\n")
		if wanted.MatchString(shown) {
			return shown
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("no %q on the screen:\n%s", pattern, shown)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// signal sends a signal to portwho, which is the child of the shell.
func (s *screen) signal(name string) {
	s.t.Helper()
	shell := strings.TrimSpace(s.tmux("display-message", "-p", "#{pane_pid}"))
	children, err := os.ReadFile(fmt.Sprintf("/proc/%s/task/%s/children", shell, shell))
	if err != nil {
		s.t.Fatal(err)
	}
	if out, err := exec.Command("kill", "-"+name, strings.TrimSpace(string(children))).CombinedOutput(); err != nil {
		s.t.Fatalf("kill: %v: %s", err, out)
	}
}

// masked replaces what differs from run to run: pids, ports, times, and where
// a line is cut because of them.
func masked(text string, servers ...server) string {
	for i, s := range servers {
		text = strings.ReplaceAll(text, fmt.Sprint(s.port), "PORT")
		text = regexp.MustCompile(fmt.Sprintf(`(pid )?\b%d\b`, s.pid)).ReplaceAllString(text, fmt.Sprintf("PID%d", i+1))
	}
	me, err := user.Current()
	if err == nil {
		text = strings.ReplaceAll(text, "  "+me.Username, "  USER")
	}
	for _, mask := range [][2]string{
		{`\S+ (PID\d)`, "NAME $1"},
		{`\b\d+s\b`, "UP"},
		{`end 1[^\n]*`, "end 1 process"},
		{`(?m)^  +command:[^\x00]*?\n\n`, "  DETAIL\n\n"},
		{` {2,}`, "  "},
		{`\n{2,}`, "\n\n"},
	} {
		text = regexp.MustCompile(mask[0]).ReplaceAllString(text, mask[1])
	}
	return text
}

// sentence is the last word about the port, in one line.
func sentence(screen string) string {
	if i := strings.LastIndex(screen, "exited"); i >= 0 {
		screen = screen[i+len("exited"):]
	}
	said, _, _ := strings.Cut(screen, "start it again")
	return strings.Join(strings.Fields(said), " ") + screen[strings.LastIndex(screen, "\nexit="):]
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (UPDATE_SCRIPTS=1 writes it anew); got:\n%s", path, got)
	}
}
