package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/creack/pty"
)

// runTest is a place with a registry of its own.
type runTest struct {
	t          *testing.T
	runtimeDir string
}

func newRunTest(t *testing.T) *runTest {
	t.Helper()
	runtimeDir := t.TempDir()
	if err := os.Chmod(runtimeDir, 0o700); err != nil {
		t.Fatal(err)
	}
	return &runTest{t, runtimeDir}
}

// portwho is this program, not yet started.
func (r *runTest) portwho(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Args[0] = "portwho"
	cmd.Dir = r.runtimeDir
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+r.runtimeDir, "NO_COLOR=1")
	return cmd
}

// leases are the ports that are leased, by the files.
func (r *runTest) leases() []string {
	names, err := filepath.Glob(filepath.Join(r.runtimeDir, "portwho", "[0-9]*"))
	if err != nil {
		r.t.Fatal(err)
	}
	return names
}

// talker is a command that talks to the test over pipes.
type talker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func (r *runTest) start(cmd *exec.Cmd) *talker {
	r.t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return &talker{cmd, in, bufio.NewReader(out)}
}

func (k *talker) line() string {
	line, _ := k.out.ReadString('\n')
	return strings.TrimSuffix(line, "\n")
}

// code ends the command's input, waits and returns its exit code.
func (k *talker) code() int {
	_ = k.in.Close()
	_ = k.cmd.Wait()
	return k.cmd.ProcessState.ExitCode()
}

// holder makes the test binary a command that binds a port: holdPort.
func holder(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), holdPortName)
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}

const holdPortName = "holdport"

