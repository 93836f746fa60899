package lease

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// taker is the argument that makes the test binary a process that takes ports.
const taker = "take-leases"

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == taker {
		os.Exit(takeAndTell(os.Args[2]))
	}
	os.Exit(m.Run())
}

// takeAndTell takes a port, tells it, and keeps the lease until a line on
// standard input asks for the next one. It never releases anything.
func takeAndTell(runtimeDir string) int {
	in := bufio.NewReader(os.Stdin)
	for {
		r, err := Open(Config{RuntimeDir: runtimeDir})
		if err != nil {
			fmt.Println("error", err)
			return 1
		}
		taken, err := r.Take(context.Background(), Owner{PID: int32(os.Getpid())}, []Request{{Project: "/src"}})
		if err != nil {
			fmt.Println("error", err)
			return 1
		}
		fmt.Println("port", taken[0].Port)
		if err := r.Close(); err != nil {
			return 1
		}
		if _, err := in.ReadString('\n'); err != nil {
			return 0
		}
	}
}

// process is a running taker.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startTaker(t *testing.T, runtimeDir string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(self, taker, runtimeDir)}
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// kill ends the process as nothing can be prepared for, and waits.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.in.Close()
	_ = p.cmd.Wait()
}

// port is the next one that the process tells.
func (p *process) port() (uint16, error) {
	line, err := p.out.ReadString('\n')
	if err != nil {
		return 0, err
	}
	var number uint16
	if _, err := fmt.Sscanf(line, "port %d", &number); err != nil {
		return 0, fmt.Errorf("taker: %s", line)
	}
	return number, nil
}

// privateFolder is a runtime folder as systemd makes it.
func privateFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	return folder
}

func open(t *testing.T, cfg Config) *Registry {
	t.Helper()
	r, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// mine is a lease that lasts as long as the test.
func mine() Owner { return Owner{PID: int32(os.Getpid())} }

func take(t *testing.T, r *Registry, o Owner, q ...Request) []Taken {
	t.Helper()
	taken, err := r.Take(t.Context(), o, q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for i := range taken {
			taken[i].Close()
		}
	})
	return taken
}

func ports(leases []Lease) []uint16 {
	var out []uint16
	for _, l := range leases {
		out = append(out, l.Port)
	}
	return out
}

// clock is a clock that stands until it is moved.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// require skips a test for which something is missing, or fails it where
// nothing may be.
func require(t *testing.T, ok bool, what string) {
	t.Helper()
	switch {
	case ok:
	case os.Getenv("PORTWHO_TEST_REQUIRE") == "all":
		t.Fatalf("required, and not available: %s", what)
	default:
		t.Skipf("not available: %s", what)
	}
}
