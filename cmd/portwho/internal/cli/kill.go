package cli

import (
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

const killLong = `Stop what is in charge of a port (a container, a unit, a supervisor, a watcher,
else the process itself), prove by binding that the port is free, and watch for
a moment whether it is taken again.

portwho shows what it will do and how to start it again, and asks once; of
several things you choose first. Without a terminal it goes ahead for an
ordinary process of yours and for a container of this folder; anything else
takes --yes. It never runs sudo. 8080 alone is TCP.`

const killExample = `portwho kill 8080
portwho kill 3000-3010 --dry-run   # only say what would be done
portwho kill udp/5353 --yes --timeout 10s
portwho kill 8080 && npm test      # go on once it is free`

// What the flags --timeout and --settle are where they are left out.
const (
	killTimeout = 5 * time.Second
	killSettle  = 3 * time.Second
)

// killFlags are the flags of portwho kill.
type killFlags struct {
	dryRun, yes, force           bool
	processOnly, tree, forwarder bool
	signal                       string
	timeout, settle              time.Duration
	protocols                    protocolFlags
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
	flags.BoolVarP(&f.dryRun, "dry-run", "n", false, "say what would be done, and do nothing")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask, and cut off the clients of a database")
	flags.BoolVar(&f.processOnly, "process-only", false, "end the process itself, whatever is in charge of it")
	flags.BoolVar(&f.tree, "tree", false, "end the processes below it as well")
	flags.BoolVar(&f.forwarder, "forwarder", false, "close the port even if it is a tunnel, as of ssh -L")
	flags.BoolVarP(&f.force, "force", "f", false, "end what a debugger holds, or may hold another port")
	flags.StringVarP(&f.signal, "signal", "s", "TERM", "first `SIGNAL` to send, as INT or KILL")
	flags.DurationVar(&f.timeout, "timeout", killTimeout, "`TIME` it has to end before KILL")
	flags.DurationVar(&f.settle, "settle", killSettle, "`TIME` to watch whether it is taken again")
	f.protocols.addProtocols(flags)
	return cmd
}

// signals are the names that --signal takes.
func signals() []string {
	var out []string
	for _, s := range stop.Signals() {
		out = append(out, string(s))
	}
	return out
}

func (a *app) kill(ctx context.Context, targets []port.Target, f killFlags) error {
	signal, err := stop.ParseSignal(f.signal)
	if err != nil {
		return usage(fmt.Errorf("--signal does not take %s", quoted(f.signal)), oneOf("--signal", f.signal, signals()...))
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
	opts, err := a.planOptions(ctx, snap, f)
	if err != nil {
		return err
	}
	plans := diagnose.Plans(snap, targets, protocols, opts)
	if !f.dryRun {
		if plans, err = a.choose(ctx, snap, targets, protocols, plans, opts, f); err != nil {
			return err
		}
		if err := a.confirm(ctx, plans, f); err != nil {
			return err
		}
	}
	rep := stopReport(snap, f.dryRun)
	code := exitOK
	before := a.standing(ctx, snap, plans...)
	acted := false
	for i, action := range plans {
		outcome := report.Outcome{Action: action, Steps: []report.Step{}, Probes: []host.Probe{}, Result: before[i]}
		if acted && a.freedMeanwhile(ctx, action, opts) {
			// What served this port too was stopped for an earlier one.
			outcome.Action = diagnose.Nothing(action)
		}
		if !f.dryRun {
			config := stop.Config{
				ProcRoot: a.procRoot, Signal: signal, Timeout: f.timeout, Settle: f.settle, Now: a.now,
				Runner: stop.Exec(a.env), Check: a.stillInCharge(outcome.Action, opts),
			}
			if err := a.carryOut(ctx, snap.TakenAt, &outcome, config, acted, opts); err != nil {
				return err
			}
		}
		acted = acted || len(outcome.Steps) > 0
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

// carryOut does what an action says and completes its outcome. The time is when
// the machine was read for the plan; changed says that something has been
// stopped since.
func (a *app) carryOut(ctx context.Context, planned time.Time, outcome *report.Outcome, config stop.Config, changed bool, opts diagnose.PlanOptions) error {
	action := outcome.Action
	switch {
	case len(action.Refusals) > 0:
		outcome.Error = "refused"
		return nil
	case !idle(action):
		result := outcome.Result
		*outcome = stop.Run(ctx, action, config)
		outcome.Result = result
	}
	if !changed && len(outcome.Steps) == 0 {
		outcome.Free = idle(action) && outcome.Result.Status == report.StatusFree
		return nil
	}
	after, err := a.snapshot(context.WithoutCancel(ctx), portScope(action), judged)
	if err != nil {
		return err
	}
	after.Probes = outcome.Probes
	outcome.Result = a.standing(ctx, after, action)[0]
	switch {
	case idle(action):
		outcome.Free = outcome.Result.Status == report.StatusFree
	case !outcome.Free:
		if who := comeback(after, action, planned, opts); who != "" {
			outcome.Error = who
		}
	}
	return nil
}

// portScope is what has to be read about one action's port.
func portScope(action report.Action) host.Scope {
	return host.Scope{Ports: []port.Range{port.One(action.Target.Port)}}
}

// planAgain makes the plan for an action's port anew.
func (a *app) planAgain(ctx context.Context, action report.Action, opts diagnose.PlanOptions) (report.Action, error) {
	snap, err := a.snapshot(ctx, portScope(action), listed)
	if err != nil {
		return report.Action{}, err
	}
	opts.Only = action.Only
	return diagnose.Plan(snap, targetOf(action), action.Target.Port, opts), nil
}

// freedMeanwhile reports whether nobody is left to stop for an action.
func (a *app) freedMeanwhile(ctx context.Context, action report.Action, opts diagnose.PlanOptions) bool {
	if idle(action) || a.replayed() {
		return false
	}
	again, err := a.planAgain(ctx, action, opts)
	return err == nil && idle(again)
}

// stillInCharge is the check of package stop: whether a plan made now has the
// same command.
func (a *app) stillInCharge(action report.Action, opts diagnose.PlanOptions) func(context.Context, report.Command) error {
	return func(ctx context.Context, c report.Command) error {
		again, err := a.planAgain(ctx, action, opts)
		if err != nil {
			return err
		}
		same := func(o report.Command) bool {
			return slices.Equal(o.Argv, c.Argv) && o.Manager.Kind == c.Manager.Kind && o.Manager.ID == c.Manager.ID
		}
		if !slices.ContainsFunc(again.Commands, same) {
			return fmt.Errorf("%s is no longer in charge of the port", c.Manager.Name)
		}
		return nil
	}
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
		targets = append(targets, targetOf(action))
	}
	// A target with a protocol gives one result a port.
	return a.settle(ctx, snap, targets, diagnose.Options{Tool: tool()}, false).Results
}

// targetOf is the target of one action.
func targetOf(action report.Action) port.Target {
	t, err := port.ParseTarget(action.Target.Text)
	if err != nil { // as a target that a program made up
		t = port.Target{Text: action.Target.Text}
	}
	t.Protocol, t.Ports = action.Target.Protocol, port.One(action.Target.Port)
	return t
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
	return len(action.Commands) == 0 && len(action.Victims) == 0 && len(action.Refusals) == 0
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
