package stop

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// Run carries out an action and says what came of it. It does nothing when the
// action has refusals, or neither commands nor victims. When the context ends it stops
// waiting and says so; what was sent cannot be taken back.
//
// Outcome.Result is left for the caller, who can look at the machine again.
func Run(ctx context.Context, action report.Action, cfg Config) report.Outcome {
	if cfg.Signal == "" {
		cfg.Signal = TERM
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	r := &run{cfg: cfg, out: report.Outcome{Action: action, Steps: []report.Step{}, Probes: []host.Probe{}}}
	switch {
	case len(action.Refusals) > 0:
		r.out.Error = "refused: " + action.Refusals[0].Summary
	case len(action.Victims) == 0 && len(action.Commands) == 0:
		r.out.Error = "there is nothing to stop"
	case cfg.ProcRoot != "" && strings.TrimRight(cfg.ProcRoot, "/") != "/proc":
		r.out.Error = "processes are stopped only as this system's own /proc names them"
	default:
		r.all(ctx)
	}
	return r.out
}

// run is one stop in progress.
type run struct {
	cfg Config
	out report.Outcome
}

// victim is a process on its way out, pinned.
type victim struct {
	report.Victim
	pin  *pin
	done bool
	told bool // the first signal was sent before its turn
}

func (r *run) all(ctx context.Context) {
	victims := r.pinAll(ctx)
	defer closePins(victims)
	if !r.commands(ctx) {
		return
	}
	r.signalLeaders(ctx, victims)
	r.signalAll(ctx, victims, r.cfg.Signal)
	if r.cfg.Signal != KILL {
		r.wait(ctx, victims, r.cfg.Timeout)
		if ctx.Err() == nil {
			r.signalAll(ctx, alive(victims), KILL)
		}
	}
	r.wait(ctx, victims, killPatience)
	for _, v := range alive(victims) {
		r.step(didTimeout, v.PID, "", "it is still there")
	}
	if err := ctx.Err(); err != nil {
		r.out.Error = "interrupted; what was done stands, and the port was not checked"
		return
	}
	r.prove(ctx)
	if left := alive(victims); !r.out.Free && len(left) > 0 && r.out.Error == "" {
		r.out.Error = fmt.Sprintf("%d of %d processes are still there", len(left), len(r.out.Action.Victims))
	}
	if len(r.out.Action.Candidates) == 0 {
		r.fail("what was chosen is stopped; not chosen: " + strings.Join(r.out.Action.Left, ", "))
	}
}

func closePins(victims []*victim) {
	for _, v := range victims {
		v.pin.close()
	}
}

// signalLeaders tells a watcher or a master to end and lets it end the others
// in its own way: a worker that is told by both may cut off what it was doing,
// and a watcher that is told last starts its server again.
func (r *run) signalLeaders(ctx context.Context, victims []*victim) {
	var led []*victim
	leads := false
	for _, v := range victims {
		if !v.Role.Leads() {
			led = append(led, v)
			continue
		}
		leads = true
		r.signalAll(ctx, []*victim{v}, r.cfg.Signal)
		v.told = true
	}
	if leads && r.cfg.Signal != KILL {
		r.wait(ctx, led, min(r.cfg.Timeout, followPatience))
	}
}

// pinAll pins every victim that is still what the plan says.
func (r *run) pinAll(ctx context.Context) []*victim {
	var out []*victim
	for _, planned := range r.out.Action.Victims {
		p, err := openPin(planned.PID)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			r.step(wasGone, planned.PID, "", "it ended by itself")
			continue
		case err != nil:
			r.step(wasDenied, planned.PID, "", err.Error())
			r.fail(fmt.Sprintf("process %d cannot be pinned: %v", planned.PID, err))
			continue
		}
		v := &victim{Victim: planned, pin: p}
		if _, ok := r.same(ctx, v); !ok {
			p.close()
			continue
		}
		out = append(out, v)
	}
	return out
}

