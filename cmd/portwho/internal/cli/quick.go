package cli

import (
	"context"
	"slices"

	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// glance answers from the listeners alone where one is in the way of each
// target, which further sockets cannot change. Else every socket on the port is
// read: what was not looked at is never called free. Nothing is tried.
func (a *app) glance(ctx context.Context, scope host.Scope, targets []port.Target, opts diagnose.Options) (report.Report, error) {
	if !a.replayed() {
		scope.ListenersOnly = true
		snap, err := a.snapshot(ctx, scope, quick)
		if err != nil {
			return report.Report{}, err
		}
		if rep := diagnose.Diagnose(snap, targets, opts); allTaken(rep) {
			return rep, nil
		}
		scope.ListenersOnly = false
	}
	snap, err := a.snapshot(ctx, scope, quick)
	if err != nil {
		return report.Report{}, err
	}
	return a.settle(ctx, snap, targets, opts, true), nil
}

// allTaken reports whether a socket is in the way of each result.
func allTaken(rep report.Report) bool {
	return len(rep.Results) > 0 && !slices.ContainsFunc(rep.Results, func(r report.Result) bool {
		return !slices.ContainsFunc(r.Binds, func(b report.Bind) bool { return b.Errno == host.EADDRINUSE })
	})
}
