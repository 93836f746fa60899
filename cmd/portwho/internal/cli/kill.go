package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
	"github.com/portwho/portwho/pkg/stop"
)

const killLong = `Stop what holds a port, wait until it is gone, and prove by binding that the
port is free.

portwho shows what it will stop and asks. Without a terminal it goes ahead only
if every holder is an ordinary process of yours (root may stop others'). Each
process gets TERM, and KILL if it is still there after --timeout. Clients of
the port are left alone, and so are pid 1, portwho itself and its parents.
A number alone means TCP; for UDP write udp/53.

Exit codes: 0 the port is free, 4 refused or failed, 2 usage, 3 could not tell.`

const killExample = `  portwho kill 8080
  portwho kill 3000-3010 --dry-run
  portwho kill 5353/udp --yes --timeout 10s`

// killFlags are the flags of portwho kill.
type killFlags struct {
	dryRun, yes, force bool
	signal             string
	timeout, settle    time.Duration
	protocols          protocolFlags
}

func (a *app) killCommand() *cobra.Command {
	var f killFlags
	cmd := &cobra.Command{
		Use:     "kill TARGET...",
		Short:   "Stop what holds a port, and prove that it is free",
		Long:    killLong,
		Example: killExample,
		Args:    someTargets,
		RunE: func(cmd *cobra.Command, args []string) error {
			targets, err := parseTargets(cmd, args)
			if err != nil {
				return err
			}
			return a.kill(cmd.Context(), targets, f)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVarP(&f.dryRun, "dry-run", "n", false, "show what would be stopped, and do nothing")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	flags.BoolVarP(&f.force, "force", "f", false, "stop the process even where a container or unit is in charge of it")
	flags.StringVarP(&f.signal, "signal", "s", "TERM", "first `SIGNAL` to send: TERM, INT, HUP, QUIT or KILL")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Second, "how long to wait before KILL")
	flags.DurationVar(&f.settle, "settle", time.Second, "how long to watch whether the port is taken again")
	f.protocols.addProtocols(flags)
	return cmd
}

func (a *app) kill(ctx context.Context, targets []port.Target, f killFlags) error {
	signal, err := stop.ParseSignal(f.signal)
	if err != nil {
		return usage(err, "--signal takes TERM, INT, HUP, QUIT or KILL")
	}
	if f.timeout < 0 || f.settle < 0 {
		return usage(errors.New("a duration must not be negative"), "for example: --timeout 5s")
	}
	if a.replayed() && !f.dryRun {
		return usage(errors.New("a saved snapshot cannot be acted on"), "add --dry-run, or leave out --snapshot")
	}
	protocols := checked(f.protocols.list())
	snap, err := a.snapshot(ctx, host.Scope{Ports: portRanges(targets), Protocols: wanted(targets, protocols)}, listed)
	if err != nil {
		return err
	}
	rep := stopReport(snap, f.dryRun)
	ancestors, err := a.ancestors(ctx, snap)
	if err != nil {
		return err
	}
	plans := diagnose.Plans(snap, targets, protocols, diagnose.PlanOptions{Force: f.force, Ancestors: ancestors})
	if !f.dryRun {
		if err := a.confirm(ctx, plans, f); err != nil {
			return err
		}
	}
	code := exitOK
	before := a.standing(ctx, snap, plans...)
	for i, action := range plans {
		outcome := report.Outcome{Action: action, Steps: []report.Step{}, Probes: []host.Probe{}}
		switch {
		case f.dryRun:
		case len(action.Refusals) > 0:
			outcome.Error = "refused"
		case len(action.Victims) == 0:
			// whether it is free is told below
		default:
			outcome = stop.Run(ctx, action, stop.Config{
				ProcRoot: a.procRoot, Signal: signal, Timeout: f.timeout, Settle: f.settle, Now: a.now,
			})
		}
		after := snap
		outcome.Result = before[i]
		if len(outcome.Steps) > 0 {
			after, err = a.snapshot(context.WithoutCancel(ctx), host.Scope{Ports: []port.Range{port.One(action.Target.Port)}}, judged)
			if err != nil {
				return err
			}
			after.Probes = outcome.Probes
			outcome.Result = a.standing(ctx, after, action)[0]
		}
		switch {
		case f.dryRun:
		case idle(action):
			outcome.Free = outcome.Result.Status == report.StatusFree
		case !outcome.Free && len(outcome.Steps) > 0:
			if who := comeback(after, action, snap.TakenAt); who != "" {
				outcome.Error = who
			}
		}
		rep.Outcomes = append(rep.Outcomes, outcome)
		code = max(code, outcomeCode(outcome, f.dryRun))
	}
	if len(plans) == 0 && !a.json {
		fmt.Fprintf(a.stdout, "nothing to stop: nobody holds %s\n", targetList(targets))
	}
	if err := a.printStop(rep); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return exitWith(code)
}

func stopReport(snap *host.Snapshot, dryRun bool) report.StopReport {
	return report.StopReport{
		Schema: report.StopSchema, Tool: tool(), Host: snap.Host, TakenAt: snap.TakenAt,
		DryRun: dryRun, Gaps: append([]host.Gap{}, snap.Gaps...), Outcomes: []report.Outcome{},
	}
}

// ancestors are the processes above portwho, which it never stops: the shell
// and the terminal of the person who asks.
func (a *app) ancestors(ctx context.Context, snap *host.Snapshot) ([]int32, error) {
	if a.replayed() {
		return nil, nil
	}
	above, err := collect.Ancestors(ctx, a.procRoot, snap.Viewer.PID)
	if err != nil {
		return nil, &failure{exitUnknown, err, "without procfs portwho cannot tell its own shell from the process to stop, so it stops nothing"}
	}
	pids := make([]int32, 0, len(above))
	for _, p := range above {
		pids = append(pids, p.PID)
	}
	return pids, nil
}

// standing tells for each action who has its port, in their order.
func (a *app) standing(ctx context.Context, snap *host.Snapshot, actions ...report.Action) []report.Result {
	targets := make([]port.Target, 0, len(actions))
	for _, action := range actions {
		t, err := port.ParseTarget(action.Target.Text)
		if err != nil { // as a target that a program made up
			t = port.Target{Text: action.Target.Text}
		}
		t.Protocol, t.Ports = action.Target.Protocol, port.One(action.Target.Port)
		targets = append(targets, t)
	}
	// A target with a protocol gives one result a port.
	return a.settle(ctx, snap, targets, diagnose.Options{Tool: tool()}, false).Results
}

// comeback says who took the port again after it was stopped, and whose child
// that is; empty when nobody did.
func comeback(after *host.Snapshot, action report.Action, before time.Time) string {
	for _, s := range after.Sockets {
		if s.Protocol != action.Target.Protocol || s.Local.Port() != action.Target.Port || !s.Serves() {
			continue
		}
		for _, h := range s.Holders {
			p := after.Process(h.PID)
			old := slices.ContainsFunc(action.Victims, func(v report.Victim) bool { return v.PID == h.PID })
			// Start times have the precision of a clock tick.
			if p == nil || old || p.StartTime.Before(before.Add(-time.Second)) {
				continue
			}
			text := fmt.Sprintf("it was stopped, and %s (pid %d) has taken the port again", p.Name, p.PID)
			if parent := after.Process(p.PPID); parent != nil && parent.PID > 1 {
				text += fmt.Sprintf("; %s (pid %d) started it, so stop that instead", parent.Name, parent.PID)
			}
			return text
		}
	}
	return ""
}

func outcomeCode(o report.Outcome, dryRun bool) int {
	switch {
	case len(o.Action.Refusals) > 0:
		return exitRefused
	case idle(o.Action):
		switch heldCode(o.Result) {
		case exitUnknown:
			return exitUnknown
		case exitOK: // held by something that cannot be stopped, as a TIME_WAIT
			return exitRefused
		}
		return exitOK
	case dryRun, o.Free:
		return exitOK
	}
	return exitRefused
}

// idle reports whether an action does nothing because there is nothing to do.
func idle(action report.Action) bool {
	return len(action.Victims) == 0 && len(action.Refusals) == 0
}

// confirm asks once on a terminal. Without one it lets ordinary processes of
// the same user pass and refuses anything else.
func (a *app) confirm(ctx context.Context, plans []report.Action, f killFlags) error {
	victims := slices.ContainsFunc(plans, func(p report.Action) bool { return len(p.Victims) > 0 && len(p.Refusals) == 0 })
	if !victims || f.yes {
		return nil
	}
	if !a.interactive() {
		if f.force {
			return &failure{exitRefused, errors.New("--force without a terminal needs --yes"), "add --yes, or run it in a terminal"}
		}
		return nil // Plan has refused what is not an ordinary process of this user
	}
	if err := a.printPlans(plans); err != nil {
		return err
	}
	fmt.Fprint(a.stderr, "\nstop it? [y/N] ")
	answer, err := a.readLine(ctx)
	if err != nil {
		fmt.Fprintln(a.stderr)
		return err
	}
	if answer = strings.ToLower(answer); answer != "y" && answer != "yes" {
		return &failure{exitRefused, errors.New("nothing was stopped"), "answer y, or use --yes"}
	}
	return nil
}

// readLine waits for a line on stdin, or for the end of the context: a read of
// a terminal cannot be called off, so it is left behind. The end of stdin is an
// empty line.
func (a *app) readLine(ctx context.Context) (string, error) {
	lines := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.stdin).ReadString('\n')
		lines <- strings.TrimSpace(line)
	}()
	select {
	case line := <-lines:
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// targetList writes targets as they were given. They have parsed, so they hold
// nothing that needs cleaning but blanks.
func targetList(targets []port.Target) string {
	words := make([]string, 0, len(targets))
	for _, t := range targets {
		words = append(words, t.String())
	}
	return strings.Join(words, ", ")
}
