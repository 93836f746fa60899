package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/portwho/portwho/cmd/portwho/internal/pick"
	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/cmd/portwho/internal/text"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// choose lets a person at a terminal choose where more than one thing could be
// stopped, and returns the plans for what was chosen. Plans without anything to
// stop stay, since they are answers.
func (a *app) choose(ctx context.Context, snap *host.Snapshot, targets []port.Target, protocols []port.Protocol,
	plans []report.Action, opts diagnose.PlanOptions, f killFlags) ([]report.Action, error) {
	if f.yes || a.json || !a.canDraw() {
		return plans, nil
	}
	things := joinThings(diagnose.Choices(snap, targets, protocols, opts))
	free := 0
	for _, thing := range things {
		if !slices.ContainsFunc(thing, func(c report.Action) bool { return len(c.Refusals) > 0 }) {
			free++
		}
	}
	if free < 2 {
		return plans, nil
	}
	places, err := pick.Run(ctx, a.picker(snap, targets, things))
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, pick.ErrInterrupted):
		return nil, context.Canceled
	case errors.Is(err, pick.ErrNothing):
		return nil, nothingStopped()
	case err != nil:
		return nil, fmt.Errorf("show the choice: %w", err)
	}
	opts.Only = []string{}
	for _, i := range places {
		for _, c := range things[i] {
			opts.Only = append(opts.Only, c.Only...)
		}
	}
	var out []report.Action
	for _, plan := range plans {
		if idle(plan) {
			out = append(out, plan)
			continue
		}
		if chosen := diagnose.Plan(snap, targetOf(plan), plan.Target.Port, opts); !idle(chosen) {
			out = append(out, chosen)
		}
	}
	return out, nil
}

// joinThings puts the plans for one thing on several ports together, in the
// order of the first, and leaves out those with nothing to stop.
func joinThings(choices []report.Action) [][]report.Action {
	var out [][]report.Action
	for _, c := range choices {
		if idle(c) {
			continue
		}
		i := slices.IndexFunc(out, func(thing []report.Action) bool {
			return len(c.Only) > 0 && slices.Equal(thing[0].Only, c.Only)
		})
		if i < 0 {
			out = append(out, []report.Action{c})
			continue
		}
		out[i] = append(out[i], c)
	}
	return out
}

func (a *app) picker(snap *host.Snapshot, targets []port.Target, things [][]report.Action) pick.Config {
	opts := a.looks(lookFlags{})
	config := pick.Config{
		In: a.stdin, Out: a.stderr, Continued: heedContinue, Env: a.env, Color: term.Detect(a.stderr, a.lookup, a.color).Color,
		Title: fmt.Sprintf("%d things have %s. Which to stop?", len(things), targetList(targets)),
	}
	for _, thing := range things {
		config.Items = append(config.Items, pick.Item(text.Choose(thing, addressesOf(snap, thing), opts)))
	}
	return config
}

// addressesOf are the addresses of the sockets that a thing has, each once.
func addressesOf(snap *host.Snapshot, thing []report.Action) []string {
	var out []string
	for i := range snap.Sockets {
		s := &snap.Sockets[i]
		if !slices.ContainsFunc(thing, func(c report.Action) bool { return stopsSocket(c, s.ID) }) {
			continue
		}
		if address := s.Local.Addr().String(); !slices.Contains(out, address) {
			out = append(out, address)
		}
	}
	return out
}

func stopsSocket(c report.Action, id string) bool {
	has := func(v report.Victim) bool { return slices.Contains(v.Sockets, id) }
	return slices.ContainsFunc(c.Victims, has) ||
		slices.ContainsFunc(c.Commands, func(o report.Command) bool { return slices.ContainsFunc(o.Processes, has) })
}

// canDraw reports whether there is a terminal on which lines can be drawn
// anew. One of no name or of the name dumb gets the plain question.
func (a *app) canDraw() bool {
	kind, _ := a.lookup("TERM")
	return a.interactive() && kind != "dumb" && (kind != "" || runtime.GOOS == "windows")
}
