package manage

import (
	"slices"

	"github.com/portwho/portwho/pkg/host"
)

// Task is a program as its supervisor knows it.
type Task struct {
	// Supervisor is the pid of what runs it.
	Supervisor int32
	// Name is what the supervisor's own commands call it, and ID the number
	// where it has one.
	Name, ID string
	// Config is the file or folder by which the supervisor's commands find
	// it; empty where they need none.
	Config string
	// Restarts and Policy are as in [host.Manager].
	Restarts *bool
	Policy   string
}

// Tasks are the programs of supervisors by their pid. A task without a pid of
// its own stands below its supervisor's.
type Tasks map[int32]Task

// above finds who is in charge among a process and its ancestors, nearest
// first. What a person typed into a shell is that person's: above the shell
// there are only the sessions that the shell lives in.
func (v *view) above(s *host.Socket, p *host.Process, job *host.Manager) []host.Manager {
	var out []host.Manager
	line := append([]*host.Process{p}, v.ancestors(p)...)
	below := false
	for i, one := range line {
		if job != nil && !below && one.PID == job.PID {
			out = append(out, *job)
			below = true
		}
		if m, ok := v.session(one, i == 0); ok {
			out = append(out, m)
			continue
		}
		if below {
			continue
		}
		for _, rule := range []func(*host.Socket, []*host.Process) (host.Manager, bool){v.supervisor, watcher, v.daemon} {
			// The process of the line before is the one that this one started.
			if m, ok := rule(s, line[:i+1]); ok {
				out = append(out, m)
				break
			}
		}
	}
	watched := slices.ContainsFunc(out, func(m host.Manager) bool { return m.Kind == host.ManagerWatcher })
	if m, ok := master(s, line); ok && !(watched && hasPID(out, m.PID)) && !hasKind(out, host.ManagerSupervisor, m.PID) {
		out = append([]host.Manager{m}, out...)
	}
	return out
}

func hasPID(list []host.Manager, pid int32) bool {
	return slices.ContainsFunc(list, func(m host.Manager) bool { return m.PID == pid })
}

func hasKind(list []host.Manager, kind host.ManagerKind, pid int32) bool {
	return slices.ContainsFunc(list, func(m host.Manager) bool { return m.Kind == kind && m.PID == pid })
}

// asOwner makes a command run as the user that a process belongs to. A
// supervisor's own command reads files of its user, which may have it load
// anything, so it never runs with more than that user's rights. Nil where the
// user has no name to run it as.
func (v *view) asOwner(p *host.Process, command []string) []string {
	viewer := v.snap.Viewer.UID
	if p.UID == nil || viewer == nil {
		return nil
	}
	if *viewer == *p.UID {
		return command
	}
	name := v.snap.Users[*p.UID]
	if !isPlainName(name) {
		return nil
	}
	if *viewer == 0 {
		return append([]string{"runuser", "-u", name, "--"}, command...)
	}
	return append([]string{"sudo", "-u", name, "--"}, command...)
}

// inside reports whether a process is in a container, where no command run
// here reaches what it names.
func (v *view) inside(p *host.Process) bool {
	place := v.place(p.Cgroup)
	return place.outside || len(place.containers) > 0
}

// InContainer reports whether a process of the snapshot is in a container that
// this machine runs.
func InContainer(snap *host.Snapshot, p *host.Process) bool { return newView(snap).inside(p) }
