package stopping_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/cmd/portwho/internal/component"
)

// evil clears the screen, sets its title, and says the same in C1 and in bytes
// that are no text.
const evil = "\x1b[2J\x1b]0;pwned\x07\u009b31m\x9b31m"

// TestHostileNames: what others may name as they like must not reach the
// terminal as it is, and must not keep portwho.
func TestHostileNames(t *testing.T) {
	files := build(t)
	t.Run("process", func(t *testing.T) {
		t.Parallel()
		number, _ := files.serve(t, "named", "127.0.0.1:quiet", `\x1b[2J\r\nx\x9b`)
		files.harmless(t, number, `\x1b[2J`)
	})
	t.Run("cgroup", func(t *testing.T) {
		t.Parallel()
		name := fmt.Sprintf("hostile-%s-%d.service", evil, os.Getpid())
		number := files.inCgroup(t, name)
		// The kernel takes no line break in the name of a cgroup; a saved
		// snapshot may hold one.
		files.harmlessSnapshot(t, number, "hostile-", `\n62893/tcp is free\n`)
		files.harmless(t, number, "") // no unit has such a name
	})
	t.Run("supervisor's program", func(t *testing.T) {
		t.Parallel()
		number := component.FreePort(t)
		supervisord(t, "web\x1b[2J\x07\u009b31m", number) // its file is text, and takes no "]"
		s := files.local(number)
		listening(t, s)
		files.harmless(t, number, "supervisord")
	})
}

// harmless runs what prints names, and looks what would reach a terminal. The
// answer must hold the text, so that what bears the name was met at all.
func (p programs) harmless(t *testing.T, number int, shows string) {
	t.Helper()
	n := strconv.Itoa(number)
	for _, args := range [][]string{{n}, {"kill", "--dry-run", n}, {}, {"kill", "--yes", "--process-only", n}} {
		out := p.quickly(t, args...)
		if len(args) > 0 && args[0] == n && !bytes.Contains(out, []byte(shows)) {
			t.Errorf("portwho %q does not show %q:\n%q", args, shows, out)
		}
	}
}

// harmlessSnapshot does the same on a saved snapshot, in which every old text
// has become a new one.
func (p programs) harmlessSnapshot(t *testing.T, number int, before, after string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "snapshot.json")
	n := strconv.Itoa(number)
	p.quickly(t, "snapshot", "--output", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.ReplaceAll(text, []byte(before), []byte(after))
	if bytes.Equal(changed, text) {
		t.Fatalf("%q is not in the snapshot:\n%s", before, text)
	}
	if err := os.WriteFile(file, changed, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{n}, {"kill", "--dry-run", n}, {}} {
		out := p.quickly(t, append(args, "--snapshot", file)...)
		if bytes.HasPrefix(out, []byte("62893/tcp")) || bytes.Contains(out, []byte("\n62893/tcp")) {
			t.Errorf("portwho %q prints a line of somebody else's:\n%s", args, out)
		}
	}
}

// quickly runs portwho and returns what it printed, all of which a terminal
// must be able to take.
func (p programs) quickly(t *testing.T, args ...string) []byte {
	t.Helper()
	const hang = 30 * time.Second // on a busy machine
	ctx, cancel := context.WithTimeout(t.Context(), hang)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.portwho, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/"}
	started := time.Now()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("portwho %q: %v, %v", args, err, ctx.Err())
	}
	t.Logf("portwho %q: %v", args, time.Since(started).Round(time.Millisecond))
	for i := 0; i < len(out); {
		r, size := utf8.DecodeRune(out[i:])
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError && size == 1 {
			t.Errorf("portwho %q: %q reaches the terminal in %q", args, out[i:i+size], out[max(0, i-40):min(len(out), i+40)])
			break
		}
		i += size
	}
	return out
}

// inCgroup starts a server in a cgroup of that name.
func (p programs) inCgroup(t *testing.T, name string) int {
	t.Helper()
	if os.Geteuid() != 0 {
		unavailable(t, "a cgroup of its own takes root")
	}
	dir := ""
	for _, point := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var info unix.Statfs_t
		if unix.Statfs(point, &info) == nil && info.Type == unix.CGROUP2_SUPER_MAGIC {
			dir = filepath.Join(point, name)
		}
	}
	if dir == "" {
		unavailable(t, "cgroup v2 is not mounted")
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after the server has ended
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	cmd := exec.Command("sh", "-c", `echo $$ >"$0/cgroup.procs" && exec "$@"`, dir, p.server, "listen")
	number, _ := start(t, cmd)
	return number
}

// supervisord runs a server as a program of that name.
func supervisord(t *testing.T, name string, number int) {
	t.Helper()
	program := need(t, "supervisord")
	dir := t.TempDir()
	conf := filepath.Join(dir, "supervisord.conf")
	text := fmt.Sprintf(`[unix_http_server]
file = %[1]s/sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl = unix://%[1]s/sock
[supervisord]
nodaemon = true
logfile = %[1]s/log
pidfile = %[1]s/pid
childlogdir = %[1]s
[program:%[2]s]
command = %[3]s -m http.server %[4]d --bind 127.0.0.1
stdout_logfile = NONE
stderr_logfile = NONE
`, dir, name, need(t, "python3"), number)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-n", "-c", conf)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(unix.SIGTERM) // it ends its programs
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("supervisord said:\n%q", out.String())
		}
	})
}
