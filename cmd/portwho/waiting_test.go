package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// A background is a program that a script has started with waiting.
type background struct {
	cmd            *exec.Cmd
	code           string
	stdout, stderr lockedBuffer
}

// lockedBuffer is written by a program while the script looks into it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// backgroundsKey is where a script keeps them.
type backgroundsKey struct{}

func backgrounds(ts *testscript.TestScript) map[string]*background {
	return ts.Value(backgroundsKey{}).(map[string]*background)
}

// waiting NAME CODE PROGRAM [ARG...] starts a program that waits, and goes on
// when it has said so on stderr.
func waiting(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: waiting NAME CODE PROGRAM [ARG...]")
	}
	b := inBackground(ts, args)
	for !strings.Contains(b.stderr.String(), "waiting") {
		if !processAlive(b.cmd.Process.Pid) {
			ts.Fatalf("%v ended: %s%s", args, b.stdout.String(), b.stderr.String())
		}
		runtime.Gosched()
	}
}

// inBackground starts NAME CODE PROGRAM [ARG...].
func inBackground(ts *testscript.TestScript, args []string) *background {
	b := &background{cmd: command(ts, args[2:]), code: args[1]}
	b.cmd.Stdout, b.cmd.Stderr = &b.stdout, &b.stderr
	ts.Check(b.cmd.Start())
	ts.Defer(func() { _ = b.cmd.Process.Kill() })
	backgrounds(ts)[args[0]] = b
	return b
}

// waited NAME waits for such a program and demands its exit code. What it printed
// is then stdout and stderr.
func waited(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || backgrounds(ts)[args[0]] == nil {
		ts.Fatalf("usage: waited NAME")
	}
	b := backgrounds(ts)[args[0]]
	_ = b.cmd.Wait()
	fmt.Fprint(ts.Stdout(), b.stdout.String())
	fmt.Fprint(ts.Stderr(), b.stderr.String())
	if code := fmt.Sprint(b.cmd.ProcessState.ExitCode()); code != b.code {
		ts.Fatalf("%v: exit code %s, want %s", b.cmd.Args, code, b.code)
	}
}

// interrupt NAME sends it SIGINT.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || backgrounds(ts)[args[0]] == nil {
		ts.Fatalf("usage: interrupt NAME")
	}
	ts.Check(backgrounds(ts)[args[0]].cmd.Process.Signal(os.Interrupt))
}
