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
	for _, scope.ListenersOnly = range []bool{true, false} {
		snap, err := a.snapshot(ctx, scope, quick)
		if err != nil {
			return report.Report{}, err
		}
		rep := diagnose.Diagnose(snap, targets, opts)
		if !scope.ListenersOnly || a.replayed() || allTaken(rep) {
			return rep, nil
		}
	}
	return report.Report{}, nil // not reached
}

// allTaken reports whether a socket is in the way of each result.
func allTaken(rep report.Report) bool {
	return len(rep.Results) > 0 && !slices.ContainsFunc(rep.Results, func(r report.Result) bool {
		return !slices.ContainsFunc(r.Binds, func(b report.Bind) bool { return b.Errno == host.EADDRINUSE })
	})
}
