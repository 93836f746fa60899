package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// The levels of a plan.
const (
	levelContainer  = "container"
	levelUnit       = "unit"
	levelSupervisor = "supervisor"
	levelForwarder  = "forwarder"
	levelDaemon     = "daemon"
	levelWatcher    = "watcher"
	levelMaster     = "master"
	levelProcess    = "process"
)

// levelOrder has the outermost level first.
func levelOrder() []string {
	return []string{
		levelContainer, levelUnit, levelSupervisor, levelForwarder, levelDaemon, levelWatcher, levelMaster, levelProcess,
	}
}

// charged is what a stop acts on for one socket. The manager is nil at the
// level of the process.
type charged struct {
	level   string
	manager *host.Manager
}

// byCommand reports whether the manager's own command stops it.
func (c charged) byCommand() bool {
	switch c.level {
	case levelContainer, levelUnit, levelSupervisor, levelForwarder, levelDaemon:
		return len(c.manager.Stop) > 0
	}
	return false
}

// stuck reports whether something is in charge that would bring the server
// back or lose it, and no command to stop that is known.
func (c charged) stuck() bool {
	switch c.level {
	case levelContainer, levelUnit, levelSupervisor:
		return len(c.manager.Stop) == 0
	}
	return c.level == levelWatcher && c.manager.PID == 0
}

// chargeOf finds what is in charge of a socket: the outermost thing that can be
// stopped without stopping more than this server.
//
// A unit that runs a supervisor runs everything the supervisor does, so the
// supervisor's command is the one for one server. A unit that starts a
// container again is in charge of the container. A shell, a session and init
// are not something to stop.
func (p *planner) chargeOf(s *host.Socket) charged {
	if p.opts.ProcessOnly {
		return charged{level: levelProcess}
	}
	container, unit := firstOf(s, host.ManagerContainer), firstOf(s, host.ManagerSocketUnit)
	if unit == nil {
		unit = firstOf(s, host.ManagerUnit)
	}
	supervisor, daemon := firstOf(s, host.ManagerSupervisor), firstOf(s, host.ManagerDaemon)
	switch {
	case container != nil && restarts(unit) && len(unit.Stop) > 0:
		return charged{levelUnit, unit}
	case container != nil:
		return charged{levelContainer, container}
	case supervisor != nil && (len(supervisor.Stop) > 0 || unit == nil):
		return charged{levelSupervisor, supervisor}
	case unit != nil:
		return charged{levelUnit, unit}
	}
	if forwarder := firstOf(s, host.ManagerForwarder); forwarder != nil && len(forwarder.Stop) > 0 {
		return charged{levelForwarder, forwarder}
	}
	if daemon != nil && len(daemon.Stop) > 0 {
		return charged{levelDaemon, daemon}
	}
	if watcher := watcherOf(s); watcher != nil {
		return charged{levelWatcher, watcher}
	}
	master := firstOf(s, host.ManagerMaster)
	if master != nil && slices.ContainsFunc(s.Holders, func(h host.Holder) bool { return h.PID == master.PID }) {
		return charged{levelMaster, master}
	}
	return charged{level: levelProcess}
}

// firstOf is the nearest manager of a kind, or nil. Of containers within each
// other the outer ones hold more than this server.
func firstOf(s *host.Socket, kind host.ManagerKind) *host.Manager {
	i := slices.IndexFunc(s.Managers, func(m host.Manager) bool { return m.Kind == kind })
	if i < 0 {
		return nil
	}
	return &s.Managers[i]
}

// watcherOf is the watcher to end: the outermost that is known to start things
// again, else the nearest.
func watcherOf(s *host.Socket) *host.Manager {
	nearest := firstOf(s, host.ManagerWatcher)
	for i := len(s.Managers) - 1; i >= 0; i-- {
		if m := &s.Managers[i]; m.Kind == host.ManagerWatcher && restarts(m) {
			return m
		}
	}
	return nearest
}

func restarts(m *host.Manager) bool { return m != nil && m.Restarts != nil && *m.Restarts }

// level is the outermost level that the plan acts on.
func (p *planner) level() string {
	if len(p.commands) == 0 && len(p.victims) == 0 {
		return ""
	}
	order := levelOrder()
	out := levelProcess
	for _, s := range p.holding {
		c := p.charges[s]
		level := c.level
		if !c.byCommand() && level != levelWatcher && level != levelMaster {
			level = levelProcess
		}
		if slices.Index(order, level) < slices.Index(order, out) {
			out = level
		}
	}
	return out
}

// findCommands makes a command for each thing in charge that has one.
func (p *planner) findCommands() {
	p.commands = []report.Command{}
	for _, s := range p.holding {
		c := p.charges[s]
		if !c.byCommand() {
			continue
		}
		i := slices.IndexFunc(p.commands, func(o report.Command) bool {
			return slices.Equal(o.Argv, c.manager.Stop) || sameManager(&o.Manager, c.manager)
		})
		if i < 0 {
			i = len(p.commands)
			p.commands = append(p.commands, report.Command{
				Argv: slices.Clone(c.manager.Stop), Why: p.why(s, c), Manager: *c.manager, Processes: []report.Victim{},
			})
		}
		for _, h := range s.Holders {
			p.commands[i].Processes = p.join(p.commands[i].Processes, s, h, report.RoleHolder)
		}
	}
}

