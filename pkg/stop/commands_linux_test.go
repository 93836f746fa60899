package stop_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
	"github.com/portwho/portwho/pkg/stop"
)

// commanded turns a plan that signals into one that runs a command for each of
// its victims.
func commanded(action report.Action, names ...string) report.Action {
	action.Level = "supervisor"
	for i, name := range names {
		action.Commands = append(action.Commands, report.Command{
			Argv: []string{"super", "stop", name}, Why: "it runs it",
			Manager: host.Manager{Kind: host.ManagerSupervisor, Name: name}, Processes: action.Victims[i : i+1],
		})
	}
	action.Victims = nil
	return action
}

// killing is a runner that ends servers, as a supervisor would.
func killing(t *testing.T, ran *[]string, servers ...server) stop.Runner {
	return func(_ context.Context, argv []string) ([]byte, error) {
		s := servers[len(*ran)]
		*ran = append(*ran, strings.Join(argv, " "))
		if err := syscall.Kill(int(s.pid), syscall.SIGKILL); err != nil {
			t.Error(err)
		}
		<-s.ended
		return nil, nil
	}
}

// join makes one action of two.
func join(a, b report.Action) report.Action {
	a.Victims = append(slices.Clone(a.Victims), b.Victims...)
	a.Candidates = append(slices.Clone(a.Candidates), b.Candidates...)
	return a
}

func TestCommandsRunInOrder(t *testing.T) {
	s, other := startServer(t, "plain", ""), startServer(t, "plain", "")
	action := commanded(join(planFor(t, s.address), planFor(t, other.address)), "web", "api")
	var ran []string
	config := quick
	config.Runner = killing(t, &ran, s, other)
	out := stop.Run(context.Background(), action, config)
	if want := []string{"super stop web", "super stop api"}; !slices.Equal(ran, want) {
		t.Errorf("ran %q, want %q", ran, want)
	}
	if !out.Free || did(out) != "command, exited, command, exited, free" {
		t.Errorf("free %v, error %q, steps %s", out.Free, out.Error, did(out))
	}
	if step := out.Steps[0]; !slices.Equal(step.Command, action.Commands[0].Argv) || step.Detail != "" {
		t.Errorf("step %+v", step)
	}
}

// A command comes before the signals, and what it left is signalled then.
func TestCommandThenSignal(t *testing.T) {
	s, other := startServer(t, "plain", ""), startServer(t, "plain", "")
	plain := planFor(t, other.address)
	action := commanded(planFor(t, s.address), "web")
	action.Victims, action.Candidates = plain.Victims, append(action.Candidates, plain.Candidates...)
	var ran []string
	config := quick
	config.Timeout = 10 * time.Second
	config.Runner = killing(t, &ran, s)
	out := stop.Run(context.Background(), action, config)
	if !out.Free || did(out) != "command, exited, signal TERM, exited, free" {
		t.Errorf("free %v, error %q, steps %s", out.Free, out.Error, did(out))
	}
}

func TestFailedCommandEndsTheAction(t *testing.T) {
	s, other := startServer(t, "plain", ""), startServer(t, "plain", "")
	action := commanded(join(planFor(t, s.address), planFor(t, other.address)), "web", "api")
	action.Victims = planFor(t, other.address).Victims
	runs := 0
	config := quick
	config.Runner = func(context.Context, []string) ([]byte, error) {
		runs++
		return []byte("one\ntwo\n\nthree\x1b[2J\nno such program \"web\"\n"), errors.New("exit status 7")
	}
	out := stop.Run(context.Background(), action, config)
	if out.Free || runs != 1 || did(out) != "command" || !s.alive() || !other.alive() {
		t.Errorf("free %v, %d runs, alive %v and %v, steps %s", out.Free, runs, s.alive(), other.alive(), did(out))
	}
	const want = "exit status 7: two; three\x1b[2J; no such program \"web\""
	if out.Steps[0].Detail != want || out.Error != "super stop web failed: "+want {
		t.Errorf("detail %q, error %q", out.Steps[0].Detail, out.Error)
	}
}

// TestChangedWorld: a command is not run when what it should stop is no longer
// what the plan says.
func TestChangedWorld(t *testing.T) {
	for name, change := range map[string]func(*report.Command){
		"another process": func(c *report.Command) { c.Processes[0].StartTicks-- },
		"no identity":     func(c *report.Command) { c.Processes[0].StartTicks = 0 },
		"another cgroup":  func(c *report.Command) { c.Processes[0].Cgroup += "/moved" },
		"another socket":  func(c *report.Command) { c.Processes[0].Inodes = []uint64{1} },
		"no process":      func(c *report.Command) { c.Processes[0].PID = 1<<22 + 1 },
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, "plain", "")
			action := commanded(planFor(t, s.address), "web")
			change(&action.Commands[0])
			config := quick
			config.Runner = func(context.Context, []string) ([]byte, error) {
				t.Error("the command was run")
				return nil, nil
			}
			out := stop.Run(context.Background(), action, config)
			if out.Free || did(out) != "changed" || !strings.HasPrefix(out.Error, "super was not run: ") {
				t.Errorf("free %v, error %q, steps %s", out.Free, out.Error, did(out))
			}
		})
	}
}

