package stop_test

import (
	"context"
	"net"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
	"github.com/portwho/portwho/pkg/stop"
)

// planFor reads the machine and plans to free a server's port.
func planFor(t *testing.T, address string) report.Action {
	t.Helper()
	action, err := planOf(address)
	if err != nil {
		t.Fatal(err)
	}
	return action
}

func planOf(address string) (report.Action, error) {
	target, err := port.ParseTarget(address)
	if err != nil {
		return report.Action{}, err
	}
	snap, err := collect.Collect(context.Background(), collect.Config{Scope: host.Scope{Ports: []port.Range{target.Ports}}})
	if err != nil {
		return report.Action{}, err
	}
	above, err := collect.Ancestors(context.Background(), "", snap.Viewer.PID)
	if err != nil {
		return report.Action{}, err
	}
	var pids []int32
	for _, p := range above {
		pids = append(pids, p.PID)
	}
	return diagnose.Plan(snap, target, target.Ports.First, diagnose.PlanOptions{Ancestors: pids}), nil
}

var quick = stop.Config{Timeout: 300 * time.Millisecond, Settle: 400 * time.Millisecond}

// did lists the steps as "do SIGNAL", in order, without those about the port.
func did(out report.Outcome) string {
	var words []string
	for _, s := range out.Steps {
		words = append(words, strings.TrimSpace(s.Do+" "+s.Signal))
	}
	return strings.Join(words, ", ")
}

func TestPlainServer(t *testing.T) {
	s := startServer(t, "plain", "")
	action := planFor(t, s.address)
	if len(action.Victims) != 1 || action.Victims[0].PID != s.pid || len(action.Refusals) > 0 {
		t.Fatalf("plan: %+v", action)
	}
	var told []report.Step
	config := quick
	config.Timeout = 10 * time.Second // TERM is enough
	config.Tell = func(s report.Step) { told = append(told, s) }
	out := stop.Run(context.Background(), action, config)
	if !out.Free || out.Error != "" || did(out) != "signal TERM, exited, free" {
		t.Errorf("free %v, error %q, steps %s", out.Free, out.Error, did(out))
	}
	if !reflect.DeepEqual(told, out.Steps) {
		t.Errorf("told %v, kept %v", told, out.Steps)
	}
	if len(out.Probes) != 1 || out.Probes[0].Errno != host.OK {
		t.Errorf("probes: %+v", out.Probes)
	}
}

// TestWhatWasLeftIsInTheWay: where no bind could prove anything, the outcome
// says who was left, and that the port is not free.
func TestWhatWasLeftIsInTheWay(t *testing.T) {
	s := startServer(t, "plain", "")
	action := planFor(t, s.address)
	action.Candidates, action.Left = nil, []string{"web (pid 7) on 127.0.0.1:8080"}
	out := stop.Run(context.Background(), action, quick)
	if out.Free || did(out) != "signal TERM, exited" || !strings.Contains(out.Error, "not chosen: web (pid 7)") {
		t.Errorf("free %v, error %q, steps %s", out.Free, out.Error, did(out))
	}
}

func TestStubbornServerIsKilled(t *testing.T) {
	s := startServer(t, "stubborn", "")
	out := stop.Run(context.Background(), planFor(t, s.address), quick)
	if !out.Free || did(out) != "signal TERM, signal KILL, exited, free" {
		t.Errorf("free %v, error %q, steps %s", out.Free, out.Error, did(out))
	}
}

func TestFirstSignalKill(t *testing.T) {
	s := startServer(t, "plain", "")
	config := quick
	config.Signal = stop.KILL
	out := stop.Run(context.Background(), planFor(t, s.address), config)
	if !out.Free || did(out) != "signal KILL, exited, free" {
		t.Errorf("free %v, error %q, steps %s", out.Free, out.Error, did(out))
	}
}