// sameManager reports whether two managers are one. A supervisor that has no
// name for its programs tells them apart by the command alone; what is known by
// its process is another one with another pid.
func sameManager(a, b *host.Manager) bool {
	if a.Kind != b.Kind || a.Name != b.Name || a.ID != b.ID || !slices.Equal(a.Stop, b.Stop) {
		return false
	}
	switch a.Kind {
	case host.ManagerContainer, host.ManagerUnit, host.ManagerSocketUnit:
		return true
	}
	return a.PID == b.PID
}

// why says why a command is the right thing.
func (p *planner) why(s *host.Socket, c charged) string {
	name, plural := who(p.snap, s)
	m := c.manager
	back := ", so it does not come back"
	if !restarts(m) {
		back = ""
	}
	switch c.level {
	case levelContainer:
		if m.Forwards != "" {
			return fmt.Sprintf("%s only %s the port to container %s, which is what has it", name, verb("forwards", "forward", plural), m.Name)
		}
		return fmt.Sprintf("%s %s in container %s%s", name, verb("runs", "run", plural), m.Name, back)
	case levelUnit:
		if m.Kind == host.ManagerSocketUnit {
			return fmt.Sprintf("systemd holds the port for %s and would start its service again", m.Name)
		}
		return fmt.Sprintf("systemd runs %s as %s%s", name, m.Name, back)
	case levelSupervisor:
		return fmt.Sprintf("%s runs %s and starts it again when it ends", m.Name, name)
	case levelForwarder:
		return fmt.Sprintf("%s is a tunnel%s", name, towards(m))
	}
	return fmt.Sprintf("%s has a command of its own to end it", name)
}

func towards(m *host.Manager) string {
	if m.Forwards == "" {
		return ""
	}
	return " to " + m.Forwards
}

// findVictims collects the processes to signal: the holders that no command
// stops, and what would start them again.
func (p *planner) findVictims() {
	p.victims = []report.Victim{}
	for _, s := range p.holding {
		c := p.charges[s]
		if c.byCommand() || c.stuck() {
			continue
		}
		for _, h := range s.Holders {
			role := report.RoleHolder
			if c.level == levelMaster && h.PID == c.manager.PID {
				role = report.RoleMaster
			}
			if !p.commanded(h.PID) {
				p.victims = p.join(p.victims, s, h, role)
			}
		}
		if c.level == levelWatcher && !p.stops(c.manager.PID) {
			p.victims = append(p.victims, p.victim(host.Holder{PID: c.manager.PID}, report.RoleWatcher))
		}
	}
	p.sortVictims()
}

// sortVictims puts the victims in the order of the signals.
func (p *planner) sortVictims() {
	slices.SortFunc(p.victims, func(a, b report.Victim) int {
		switch {
		case a.Role.Leads() && !b.Role.Leads():
			return -1
		case b.Role.Leads() && !a.Role.Leads():
			return 1
		}
		return int(a.PID) - int(b.PID)
	})
}

// commanded reports whether a command stops the process.
func (p *planner) commanded(pid int32) bool {
	return slices.ContainsFunc(p.commands, func(c report.Command) bool { return hasVictim(c.Processes, pid) })
}

// stops reports whether the plan stops the process, by whatever means.
func (p *planner) stops(pid int32) bool { return hasVictim(p.victims, pid) || p.commanded(pid) }

func hasVictim(list []report.Victim, pid int32) bool {
	return slices.ContainsFunc(list, func(v report.Victim) bool { return v.PID == pid })
}

// join adds a holder of a socket to a list in which each process stands once.
func (p *planner) join(list []report.Victim, s *host.Socket, h host.Holder, role report.Role) []report.Victim {
	i := slices.IndexFunc(list, func(v report.Victim) bool { return v.PID == h.PID })
	if i < 0 {
		i = len(list)
		list = append(list, p.victim(h, role))
	}
	if role.Leads() {
		list[i].Role = role
	}
	list[i].Sockets = withElement(list[i].Sockets, s.ID)
	if s.Inode != 0 {
		list[i].Inodes = withElement(list[i].Inodes, s.Inode)
	}
	return list
}

func (p *planner) victim(h host.Holder, role report.Role) report.Victim {
	v := report.Victim{Holder: joinHolder(p.snap, h), Role: role, Sockets: []string{}, Inodes: []uint64{}}
	if process := p.snap.Process(h.PID); process != nil {
		v.UID, v.StartTicks, v.Cgroup = process.UID, process.StartTicks, process.Cgroup
	}
	return v
}

// needsRoot reports whether a command takes root, and how to run it then. It
// is known of those that say so and of systemd's own units; every other program
// decides for itself.
func (p *planner) needsRoot(argv []string) ([]string, bool) {
	if len(argv) > 0 && (argv[0] == "sudo" || argv[0] == "doas") {
		return argv, true
	}
	viewer := p.snap.Viewer.UID
	system := len(argv) > 0 && argv[0] == "systemctl" && !slices.ContainsFunc(argv, func(word string) bool {
		return word == "--user" || strings.HasPrefix(word, "--user=")
	})
	if system && viewer != nil && *viewer != 0 {
		return append([]string{"sudo"}, argv...), true
	}
	return nil, false
}

// withElement adds to a sorted set.
func withElement[T cmp.Ordered](set []T, element T) []T {
	if i, found := slices.BinarySearch(set, element); !found {
		return slices.Insert(set, i, element)
	}
	return set
}
