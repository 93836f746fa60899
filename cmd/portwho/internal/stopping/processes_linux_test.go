package stopping_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/cmd/portwho/internal/component"
	"github.com/portwho/portwho/pkg/host"
)

// unavailable skips a test for want of something, or fails it where nothing
// may be skipped.
func unavailable(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		t.Fatalf("required, and not available: %s", reason)
	}
	t.Skip(reason)
}

// need returns the path of a program.
func need(t *testing.T, name string) string {
	t.Helper()
	if filepath.IsAbs(name) {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	unavailable(t, name+" is not installed (.ci/setup installs it)")
	return ""
}

// starts makes a row's start of a component of this machine.
func starts(start func(testing.TB, int) *component.Started) func(*testing.T, programs) *scene {
	return func(t *testing.T, p programs) *scene {
		return p.here(start(short{t}, component.FreePort(t)))
	}
}

// short is a test whose folder has a short path: pm2 puts the path of its own
// into its title, which is cut.
type short struct{ *testing.T }

// TempDir makes a folder that goes with the test.
func (s short) TempDir() string {
	s.Helper()
	dir, err := os.MkdirTemp("", "pw")
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			s.Error(err)
		}
	})
	return dir
}

// processes are what a person has started and nobody starts again.
func processes(*testing.T, programs) []row {
	const level = "process"
	yes := []string{"--yes"}
	return []row{
		{name: "a server by itself", start: starts(component.Plain), level: level, plan: "TERM to python3", flags: yes},
		{name: "a server and its forked child", start: forkedPair, kind: host.ManagerMaster, charge: "testserver", level: "master", plan: "TERM to 2 × testserver", flags: yes},
		{name: "a stopped server (SIGSTOP)", start: stopped, level: level, plan: "TERM to python3", flags: yes},
		{name: "an orphan, its session's shell gone", start: orphan, level: level, plan: "TERM to python3", flags: yes},
		{
			name: "a job of a shell in tmux", start: starts(component.Tmux),
			kind: host.ManagerShell, charge: "bash job on pts/N", level: level, plan: "TERM to python3", flags: yes,
		},
		{
			name: "a window of screen", start: starts(component.Screen),
			kind: host.ManagerSession, charge: "screen", level: level, plan: "TERM to python3", flags: yes,
		},
		{name: "npm run dev", start: starts(component.NpmRun), level: level, plan: "TERM to node", flags: yes},
		{name: "systemd-socket-activate", start: socketActivate, level: level, plan: "TERM to systemd-socket-", flags: yes},
	}
}

// A server that a test started by itself. It ends with its stdin, or at the
// end of the test.
func (p programs) serve(t *testing.T, args ...string) (number, pid int) {
	t.Helper()
	return start(t, exec.Command(p.server, args...))
}

// start starts a command that becomes the test's server.
func start(t *testing.T, cmd *exec.Cmd) (number, pid int) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
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
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		<-ended
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	if _, scanErr := fmt.Sscanf(line, "ready %d", &number); scanErr != nil {
		t.Fatalf("%q: %q, %v", cmd.Args, line, err)
	}
	return number, cmd.Process.Pid
}

func forkedPair(t *testing.T, p programs) *scene {
	number, _ := p.serve(t, "fork")
	return p.local(number)
}

func stopped(t *testing.T, p programs) *scene {
	c := component.Plain(t, component.FreePort(t))
	s := p.here(c)
	s.noClient = true // nobody would accept it
	if err := unix.Kill(c.Holders[0], unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	return s
}

// orphan is a server whose shell has ended.
func orphan(t *testing.T, p programs) *scene {
	number := component.FreePort(t)
	script := fmt.Sprintf("%s -m http.server %d --bind 127.0.0.1 >/dev/null 2>&1 & echo $!", need(t, "python3"), number)
	out, err := exec.Command(need(t, "setsid"), "--wait", need(t, "bash"), "-c", script).Output()
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	endPinned(t, pid)
	s := p.local(number)
	listening(t, s)
	return s
}

// socketActivate is a server that systemd-socket-activate starts when the
// first client comes; no unit is behind it.
func socketActivate(t *testing.T, p programs) *scene {
	number := component.FreePort(t)
	cmd := exec.Command(need(t, "systemd-socket-activate"), "-l", fmt.Sprintf("127.0.0.1:%d", number), need(t, "sleep"), "3600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	s := p.local(number)
	s.noClient = true // it would start the server
	for len(component.Holders(t, number)) == 0 {
		tick()
	}
	return s
}

// endPinned ends a process that is not the test's child, at the end of the
// test, and no other of that pid.
func endPinned(t *testing.T, pid int) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
		_ = unix.Close(fd)
	})
}
