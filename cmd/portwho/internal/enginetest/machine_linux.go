package enginetest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long anything may take to come up on a busy machine.
const patience = time.Minute

// Machine is a small machine: namespaces for network (only loopback is up),
// mounts (/run and the folders of the engines are empty and its own) and
// processes. It ends with the test.
type Machine struct {
	pid   int
	close sync.Once
	stop  func()
}

// boot is what process 1 of a machine runs. bash reaps what is left to it, and
// ends, and the machine with it, when its stdin does.
const boot = `
set -e
ip link set lo up
mkdir -p /var/lib/docker /var/lib/containers
mount -t tmpfs -o mode=755 none /run
mount -t tmpfs none /var/lib/docker
mount -t tmpfs none /var/lib/containers
mkdir -p /run/lock /run/user
echo ready
read -r forever || :
`

// NewMachine starts a machine. The programs are those that the test needs on
// it; without them, and without root, it is skipped.
func NewMachine(t testing.TB, programs ...string) *Machine {
	t.Helper()
	if os.Geteuid() != 0 {
		unavailable(t, "a machine of its own takes root")
	}
	for _, program := range append([]string{"unshare", "nsenter", "bash", "ip"}, programs...) {
		if _, err := exec.LookPath(program); err != nil {
			unavailable(t, program+" is not installed")
		}
	}
	cmd := exec.Command("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
		"bash", "-c", boot)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	must(t, err)
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	m := &Machine{stop: func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill() // process 1 goes with it, and all others with that
		_ = cmd.Wait()
	}}
	t.Cleanup(m.End)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if line != "ready\n" {
		unavailable(t, fmt.Sprintf("no machine of its own: %q, %v", line, err))
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
	must(t, err)
	m.pid, err = strconv.Atoi(strings.TrimSpace(string(children)))
	must(t, err)
	return m
}

// End ends the machine with everything on it. The end of the test does so too.
func (m *Machine) End() { m.close.Do(m.stop) }

// PID is process 1 of the machine as it is seen from outside.
func (m *Machine) PID() int { return m.pid }

// Command is a command on the machine. A "VAR=VALUE" before the program is
// set for it. The folders of the machine around it are seen on it too, but for
// /run.
func (m *Machine) Command(args ...string) *exec.Cmd {
	enter := []string{"--target", strconv.Itoa(m.pid), "--net", "--mount", "--pid", "env", "CONTAINERS_CONF=" + containersConf}
	return exec.Command("nsenter", append(enter, args...)...)
}

// Output runs a command on the machine and returns what it printed to stdout,
// without the last line break. It fails the test if the command fails.
func (m *Machine) Output(t testing.TB, args ...string) string {
	t.Helper()
	return run(t, m.Command(args...), nil)
}

// Write writes a file on the machine, with the folders it takes.
func (m *Machine) Write(t testing.TB, path, text string) {
	t.Helper()
	run(t, m.Command("bash", "-c", `mkdir -p "$(dirname "$0")" && cat >"$0"`, path), strings.NewReader(text))
}

func run(t testing.TB, cmd *exec.Cmd, stdin io.Reader) string {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%q: %v\n%s%s", cmd.Args, err, stdout.String(), stderr.String())
	}
	return strings.TrimSuffix(stdout.String(), "\n")
}

// until waits for something to become true.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %v", what, patience)
		case <-tick.C:
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// unavailable skips a test, or fails it where nothing may be skipped.
func unavailable(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		t.Fatalf("required, and not available: %s", reason)
	}
	t.Skip(reason)
}
