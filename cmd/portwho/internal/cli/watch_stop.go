package cli

import (
	"bytes"
	"context"
	"fmt"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/cmd/portwho/internal/text"
	"github.com/portwho/portwho/cmd/portwho/internal/watch"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
	"github.com/portwho/portwho/pkg/stop"
)

// watchPlan makes the plan that portwho kill TARGET makes. Its Stop does what
// portwho kill does after a yes.
func (a *app) watchPlan(ctx context.Context, target report.Target, width int) (watch.Plan, error) {
	t, err := port.ParseTarget(target.Text)
	if err != nil {
		return watch.Plan{}, err
	}
	targets := []port.Target{t}
	protocols := checked(nil)
	flags := killFlags{dryRun: a.replayed()}
	snap, err := a.snapshot(ctx, host.Scope{Ports: portRanges(targets), Protocols: wanted(targets, protocols)}, listed)
	if err != nil {
		return watch.Plan{}, err
	}
	opts, err := a.planOptions(ctx, snap, flags)
	if err != nil {
		return watch.Plan{}, err
	}
	opts.Alone = false // the screen asks
	plans := diagnose.Plans(snap, targets, protocols, opts)
	if len(plans) != 1 {
		return watch.Plan{Text: term.Sanitize(fmt.Sprintf("nothing to stop: nobody holds %s", target.Text))}, nil
	}
	action := plans[0]
	var out bytes.Buffer
	if err := text.Plan(&out, action, a.paneLooks(width)); err != nil {
		return watch.Plan{}, err
	}
	plan := watch.Plan{Text: out.String(), Ready: len(action.Refusals) == 0 && !idle(action)}
	for _, r := range action.Refusals {
		if len(r.Command) > 0 {
			plan.Instead = r.Command
			break
		}
	}
	if a.replayed() {
		plan.Ready = false
		plan.Text += "\na saved snapshot cannot be acted on: leave out --snapshot to stop anything\n"
	}
	plan.Stop = func(ctx context.Context, tell func(term.Text)) (string, error) {
		outcome := report.Outcome{Action: action, Steps: []report.Step{}, Probes: []host.Probe{}, Result: a.standing(ctx, snap, action)[0]}
		config := stop.Config{
			ProcRoot: a.procRoot, Timeout: killTimeout, Settle: killSettle, Now: a.now,
			Runner: stop.Exec(a.env), Check: a.stillInCharge(action, opts),
			Tell: func(s report.Step) { tell(text.Step(action, s)) },
		}
		if err := a.carryOut(ctx, snap.TakenAt, &outcome, config, false, opts); err != nil {
			return "", err
		}
		var out bytes.Buffer
		err := text.Outcome(&out, outcome, a.paneLooks(width))
		return out.String(), err
	}
	return plan, nil
}
