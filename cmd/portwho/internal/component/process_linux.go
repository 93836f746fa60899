package component

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything may take on a busy machine.
const patience = 60 * time.Second

// process is a process that a later one with the same pid is not taken for.
type process struct {
	pid   int
	start string // field 22 of /proc/PID/stat
}

// FreePort finds a port of 127.0.0.1 that is free. It is outside the ephemeral
// range, so that nobody is given it by chance.
func FreePort(t testing.TB) int {
	t.Helper()
	const first, count = 23000, 6000
	for range 1000 {
		number := first + rand.IntN(count)
		l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", number))
		if err == nil {
			l.Close()
			return number
		}
	}
	t.Fatal("no free port")
	return 0
}

// begin makes a server that is not there yet, with an environment of its own.
func begin(t testing.TB, number int) *Started {
	t.Helper()
	need(t, "ss")
	// A short folder, as people's are: pm2 has no more room for its title than
	// its command line had, and a Unix socket takes 107 bytes.
	dir, err := os.MkdirTemp("", "pw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &Started{Port: number, Dir: dir}
	path := strings.Join([]string{npmPrograms(), os.Getenv("PATH"), "/usr/sbin", "/sbin"}, ":")
	s.Env = []string{"PATH=" + path, "HOME=" + s.Dir, "LC_ALL=C.UTF-8", "TERM=xterm", "TMPDIR=" + s.Dir}
	t.Cleanup(func() { s.end(t) })
	return s
}

func (s *Started) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = s.Dir, s.Env
	return cmd
}

// run starts a program that stays, in a session of its own.
func (s *Started) run(t testing.TB, cmd *exec.Cmd) int {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// What it starts may keep the output open after it has ended.
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.keep(cmd.Process.Pid)
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	t.Cleanup(func() {
		s.end(t)
		<-done
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(cmd.Path), out.Bytes())
		}
	})
	return cmd.Process.Pid
}

// do runs a program that ends.
func (s *Started) do(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := s.command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", filepath.Base(name), args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// write puts a file into the folder and returns its path.
func (s *Started) write(t testing.TB, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(s.Dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// ready waits until the port has holders, at least as many as told.
func (s *Started) ready(t testing.TB, holders int) *Started {
	t.Helper()
	until(t, fmt.Sprintf("%d processes listen on %d", holders, s.Port), func() bool {
		s.Holders = Holders(t, s.Port)
		return len(s.Holders) >= holders
	})
	for _, pid := range append(slices.Clone(s.Holders), s.Manager) {
		s.keep(pid)
	}
	if s.Manager == 0 {
		s.Manager = s.Holders[0]
	}
	return s
}

// Holders asks ss(8) who listens on a TCP port, in ascending order.
func Holders(t testing.TB, number int) []int {
	t.Helper()
	out, err := exec.Command(need(t, "ss"), "-Hltnp", fmt.Sprintf("sport = :%d", number)).Output()
	if err != nil {
		t.Fatalf("ss: %v", err)
	}
	var pids []int
	for _, found := range regexp.MustCompile(`pid=(\d+)`).FindAllSubmatch(out, -1) {
		pid, err := strconv.Atoi(string(found[1]))
		if err == nil && !slices.Contains(pids, pid) {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids
}

// Alive reports whether a process has not ended. A zombie has.
func Alive(pid int) bool {
	_, state, _ := readStat(pid)
	return state != "" && state != "Z"
}

func until(t testing.TB, what string, true func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !true() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain until %s", patience, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// keep remembers a process and everything below it.
func (s *Started) keep(pid int) {
	parents := map[int]int{}
	entries, err := os.ReadDir("/proc")
	if err != nil || pid <= 1 {
		return
	}
	for _, e := range entries {
		if one, err := strconv.Atoi(e.Name()); err == nil {
			parents[one], _, _ = readStat(one)
		}
	}
	below := []int{pid}
	for i := 0; i < len(below); i++ {
		if _, state, start := readStat(below[i]); state != "" {
			if p := (process{below[i], start}); !slices.Contains(s.own, p) {
				s.own = append(s.own, p)
			}
		}
		for child, parent := range parents {
			if parent == below[i] && !slices.Contains(below, child) {
				below = append(below, child)
			}
		}
	}
}

// end ends everything that was seen of the server, the first process first: it
// would start the others again. No process is asked, since portwho may be in
// the middle of stopping it.
func (s *Started) end(t testing.TB) {
	for _, p := range slices.Clone(s.own) {
		s.keepSame(p)
	}
	for _, p := range s.own {
		if p.same() {
			if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				t.Errorf("end pid %d: %v", p.pid, err)
			}
		}
	}
}

func (s *Started) keepSame(p process) {
	if p.same() {
		s.keep(p.pid)
	}
}

func (p process) same() bool {
	_, state, start := readStat(p.pid)
	return state != "" && state != "Z" && start == p.start
}

// readStat reads a process's parent, state and start; the state is empty where
// there is no such process.
func readStat(pid int) (parent int, state, start string) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, "", ""
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 20 {
		return 0, "", ""
	}
	parent, _ = strconv.Atoi(fields[1])
	return parent, fields[0], fields[19]
}