// One of several processes that still is what it was is enough: workers come
// and go.
func TestOneOfSeveralProcesses(t *testing.T) {
	s := startServer(t, "plain", "")
	action := commanded(planFor(t, s.address), "web")
	gone := action.Commands[0].Processes[0]
	gone.StartTicks--
	action.Commands[0].Processes = []report.Victim{gone, action.Commands[0].Processes[0]}
	var ran []string
	config := quick
	config.Runner = killing(t, &ran, s)
	if out := stop.Run(context.Background(), action, config); !out.Free || len(ran) != 1 {
		t.Errorf("free %v, ran %q, error %q", out.Free, ran, out.Error)
	}
}

func TestCheckIsAsked(t *testing.T) {
	s := startServer(t, "plain", "")
	action := commanded(planFor(t, s.address), "web")
	config := quick
	asked := ""
	config.Check = func(_ context.Context, c report.Command) error {
		asked = c.Manager.Name
		return errors.New("web is no longer in charge")
	}
	config.Runner = func(context.Context, []string) ([]byte, error) {
		t.Error("the command was run")
		return nil, nil
	}
	out := stop.Run(context.Background(), action, config)
	if asked != "web" || out.Free || did(out) != "changed" || out.Error != "super was not run: web is no longer in charge" || !s.alive() {
		t.Errorf("asked %q, free %v, error %q, steps %s", asked, out.Free, out.Error, did(out))
	}
}

func TestInterruptedCommand(t *testing.T) {
	s := startServer(t, "plain", "")
	action := commanded(planFor(t, s.address), "web")
	ctx, cancel := context.WithCancel(context.Background())
	config := quick
	config.Runner = func(ctx context.Context, _ []string) ([]byte, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	out := stop.Run(ctx, action, config)
	if out.Free || did(out) != "command" || out.Steps[0].Detail != "interrupted" || !strings.HasPrefix(out.Error, "interrupted while super ran") {
		t.Errorf("free %v, error %q, steps %+v", out.Free, out.Error, out.Steps)
	}
	config.Runner = func(context.Context, []string) ([]byte, error) {
		t.Error("a command was run after the end")
		return nil, nil
	}
	if out = stop.Run(ctx, action, config); out.Free || len(out.Steps) > 0 || !strings.HasPrefix(out.Error, "interrupted") {
		t.Errorf("free %v, error %q, steps %s", out.Free, out.Error, did(out))
	}
}

func TestSlowCommandIsEnded(t *testing.T) {
	s := startServer(t, "plain", "")
	action := commanded(planFor(t, s.address), "web")
	// The shell's child would keep the output open for a minute.
	action.Commands[0].Argv = []string{"sh", "-c", "echo thinking; sleep 60 & wait"}
	config := quick
	config.CommandTimeout = 200 * time.Millisecond
	out := stop.Run(context.Background(), action, config)
	if out.Free || did(out) != "command" || !strings.Contains(out.Steps[0].Detail, "did not end in 200ms: thinking") || !s.alive() {
		t.Errorf("free %v, error %q, steps %+v", out.Free, out.Error, out.Steps)
	}
}

// A command that ends well and stops nothing has not freed the port.
func TestCommandWithoutEffect(t *testing.T) {
	s := startServer(t, "plain", "")
	config := quick
	config.Runner = func(context.Context, []string) ([]byte, error) { return nil, nil }
	out := stop.Run(context.Background(), commanded(planFor(t, s.address), "web"), config)
	if out.Free || did(out) != "command, timeout" || out.Error == "" || !s.alive() {
		t.Errorf("free %v, error %q, steps %s", out.Free, out.Error, did(out))
	}
}

func TestExec(t *testing.T) {
	ctx := context.Background()
	run := stop.Exec([]string{"PATH=" + os.Getenv("PATH"), "GREETING=hello"})
	if out, err := run(ctx, []string{"sh", "-c", `cat; echo $GREETING; echo oops >&2; exit 3`}); string(out) != "hello\noops\n" || err == nil || err.Error() != "exit status 3" {
		t.Errorf("%q, %v", out, err)
	}
	out, err := run(ctx, []string{"sh", "-c", `i=0; while [ $i -lt 5000 ]; do echo "line $i"; i=$((i+1)); done`})
	if err != nil || len(out) != 4096 || !bytes.HasSuffix(out, []byte("line 4999\n")) {
		t.Errorf("%d bytes, ending in %q, %v", len(out), out[max(0, len(out)-20):], err)
	}
	if _, err := run(ctx, []string{"portwho-no-such-program"}); err == nil {
		t.Error("a program that is not there ran")
	}
	if _, err := run(ctx, nil); err == nil {
		t.Error("no program ran")
	}
}

// TestWatcherEndsFirst: a watcher is told first, so that it does not start its
// server again.
func TestWatcherEndsFirst(t *testing.T) {
	s := startServer(t, "respawn", "")
	action := planFor(t, s.address)
	watcher, err := collect.ReadProcess(context.Background(), "", s.pid)
	if err != nil || len(action.Victims) != 1 {
		t.Fatalf("%v, victims %+v", err, action.Victims)
	}
	action.Level = "watcher"
	action.Victims = append([]report.Victim{{
		Holder: report.Holder{PID: s.pid, Name: watcher.Name}, Role: report.RoleWatcher, StartTicks: watcher.StartTicks, UID: watcher.UID,
	}}, action.Victims...)
	config := quick
	config.Timeout = 10 * time.Second
	out := stop.Run(context.Background(), action, config)
	if !out.Free || out.Steps[0].PID != s.pid || out.Steps[0].Do != "signal" {
		t.Errorf("free %v, error %q, steps %+v", out.Free, out.Error, out.Steps)
	}
	<-s.ended
}