// holdPort ADDRESS PORT REUSE binds and listens, with or without SO_REUSEADDR,
// says so, and stays until its input ends.
func holdPort() {
	number, err := strconv.Atoi(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ip := net.ParseIP(os.Args[1])
	family, address := syscall.AF_INET6, syscall.Sockaddr(&syscall.SockaddrInet6{Port: number, Addr: [16]byte(ip.To16())})
	if four := ip.To4(); four != nil {
		family, address = syscall.AF_INET, &syscall.SockaddrInet4{Port: number, Addr: [4]byte(four)}
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err == nil && os.Args[3] == "reuse" {
		err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	}
	if err == nil {
		err = syscall.Bind(fd, address)
	}
	if err == nil {
		err = syscall.Listen(fd, 16)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("bound", number)
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// manner is how the i-th server binds: every address, with and without
// SO_REUSEADDR.
func manner(i int) (address, reuse string) {
	return []string{"127.0.0.1", "0.0.0.0", "::1", "::"}[i%4], []string{"plain", "reuse"}[i/4%2]
}

// TestRunParallel: two hundred at once, whose servers all bind their port and
// live together. None has another's, and none is refused.
func TestRunParallel(t *testing.T) {
	require(t, hasIPv6(), "IPv6")
	const count = 200
	r := newRunTest(t)
	hold := holder(t)
	runs := make([]*talker, count)
	for i := range runs {
		address, reuse := manner(i)
		cmd := r.portwho("run", "--port", "WEB", "--", hold, address, "{WEB}", reuse)
		cmd.Stderr = os.Stderr
		runs[i] = r.start(cmd)
	}
	owners := map[string]int{}
	for i, run := range runs {
		line := run.line()
		if !strings.HasPrefix(line, "bound ") {
			t.Errorf("run %d: %q", i, line)
		}
		if other, twice := owners[line]; twice {
			t.Errorf("runs %d and %d: %s", other, i, line)
		}
		owners[line] = i
	}
	if leased := r.leases(); len(leased) != count {
		t.Errorf("%d leases for %d runs", len(leased), count)
	}
	for i, run := range runs {
		if code := run.code(); code != 0 {
			t.Errorf("run %d: exit %d", i, code)
		}
	}
	if leased := r.leases(); len(leased) > 0 {
		t.Errorf("leases are left: %v", leased)
	}
}

// TestRunSuites: twenty test suites at once, each of which asks for ports,
// starts servers on them and runs commands, while portwho or a command of some
// is killed whenever. No server is ever refused its port.
func TestRunSuites(t *testing.T) {
	require(t, hasIPv6(), "IPv6")
	r := newRunTest(t)
	hold := holder(t)
	var mutex sync.Mutex
	using := map[string]int{}
	use := func(suite int, line string) {
		mutex.Lock()
		defer mutex.Unlock()
		if other, taken := using[line]; !strings.HasPrefix(line, "bound ") || taken {
			t.Errorf("suite %d: %q, which suite %d has", suite, line, other)
		}
		using[line] = suite
	}
	drop := func(line string) {
		mutex.Lock()
		defer mutex.Unlock()
		delete(using, line)
	}
	var suites sync.WaitGroup
	for suite := range 20 {
		suites.Go(func() {
			for round := range 3 {
				address, reuse := manner(suite + round)
				free := r.portwho("free", "--count", "2")
				out, err := free.Output()
				numbers := strings.Fields(string(out))
				if err != nil || len(numbers) != 2 {
					t.Errorf("suite %d: free: %v, %q", suite, err, out)
					return
				}
				var servers []*talker
				var lines []string
				for _, number := range numbers {
					servers = append(servers, r.start(exec.Command(hold, address, number, reuse)))
				}
				run := r.portwho("run", "--port", "WEB", "--port", "API", "--", hold, address, "{API}", reuse)
				servers = append(servers, r.start(run))
				for _, s := range servers {
					line := s.line()
					use(suite, line)
					lines = append(lines, line)
				}
				// A run that nobody waits for, killed at any moment of its start.
				victim := r.start(r.portwho("run", "--port", "WEB", "--", hold, address, "{WEB}", reuse))
				if rand.IntN(2) == 0 {
					_ = victim.line()
				}
				_ = victim.cmd.Process.Kill()
				_ = victim.cmd.Wait()
				for i, s := range servers {
					drop(lines[i])
					if rand.IntN(3) == 0 {
						_ = s.cmd.Process.Kill()
					}
					_ = s.code()
				}
				_ = victim.in.Close() // its command ends as well
			}
		})
	}
	suites.Wait()
}

// TestRunSignals: what is sent to portwho reaches the command, once, and its
// exit code is portwho's.
func TestRunSignals(t *testing.T) {
	// What the tests were told to ignore, as by nohup, would be ignored by
	// everything below; what they handle is not.
	signals := []os.Signal{
		syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH,
	}
	signal.Notify(make(chan os.Signal, 1), signals...)
	t.Cleanup(func() { signal.Reset(signals...) })
	r := newRunTest(t)
	const script = `for s in INT TERM HUP QUIT USR1 USR2 WINCH; do trap "echo got $s; exit 9" $s; done
		echo ready; while :; do sleep 0.02; done`
	for _, s := range signals {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			cmd := r.portwho("run", "--port", "WEB", "--", "sh", "-c", script)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // without a terminal
			run := r.start(cmd)
			if line := run.line(); line != "ready" {
				t.Fatalf("%q", line)
			}
			_ = cmd.Process.Signal(s)
			if line := run.line(); !strings.HasPrefix(line, "got ") {
				t.Errorf("the command says %q", line)
			}
			if code := run.code(); code != 9 {
				t.Errorf("exit %d, want 9", code)
			}
		})
	}
	t.Run("ended by one", func(t *testing.T) {
		cmd := r.portwho("run", "--", "sh", "-c", "echo ready; exec sleep 60")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		run := r.start(cmd)
		_ = run.line()
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if code := run.code(); code != 128+int(syscall.SIGTERM) {
			t.Errorf("exit %d", code)
		}
	})
	t.Run("ignored", func(t *testing.T) {
		// As nohup does: what portwho was told to ignore, the command ignores.
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		program := filepath.Join(t.TempDir(), "portwho")
		if err := os.Symlink(self, program); err != nil {
			t.Fatal(err)
		}
		run := r.start(exec.Command("sh", "-c", `trap "" HUP INT; exec "$0" run -- sh -c 'kill -HUP $$; kill -INT $$; echo alive'`, program))
		if line := run.line(); line != "alive" {
			t.Errorf("%q", line)
		}
		_ = run.code()
	})
}

// TestRunCtrlC: the terminal sends Ctrl-C to the command itself, and portwho
// does not send it again. What is sent to portwho alone still arrives.
func TestRunCtrlC(t *testing.T) {
	_, err := exec.LookPath("python3")
	require(t, err == nil, "python3")
	r := newRunTest(t)
	cmd := r.portwho("run", "--port", "WEB", "--", "python3", "-c", `
import os, signal, sys
n = 0
def count(*_):
    global n
    n += 1
    os.write(1, b"INT %d\n" % n) # print may be at work when the signal comes
def tell(*_):
    os.write(1, b"TOLD %d\n" % n)
    sys.exit(3)
signal.signal(signal.SIGINT, count)
signal.signal(signal.SIGUSR1, tell)
print("ready", os.getppid(), flush=True)
while True: signal.pause()
`)
	terminal, err := pty.Start(cmd)
	require(t, err == nil, fmt.Sprint("a terminal: ", err))
	defer terminal.Close()
	screen := bufio.NewReader(terminal)
	expect := func(want string) {
		t.Helper()
		line, err := screen.ReadString('\n')
		if err != nil || !strings.Contains(line, want) {
			t.Errorf("%q, %v; want %s", line, err, want)
		}
	}
	expect(fmt.Sprint("ready ", cmd.Process.Pid))
	fmt.Fprint(terminal, "\x03")
	expect("INT 1")
	// Signals are dealt with in their order, so a second INT would come first.
	_ = cmd.Process.Signal(syscall.SIGUSR1)
	expect("TOLD 1")
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 3 {
		t.Errorf("exit %d", code)
	}
}

// TestRunLeftovers: a listener that the command leaves behind is named, however
// it got away, and its words still arrive.
func TestRunLeftovers(t *testing.T) {
	_, err := exec.LookPath("python3")
	require(t, err == nil, "python3")
	r := newRunTest(t)
	const daemon = `
import os, socket, sys
if "daemon" in sys.argv and os.fork(): os._exit(0)
if "daemon" in sys.argv:
    os.setsid()
    if os.fork(): os._exit(0)
s = socket.socket()
s.bind(("127.0.0.1", int(os.environ["WEB"])))
s.listen()
os.write(int(sys.argv[1]), b"%d\n" % os.getpid())
try:
    s.accept()[0].close()
    print("still talks", file=sys.stderr, flush=True)
finally:
    os._exit(0)
`
	// The shell ends when the server listens, and only then.
	script := `python3 -c "$0" 3 "$@" 3>ready.fifo & read pid <ready.fifo; echo $pid`
	if err := syscall.Mkfifo(filepath.Join(r.runtimeDir, "ready.fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		strict bool
		how    []string
		ends   int
	}{{false, nil, 0}, {true, nil, 1}, {true, []string{"daemon"}, 1}} {
		args := []string{"run", "--port", "WEB"}
		if tt.strict {
			args = append(args, "--strict")
		}
		cmd := r.portwho(append(append(args, "--", "sh", "-c", script, daemon), tt.how...)...)
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		cmd.Stderr = write
		run := r.start(cmd)
		_ = write.Close()
		pid := run.line()
		if code := run.code(); code != tt.ends {
			t.Errorf("%v: exit %d, want %d", args, code, tt.ends)
		}
		stderr := bufio.NewReader(read)
		line, err := stderr.ReadString('\n')
		named := regexp.MustCompile(`^portwho: note: the command left python3 \(pid (\d+)\) listening on tcp 127\.0\.0\.1:(\d+); stop it with: portwho kill (\d+)\n$`).FindStringSubmatch(line)
		if err != nil || named == nil || named[1] != pid || named[2] != named[3] {
			t.Fatalf("%v: %q, %v; the server is %s", args, line, err, pid)
		}
		// It ends by itself after one client, and what it says before arrives:
		// portwho, which it talked through, has gone.
		conn, err := net.Dial("tcp", "127.0.0.1:"+named[2])
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		if _, err := io.Copy(&out, stderr); err != nil || out.String() != "still talks\n" {
			t.Errorf("%v: it says %q, %v", args, out.String(), err)
		}
		_ = read.Close()
	}
}

// TestRunPassesOnAndLosesNothing: standard error arrives whole and in order,
// and where both streams are one pipe, in the order of writing.
func TestRunPassesOnAndLosesNothing(t *testing.T) {
	r := newRunTest(t)
	const script = `i=0; while [ $i -lt 3000 ]; do echo "out $i"; echo "err $i" >&2; i=$((i+1)); done`
	run := r.portwho("run", "--", "sh", "-c", script)
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&want, "out %d\nerr %d\n", i, i)
	}
	if string(out) != want.String() {
		t.Errorf("%d bytes, want %d in their order", len(out), want.Len())
	}
	apart := r.portwho("run", "--", "sh", "-c", script)
	var stderr bytes.Buffer
	apart.Stderr = &stderr
	if out, err := apart.Output(); err != nil || strings.Count(string(out), "\n") != 3000 || strings.Count(stderr.String(), "err ") != 3000 {
		t.Errorf("apart: %d and %d bytes, %v", len(out), stderr.Len(), err)
	}
	// A reader that goes ends the command, and not portwho before it.
	piped := r.portwho("run", "--", "sh", "-c", `while :; do echo x >&2 || exit 5; done`)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	piped.Stderr = write
	if err := piped.Start(); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	_, _ = read.Read(make([]byte, 1))
	_ = read.Close()
	err = piped.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 128+int(syscall.SIGPIPE) && exit.ExitCode() != 5 {
		t.Errorf("after the reader has gone: %v", err)
	}
}
