// Package manage tells what is in charge of the processes that hold a socket:
// a container, a systemd unit or socket, a supervisor, a watcher, the job of a
// shell. It reads a snapshot, and what systemd and supervisors told about it, and
// nothing else.
//
// What it names is what a person should stop instead of the process, so it
// would rather name nothing than the wrong thing: a command that stops an
// innocent is worse than none.
package manage

import (
	"github.com/portwho/portwho/pkg/collect/internal/systemd"
	"github.com/portwho/portwho/pkg/host"
)

// Known is what was asked about the managers of a snapshot. The zero Known is
// nothing.
type Known struct {
	// System and User are what the machine's systemd and the viewer's own told
	// about the units that [Asks] names; nil where they were not asked.
	System, User *systemd.Facts
	// Tasks are what supervisors call the programs that they run.
	Tasks Tasks
}

// Attach fills the Managers of every socket of the snapshot, those in other
// network namespaces included, nearest first. What was there before is
// replaced.
func Attach(snap *host.Snapshot, known Known) {
	v := newView(snap)
	v.known = known
	for i := range snap.Sockets {
		snap.Sockets[i].Managers = v.managers(&snap.Sockets[i])
	}
	v.elsewhere = true
	for i := range snap.Namespaces {
		for n := range snap.Namespaces[i].Sockets {
			s := &snap.Namespaces[i].Sockets[n]
			s.Managers = v.managers(s)
		}
	}
	for i := range snap.Network.Redirects {
		r := &snap.Network.Redirects[i]
		r.Manager = behindRule(snap, r)
	}
}

// view is a snapshot with what every question needs.
type view struct {
	snap  *host.Snapshot
	known Known
	// here holds the ids of the containers that pid 1 is in: portwho runs
	// inside them, so they are the world and not something to stop.
	here map[string]bool
	// places remembers parsed cgroup paths: thousands of sockets share a few.
	places map[string]place
	// elsewhere says that the sockets in question are those of other network
	// namespaces.
	elsewhere bool
	// lineage are portwho's own process and its ancestors.
	lineage []*host.Process
}

func newView(snap *host.Snapshot) *view {
	v := &view{snap: snap, here: map[string]bool{}, places: map[string]place{}}
	if init := snap.Process(1); init != nil {
		for _, c := range parseCgroup(init.Cgroup, nil).containers {
			v.here[c.id] = true
		}
	}
	if viewer := snap.Process(snap.Viewer.PID); viewer != nil {
		v.lineage = append([]*host.Process{viewer}, v.ancestors(viewer)...)
	}
	return v
}

func (v *view) place(cgroup string) place {
	p, ok := v.places[cgroup]
	if !ok {
		p = parseCgroup(cgroup, v.here)
		v.places[cgroup] = p
	}
	return p
}

func (v *view) managers(s *host.Socket) []host.Manager {
	var out []host.Manager
	placed := false
	for i, h := range s.Holders {
		if i > 0 && s.Holders[i-1].PID == h.PID {
			continue // a second descriptor of the same process
		}
		if p := v.snap.Process(h.PID); p != nil {
			placed = placed || p.Cgroup != ""
			out = appendNew(out, v.ofProcess(s, p)...)
		}
	}
	// The socket's own cgroup is the one it was made in and does not follow a
	// process that moves, so it speaks only where no process does.
	if !placed && s.Cgroup != "" {
		p := v.place(s.Cgroup)
		evidence := "cgroup of the socket: " + s.Cgroup
		out = appendNew(out, v.containers(p, evidence)...)
		out = appendNew(out, v.unit(p, nil, s, evidence)...)
		if m, ok := v.socketUnitBySocket(s, p); ok {
			out = appendNew(out, m)
		}
	}
	return out
}

func (v *view) ofProcess(s *host.Socket, p *host.Process) []host.Manager {
	if by, ok := v.serviceManager(p); ok {
		return []host.Manager{v.socketUnit(by, s)}
	}
	if m, ok := v.forwarder(p); ok {
		// A forwarder runs among the engine's own processes; the unit of the
		// engine is not in charge of one port.
		return []host.Manager{m}
	}
	var out []host.Manager
	if m, ok := v.monitored(p); ok && len(v.place(p.Cgroup).containers) == 0 {
		return []host.Manager{m}
	}
	if m, ok := v.tunnel(s, p); ok {
		out = append(out, m)
	}
	job, isJob := v.shellJob(p)
	if isJob {
		out = append(out, v.above(s, p, &job)...)
	} else {
		out = append(out, v.above(s, p, nil)...)
	}
	if p.Cgroup == "" {
		return out
	}
	place := v.place(p.Cgroup)
	evidence := "cgroup: " + p.Cgroup
	out = append(out, v.containers(place, evidence)...)
	if !isJob {
		// A terminal may live in a unit (a terminal server, sshd without
		// logind). That unit is not in charge of what a person typed.
		out = append(out, v.unit(place, p, s, evidence)...)
	}
	return out
}

// appendNew appends the managers that are not there yet.
func appendNew(list []host.Manager, more ...host.Manager) []host.Manager {
next:
	for _, m := range more {
		for _, have := range list {
			if have.Kind == m.Kind && have.Name == m.Name && have.ID == m.ID {
				continue next
			}
		}
		list = append(list, m)
	}
	return list
}