func TestStoppedServerGetsContinued(t *testing.T) {
	s := startServer(t, "plain", "")
	if err := syscall.Kill(int(s.pid), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for {
		p, err := collect.ReadProcess(context.Background(), "", s.pid)
		if err != nil {
			t.Fatal(err)
		}
		if p.State == host.ProcessStopped {
			break
		}
		time.Sleep(time.Millisecond)
	}
	config := quick
	config.Timeout = 10 * time.Second
	out := stop.Run(context.Background(), planFor(t, s.address), config)
	if !out.Free || did(out) != "signal TERM, signal CONT, exited, free" {
		t.Errorf("free %v, error %q, steps %s", out.Free, out.Error, did(out))
	}
}

// A victim without a socket, such as a watcher, is known by what it runs as well:
// a pid can be another process's within one tick.
func TestVictimWithoutASocketIsComparedByItsProgram(t *testing.T) {
	s := startServer(t, "plain", "")
	action := planFor(t, s.address)
	action.Victims[0].Inodes, action.Victims[0].Sockets = nil, nil
	other := action.Victims[0]
	other.Command = append(slices.Clone(other.Command), "--another")
	action.Victims[0] = other
	out := stop.Run(context.Background(), action, quick)
	if !s.alive() || !strings.HasPrefix(did(out), "changed") {
		t.Errorf("another command line: alive %v, steps %s", s.alive(), did(out))
	}
	other.Command = other.Command[:len(other.Command)-1]
	action.Victims[0] = other
	config := quick
	config.Timeout = 10 * time.Second
	if out := stop.Run(context.Background(), action, config); !out.Free || did(out) != "signal TERM, exited, free" {
		t.Errorf("its own command line: steps %s, %q", did(out), out.Error)
	}
}

func TestForkedPair(t *testing.T) {
	s := startServer(t, "fork", "")
	action := planFor(t, s.address)
	if len(action.Victims) != 2 {
		t.Fatalf("victims: %+v", action.Victims)
	}
	out := stop.Run(context.Background(), action, quick)
	if !out.Free {
		t.Errorf("error %q, steps %s", out.Error, did(out))
	}
}

func TestClientSurvives(t *testing.T) {
	s := startServer(t, "plain", "")
	c := startServer(t, "client", s.address)
	out := stop.Run(context.Background(), planFor(t, s.address), quick)
	if slices.ContainsFunc(out.Steps, func(step report.Step) bool { return step.PID == c.pid }) {
		t.Errorf("the client was touched: %+v", out.Steps)
	}
	if s.alive() && !out.Free && len(out.Steps) == 0 {
		t.Errorf("nothing was done: %q", out.Error)
	}
	if !c.alive() {
		t.Error("the client is dead")
	}
}

func TestRespawned(t *testing.T) {
	s := startServer(t, "respawn", "")
	out := stop.Run(context.Background(), planFor(t, s.address), quick)
	if out.Free || out.Error == "" {
		t.Errorf("free %v, error %q, steps %s", out.Free, out.Error, did(out))
	}
	if !s.alive() {
		t.Error("the parent is dead")
	}
}

// A server that closes its port on TERM and lives on has done what was asked.
func TestReleasingServerLivesOn(t *testing.T) {
	s := startServer(t, "releasing", "")
	config := quick
	config.Timeout = time.Second
	out := stop.Run(context.Background(), planFor(t, s.address), config)
	if !out.Free || did(out) != "signal TERM, released, free" || !s.alive() {
		t.Errorf("free %v, error %q, alive %v, steps %s", out.Free, out.Error, s.alive(), did(out))
	}
}

// untouched demands that a changed plan sends no signal.
func untouched(t *testing.T, s server, action report.Action, want string) {
	t.Helper()
	out := stop.Run(context.Background(), action, quick)
	for _, step := range out.Steps {
		if step.Do == "signal" {
			t.Errorf("signalled: %+v", step)
		}
	}
	if out.Free || !strings.HasPrefix(did(out), want) || !s.alive() {
		t.Errorf("free %v, alive %v, error %q, steps %s, want %s", out.Free, s.alive(), out.Error, did(out), want)
	}
}

func TestOtherProcessOfThatPid(t *testing.T) {
	s := startServer(t, "plain", "")
	action := planFor(t, s.address)
	action.Victims[0].StartTicks--
	untouched(t, s, action, "changed")
	action.Victims[0].StartTicks = 0
	untouched(t, s, action, "changed")
}

func TestSocketNoLongerHeld(t *testing.T) {
	s := startServer(t, "plain", "")
	action := planFor(t, s.address)
	action.Victims[0].Inodes = []uint64{1}
	untouched(t, s, action, "released")
}

func TestVictimGone(t *testing.T) {
	s := startServer(t, "plain", "")
	action := planFor(t, s.address)
	if err := syscall.Kill(int(s.pid), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	out := stop.Run(context.Background(), action, quick)
	if !out.Free || did(out) != "gone, free" {
		t.Errorf("free %v, error %q, steps %s", out.Free, out.Error, did(out))
	}
}

func TestInterrupted(t *testing.T) {
	s := startServer(t, "stubborn", "")
	action := planFor(t, s.address)
	ctx, cancel := context.WithCancel(context.Background())
	config := quick
	config.Timeout = time.Minute
	config.Tell = func(report.Step) { cancel() } // after the first signal
	out := stop.Run(ctx, action, config)
	if out.Free || !strings.HasPrefix(out.Error, "interrupted") || !strings.HasPrefix(did(out), "signal TERM") {
		t.Errorf("free %v, error %q, steps %s", out.Free, out.Error, did(out))
	}
	if !s.alive() {
		t.Error("the server was killed after the interruption")
	}
}

func TestNothingIsDoneAgainstARefusal(t *testing.T) {
	s := startServer(t, "plain", "")
	action := planFor(t, s.address)
	action.Refusals = []report.Refusal{{Reason: "unit", Summary: "a unit is in charge"}}
	untouched(t, s, action, "")
	if out := stop.Run(context.Background(), report.Action{}, quick); out.Free || len(out.Steps) > 0 {
		t.Errorf("an empty action: %+v", out)
	}
	action.Refusals = nil
	config := quick
	config.ProcRoot = t.TempDir()
	if out := stop.Run(context.Background(), action, config); out.Free || len(out.Steps) > 0 || !s.alive() {
		t.Errorf("another procfs: %+v", out)
	}
}

// The test itself has a server on the port: it must refuse to stop itself.
func TestOwnProcess(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	action := planFor(t, l.Addr().String())
	if len(action.Refusals) == 0 || action.Refusals[0].Reason != "self" {
		t.Fatalf("refusals: %+v", action.Refusals)
	}
	if out := stop.Run(context.Background(), action, quick); out.Free || len(out.Steps) > 0 {
		t.Errorf("outcome: %+v", out)
	}
}

func TestParseSignal(t *testing.T) {
	for _, text := range []string{"TERM", "term", "SIGTERM", "sigterm"} {
		if s, err := stop.ParseSignal(text); err != nil || s != stop.TERM {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "SIG", "CONT", "STOP", "9", "USR1"} {
		if s, err := stop.ParseSignal(text); err == nil {
			t.Errorf("%q: %v", text, s)
		}
	}
}
