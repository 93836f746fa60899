package cli

import (
	"context"
	"maps"
	"os"
	"slices"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// planOptions reads what a plan needs beside the sockets: portwho's own line,
// what is below the holders, and what else they serve.
func (a *app) planOptions(ctx context.Context, snap *host.Snapshot, f killFlags) (diagnose.PlanOptions, error) {
	opts := diagnose.PlanOptions{
		Force: f.force, ProcessOnly: f.processOnly, Tree: f.tree, Forwarder: f.forwarder, Yes: f.yes,
		Alone: !f.dryRun && !a.interactive(),
	}
	if a.replayed() {
		return opts, nil
	}
	opts.Folder, _ = os.Getwd() // without one no project is this folder's
	var err error
	if opts.Ancestors, err = a.ancestors(ctx, snap); err != nil {
		return opts, err
	}
	held := heads(snap)
	if len(held) == 0 {
		return opts, nil
	}
	if opts.Descendants, err = collect.Descendants(ctx, a.procRoot, held); err != nil {
		return opts, &failure{exitUnknown, err, "without procfs portwho cannot tell what would end with the server, so it stops nothing"}
	}
	if opts.Listing, err = a.snapshot(ctx, host.Scope{ListenersOnly: true}, listed); err != nil {
		return opts, err
	}
	if scope, any := peerScope(snap); any {
		opts.Peers, err = a.snapshot(ctx, scope, listed)
	}
	return opts, err
}

// mostPeers is how many ports a reading is limited to. The kernel compares each
// socket with each of them.
const mostPeers = 256

// peerScope is what to read for the other ends of the connections to the ports
// of a snapshot.
func peerScope(snap *host.Snapshot) (scope host.Scope, any bool) {
	numbers := map[uint16]bool{}
	for i := range snap.Sockets {
		if s := &snap.Sockets[i]; s.Remote.IsValid() && s.State == host.StateEstablished {
			numbers[s.Remote.Port()] = true
		}
	}
	if len(numbers) > mostPeers {
		return host.Scope{}, true
	}
	for _, n := range slices.Sorted(maps.Keys(numbers)) {
		scope.Ports = append(scope.Ports, port.One(n))
	}
	return scope, len(numbers) > 0
}

// heads are the processes that a stop may end: who serves a port or keeps it
// bound, and the watchers of those.
func heads(snap *host.Snapshot) []int32 {
	var pids []int32
	for i := range snap.Sockets {
		s := &snap.Sockets[i]
		if !s.Serves() && s.State != host.StateBound {
			continue
		}
		for _, h := range s.Holders {
			pids = append(pids, h.PID)
		}
		for _, m := range s.Managers {
			if m.Kind == host.ManagerWatcher && m.PID > 0 {
				pids = append(pids, m.PID)
			}
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}