// same compares a pinned process with the plan. Whatever the answer, it is
// about the pinned process: a later one with the same pid would have a later
// start time, and the pin would refuse the signal.
func (r *run) same(ctx context.Context, v *victim) (host.Process, bool) {
	now, err := collect.ReadProcess(ctx, r.cfg.ProcRoot, v.PID)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && now.State == host.ProcessZombie && v.pin.exited():
		r.step(wasGone, v.PID, "", "it ended by itself")
		v.done = true
		return now, false
	case err != nil:
		r.step(wasChanged, v.PID, "", "it could not be compared with the plan: "+err.Error())
		r.fail(fmt.Sprintf("process %d could not be compared with the plan, so it was left alone", v.PID))
		return now, false
	case ending(v.Victim, now):
		r.step(wasGone, v.PID, "", "it ended by itself")
		v.done = true
		return now, false
	case !sameProcess(v.Victim, now):
		r.step(wasChanged, v.PID, "", "the pid belongs to another process now")
		v.done = true
		return now, false
	}
	holds, err := r.holds(v)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.step(wasGone, v.PID, "", "it ended by itself")
		v.done = true
		return now, false
	case err != nil:
		r.step(wasChanged, v.PID, "", "its open files could not be read: "+err.Error())
		r.fail(fmt.Sprintf("process %d could not be compared with the plan, so it was left alone", v.PID))
		return now, false
	case !holds:
		r.step(didRelease, v.PID, "", "it holds the port no more, so it was left alone")
		v.done = true
		return now, false
	}
	return now, true
}

// holds tells whether the process still holds one of the planned sockets. The
// answer is yes where the system has no inodes to compare.
func (r *run) holds(v *victim) (bool, error) {
	if len(v.Inodes) == 0 {
		return true, nil
	}
	for _, inode := range v.Inodes {
		held, err := collect.HoldsInode(r.cfg.ProcRoot, v.PID, inode)
		if errors.Is(err, errors.ErrUnsupported) {
			return true, nil
		}
		if err != nil || held {
			return held, err
		}
	}
	return false, nil
}

// signalAll sends a signal to every victim, each checked just before.
func (r *run) signalAll(ctx context.Context, victims []*victim, s Signal) {
	for _, v := range victims {
		if v.done || ctx.Err() != nil || v.told && s == r.cfg.Signal {
			continue
		}
		now, ok := r.same(ctx, v)
		if !ok {
			continue
		}
		r.send(v, s)
		// A stopped process gets a signal only once it goes on; KILL needs
		// no help.
		if !v.done && s != KILL && now.State == host.ProcessStopped {
			r.send(v, cont)
		}
	}
}

func (r *run) send(v *victim, s Signal) {
	err := v.pin.signal(s)
	switch {
	case err == nil:
		r.step(didSignal, v.PID, s, "")
	case errors.Is(err, fs.ErrNotExist):
		r.step(wasGone, v.PID, "", "it ended by itself")
		v.done = true
	default:
		r.step(wasDenied, v.PID, s, err.Error())
		r.fail(fmt.Sprintf("process %d may not be signalled: %v", v.PID, err))
	}
}

// wait waits until every victim has ended or released the port, at most for
// the time given.
func (r *run) wait(ctx context.Context, victims []*victim, most time.Duration) {
	deadline := time.Now().Add(most)
	for look := 0; ; look++ {
		for _, v := range alive(victims) {
			if v.pin.exited() {
				r.step(didExit, v.PID, "", "")
				v.done = true
				continue
			}
			// Reading all descriptors is dearer than asking for the exit.
			if look%10 != 9 {
				continue
			}
			if holds, err := r.holds(v); err == nil && !holds && !v.pin.exited() {
				r.step(didRelease, v.PID, "", "it closed the port and lives on")
				v.done = true
			}
		}
		if len(alive(victims)) == 0 || time.Now().After(deadline) || !pause(ctx, pollEvery) {
			return
		}
	}
}

func alive(victims []*victim) []*victim {
	return slices.DeleteFunc(slices.Clone(victims), func(v *victim) bool { return v.done })
}

// pause sleeps and reports false when the context has ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// step records what was done or seen.
func (r *run) step(do string, pid int32, s Signal, detail string) {
	r.record(report.Step{Do: do, PID: pid, Signal: string(s), Detail: detail})
}

func (r *run) record(step report.Step) {
	step.At = r.cfg.Now().UTC()
	r.out.Steps = append(r.out.Steps, step)
	if r.cfg.Tell != nil {
		r.cfg.Tell(step)
	}
}

// fail keeps the first reason.
func (r *run) fail(reason string) {
	if r.out.Error == "" {
		r.out.Error = reason
	}
}
