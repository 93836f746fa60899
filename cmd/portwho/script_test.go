package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/portwho/portwho/cmd/portwho/internal/testserver"
	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

func TestMain(m *testing.M) {
	if os.Args[0] == testserver.Proxy {
		testserver.ProxyMain()
		return
	}
	testscript.Main(m, map[string]func(){
		"portwho":          main,
		testserver.Program: testserver.Main,
		"conmon":           testserver.Main, // what portwho knows a container by
		"confine":          confine,
		holdPortName:       holdPort,
	})
}

// TestScripts runs the program as a user would. A script is a readable file:
// testdata/script/*.txtar.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "")
			env.Setenv("COLUMNS", "")
			env.Values[backgroundsKey{}] = map[string]*background{}
			return nil
		},
		Condition: func(name string) (bool, error) {
			if program, found := strings.CutPrefix(name, "has:"); found {
				return has(program)
			}
			switch name {
			case "root":
				return os.Geteuid() == 0, nil
			case "ipv6":
				return hasIPv6(), nil
			case "seccomp", "landlock", "cgroup_bpf":
				can := canConfine(name)
				if !can && os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
					return false, fmt.Errorf("required, and not available: %s", name)
				}
				return can, nil
			case "bpf":
				return readsOptions(t), nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve":     serve,
			"stopserv":  stopServer,
			"run":       run,
			"asnobody":  asNobody,
			"alive":     alive,
			"valid":     valid,
			"validline": validLines,
			"waiting":   waiting,
			"waited":    waited,
			"watching":  watching,
			"sees":      sees,
			"interrupt": interrupt,
		},
	})
}

// has reports whether there is a program. Where nothing may be skipped, it must,
// which [exec:PROGRAM] of testscript does not know.
func has(program string) (bool, error) {
	_, err := exec.LookPath(program)
	if err != nil && os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		return false, fmt.Errorf("required, and not available: %w", err)
	}
	return err == nil, nil
}

// readsOptions reports whether the kernel shows the options of any socket.
// Where nothing may be skipped, it must.
func readsOptions(t *testing.T) bool {
	one := host.Socket{Protocol: port.TCP, Local: netip.MustParseAddrPort("127.0.0.1:1"), Cookie: 1}
	snapshot := &host.Snapshot{Sockets: []host.Socket{one}}
	err := collect.Deepen(t.Context(), snapshot)
	works := err == nil && len(snapshot.Gaps) == 0 && runtime.GOOS == "linux"
	if !works && os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		t.Errorf("required, and not available: BPF iterators: %v, %v", snapshot.Gaps, err)
	}
	return works
}

func hasIPv6() bool {
	f, err := os.Open("/proc/net/if_inet6")
	if err != nil {
		return runtime.GOOS != "linux"
	}
	defer f.Close()
	scanner := bufio.NewScanner(f)
	for scanner.Scan() {
		if strings.HasSuffix(scanner.Text(), " lo") {
			return true
		}
	}
	return false
}

// serve NAME MODE [ARG...] starts the test server and sets NAME_PORT and
// NAME_PID. PROGRAM@MODE starts it by another name.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: serve NAME MODE [ARG...]")
	}
	name := args[0]
	program, mode, renamed := strings.Cut(args[1], "@")
	if !renamed {
		program, mode = testserver.Program, program
	}
	path, err := lookPath(ts.Getenv("PATH"), program)
	ts.Check(err)
	cmd := exec.Command(path, append([]string{mode}, args[2:]...)...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME"), "TMPDIR=" + ts.Getenv("TMPDIR")}
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	ts.Check(err)
	stdout, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	var number int
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if _, scanErr := fmt.Sscanf(line, "ready %d", &number); scanErr != nil {
		ts.Fatalf("serve %v: %q, %v", args, line, err)
	}
	go func() { _ = cmd.Wait() }()
	ts.Setenv(name+"_PORT", fmt.Sprint(number))
	ts.Setenv(name+"_PID", fmt.Sprint(cmd.Process.Pid))
}

func lookPath(path, name string) (string, error) {
	for _, dir := range strings.Split(path, string(os.PathListSeparator)) {
		if found, err := exec.LookPath(dir + string(os.PathSeparator) + name); err == nil {
			return found, nil
		}
	}
	return "", fmt.Errorf("%s is not in %s", name, path)
}

// run CODE PROGRAM [ARG...] runs a program and demands the exit code. What it
// prints goes to stdout and stderr as with exec.
func run(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: run CODE PROGRAM [ARG...]")
	}
	demandExit(ts, command(ts, args[1:]), args)
}

func command(ts *testscript.TestScript, args []string) *exec.Cmd {
	path, err := lookPath(ts.Getenv("PATH"), args[0])
	ts.Check(err)
	cmd := exec.Command(path, args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Stdout, cmd.Stderr = ts.Stdout(), ts.Stderr()
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "COLUMNS", "NO_COLOR", "WORK", "DOCKER_HOST"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	return cmd
}

// demandExit runs the command and compares its exit code with args[0].
func demandExit(ts *testscript.TestScript, cmd *exec.Cmd, args []string) {
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v: %v", args[1:], err)
	}
	if code := fmt.Sprint(cmd.ProcessState.ExitCode()); code != args[0] {
		ts.Fatalf("%v: exit code %s, want %s", args[1:], code, args[0])
	}
}

// stopserv PID ends a server that serve started, by its pid.
func stopServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: stopserv PID")
	}
	var pid int
	_, err := fmt.Sscan(args[0], &pid)
	ts.Check(err)
	p, err := os.FindProcess(pid)
	ts.Check(err)
	_ = p.Kill()
	for processAlive(pid) {
		runtime.Gosched()
	}
}

// alive PID asserts that a process lives; ! alive PID that it does not.
func alive(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] alive PID")
	}
	var pid int
	_, err := fmt.Sscan(args[0], &pid)
	ts.Check(err)
	if processAlive(pid) == neg {
		ts.Fatalf("process %d: alive is %v", pid, neg)
	}
}
