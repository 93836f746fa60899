package collect

import (
	"context"
	"slices"

	"github.com/portwho/portwho/pkg/collect/internal/engine"
	"github.com/portwho/portwho/pkg/host"
)

// Engines says where container engines answer.
type Engines struct {
	// Environment is that of the person who asks, as NAME=value:
	// DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG and CONTAINER_HOST are read.
	Environment []string
	// Home is their home folder, which has Docker's contexts; empty for none.
	Home string
	// RunRoot is where run-time files are; empty means /run, or /var/run on
	// systems other than Linux.
	RunRoot string
}

// askEngines has the container engines of this machine name the containers in
// a snapshot to which managers have been attached. Where none can be in charge
// of anything no engine is asked, and not even looked for: a container that
// publishes a port has a process that holds it, or a rule that leads to it.
func askEngines(ctx context.Context, e *Engines, snap *host.Snapshot) {
	if e == nil || !engine.Wanted(snap) {
		return
	}
	places := engine.Places{Environment: e.Environment, Home: e.Home, RunRoot: e.RunRoot, Viewer: snap.Viewer.UID}
	if places.RunRoot == "" {
		places.RunRoot = runRoot(snap.Host.OS)
	}
	for i := range snap.Processes {
		if p := &snap.Processes[i]; p.Name == "dockerd" {
			places.Daemons = append(places.Daemons, p.Command)
		}
	}
	places.Others = holdingUsers(snap)
	endpoints := engine.Find(places)
	if len(endpoints) == 0 {
		return
	}
	engine.Name(snap, engine.Ask(ctx, endpoints, engine.Matters(snap)))
}

func runRoot(os string) string {
	if os == "linux" {
		return "/run"
	}
	return "/var/run"
}

// holdingUsers are the users whose containers hold a socket, so that their own
// engine may know of them.
func holdingUsers(snap *host.Snapshot) []uint32 {
	var out []uint32
	for i := range snap.Sockets {
		s := &snap.Sockets[i]
		if !slices.ContainsFunc(s.Managers, func(m host.Manager) bool { return m.Kind == host.ManagerContainer }) {
			continue
		}
		for _, h := range s.Holders {
			if p := snap.Process(h.PID); p != nil && p.UID != nil && *p.UID != 0 && !slices.Contains(out, *p.UID) {
				out = append(out, *p.UID)
			}
		}
	}
	slices.Sort(out)
	return out
}
