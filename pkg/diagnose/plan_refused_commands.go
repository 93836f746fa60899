package diagnose

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// refuseStuck says that something is in charge which no command stops from
// here. To end the process would not free the port for long.
func (p *planner) refuseStuck(s *host.Socket, c charged) report.Refusal {
	name, plural := who(p.snap, s)
	m := c.manager
	r := report.Refusal{Reason: refuseUnit, PID: firstHolder(s), Flag: flagProcessOnly, Command: slices.Clone(p.managerCommand(m))}
	if len(s.Holders) == 0 {
		r.Flag = "" // there is no process to end
	}
	switch c.level {
	case levelContainer:
		r.Reason = refuseContainer
		r.Summary = fmt.Sprintf("container %s is in charge of %s, and which command stops it is not known; ask the engine that runs it", m.Name, name)
		if outer := outerContainer(s); outer != nil {
			r.Summary = fmt.Sprintf("container %s is in charge of %s and runs inside container %s; stop it from in there", m.Name, name, outer.Name)
		}
		if len(r.Command) > 0 {
			r.Summary = fmt.Sprintf("a container is in charge of %s, and its restart policy may bring it back; learn which one it is, and stop that", name)
		}
	case levelSupervisor, levelWatcher:
		r.Reason = refuseSupervisor
		r.Summary = fmt.Sprintf("%s runs %s and starts %s again, and the command that stops it is not known; stop it there", managerPhrase(m), name, verb("it", "them", plural))
	default:
		r.Summary = fmt.Sprintf("systemd runs %s as %s and may start it again; no command from here reaches that unit", name, m.Name)
		if m.Kind == host.ManagerSocketUnit {
			r.Summary = fmt.Sprintf("systemd holds the port for a socket unit of %s and would start its service again; find it in systemctl list-sockets, and stop both", m.Name)
		}
	}
	return r
}

// outerContainer is a container around the nearest one, or nil.
func outerContainer(s *host.Socket) *host.Manager {
	nearest := firstOf(s, host.ManagerContainer)
	for i := range s.Managers {
		if m := &s.Managers[i]; m.Kind == host.ManagerContainer && !sameManager(m, nearest) {
			return m
		}
	}
	return nil
}

// refuseCommand tells what stands against a command.
func (p *planner) refuseCommand(c report.Command, add func(report.Refusal)) {
	pid := int32(0)
	for _, v := range c.Processes {
		process := p.snap.Process(v.PID)
		name := fmt.Sprintf("%s (pid %d)", processName(p.snap, v.PID), v.PID)
		switch {
		case v.PID == p.snap.Viewer.PID:
			add(report.Refusal{Reason: refuseSelf, PID: v.PID, Summary: name + " is portwho itself"})
			return
		case v.PID == 1: // systemd, for a socket unit: the unit stops, not it
		case p.isAncestor(v.PID) && isLogin(process):
			add(report.Refusal{Reason: refuseSession, PID: v.PID, Summary: name + " is the login that portwho runs in: stopping it would cut you off"})
			return
		case p.isAncestor(v.PID), p.sharesCgroup(c, v):
			add(report.Refusal{
				Reason: refuseAncestor, PID: v.PID, Command: slices.Clone(c.Argv),
				Summary: fmt.Sprintf("portwho runs inside %s: stopping it would end this command first; run it from outside", managedName(&c.Manager)),
			})
			return
		case process != nil && p.isForeign(process) && ownCommand(&c.Manager):
			add(report.Refusal{
				Reason: refuseOtherUser, PID: v.PID, Command: p.sudoKill(),
				Summary: fmt.Sprintf("%s belongs to %s", name, userPhrase(p.snap, *process.UID)),
			})
			return
		}
		if pid == 0 {
			pid = v.PID
		}
	}
	if argv, needs := p.needsRoot(c.Argv); needs {
		add(report.Refusal{
			Reason: refuseNeedsRoot, PID: pid, Command: slices.Clone(argv),
			Summary: fmt.Sprintf("to stop %s takes other rights than portwho has here", managedName(&c.Manager)),
		})
	}
}

// sharesCgroup reports whether portwho would go with what the command stops:
// containers and units end whatever is in their cgroup. A forwarder may be in a
// cgroup that is not the container's, such as the viewer's own session, so the
// path has to name what is stopped.
func (p *planner) sharesCgroup(c report.Command, v report.Victim) bool {
	viewer := p.snap.Process(p.snap.Viewer.PID)
	switch c.Manager.Kind {
	case host.ManagerContainer, host.ManagerUnit:
	default:
		return false
	}
	name := c.Manager.ID
	if name == "" {
		name = c.Manager.Name
	}
	return viewer != nil && name != "" && strings.Contains(v.Cgroup, name) &&
		(viewer.Cgroup == v.Cgroup || strings.HasPrefix(viewer.Cgroup, v.Cgroup+"/"))
}

// ownCommand reports whether a manager's command acts for the user who runs
// it, so that it does not reach another user's server.
func ownCommand(m *host.Manager) bool {
	switch m.Kind {
	case host.ManagerSupervisor, host.ManagerDaemon, host.ManagerForwarder:
		return true
	}
	return false
}

// managedName names what a command stops.
func managedName(m *host.Manager) string {
	if m.Kind == host.ManagerContainer {
		return "container " + m.Name
	}
	return m.Name
}

// isLogin reports whether the process serves the login of a person from
// elsewhere.
func isLogin(process *host.Process) bool {
	if process == nil {
		return false
	}
	switch process.Name {
	case "sshd", "sshd-session", "sshd-auth", "dropbear", "tailscaled", "mosh-server", "telnetd":
		return true
	}
	return false
}

// refuseForwarder keeps a person's tunnel open unless the person means it.
// What forwards for a container is the container's.
func (p *planner) refuseForwarder(s *host.Socket, add func(report.Refusal)) {
	m := firstOf(s, host.ManagerForwarder)
	if !isTunnel(s) || p.opts.Forwarder {
		return
	}
	name, plural := who(p.snap, s)
	add(report.Refusal{
		Reason: refuseForwarder, PID: firstHolder(s), Flag: flagForwarder,
		Summary: fmt.Sprintf("%s %s a tunnel%s: the port is not served here", name, verb("is", "are", plural), towards(m)),
	})
}

// isTunnel reports whether what has the socket passes on what arrives, for a
// person and not for a container.
func isTunnel(s *host.Socket) bool {
	return firstOf(s, host.ManagerForwarder) != nil && firstOf(s, host.ManagerContainer) == nil
}

// refuseWithoutYes tells what takes somebody's agreement: a database that is
// in use, and where nobody can be asked, whatever is not plainly the viewer's
// own.
func (p *planner) refuseWithoutYes(action report.Action, add func(report.Refusal)) {
	if p.opts.Yes || action.Level == "" {
		return
	}
	if name := p.database(); name != "" && action.Blast.Clients > 0 {
		clients := "1 connection"
		if action.Blast.Clients > 1 {
			clients = fmt.Sprintf("%d connections", action.Blast.Clients)
		}
		add(report.Refusal{
			Reason: refuseClients, Flag: flagYes,
			Summary: fmt.Sprintf("%s is a database with %s to it", name, clients),
		})
	}
	if !p.opts.Alone {
		return
	}
	if why := p.notOwn(action); why != "" {
		add(report.Refusal{
			Reason: refuseNoConfirmation, Flag: flagYes,
			Summary: why + ", and without a terminal nobody can be asked",
		})
	}
}

// notOwn says what of a plan is not an ordinary process of the viewer, nor a
// container of the project in the viewer's folder; empty where nothing is.
func (p *planner) notOwn(action report.Action) string {
	for _, c := range action.Commands {
		named := c.Manager.Kind == host.ManagerForwarder && p.opts.Forwarder
		if !named && !p.ofFolder(c) {
			return managedName(&c.Manager) + " is in charge of the port"
		}
	}
	viewer := p.snap.Viewer.UID
	for _, v := range action.Victims {
		if viewer != nil && (v.UID == nil || *v.UID != *viewer) {
			return fmt.Sprintf("%s (pid %d) is not yours", processName(p.snap, v.PID), v.PID)
		}
	}
	switch {
	case p.opts.Force:
		return flagForce + " goes further than usual"
	case p.opts.ProcessOnly && action.Blast.Restart != "":
		return action.Blast.Restart
	}
	return ""
}

// ofFolder reports whether a command stops a container of the project that the
// viewer works in.
func (p *planner) ofFolder(c report.Command) bool {
	folder := strings.TrimRight(p.opts.Folder, "/")
	if folder == "" || c.Manager.Kind != host.ManagerContainer {
		return false
	}
	if own := c.Manager.Container; own != nil && own.WorkingDir != "" {
		return path.Clean(own.WorkingDir) == path.Clean(folder)
	}
	return len(c.Processes) > 0 && !slices.ContainsFunc(c.Processes, func(v report.Victim) bool {
		return v.Project == nil || path.Clean(v.Project.Folder) != path.Clean(folder) && path.Clean(v.Project.Repository) != path.Clean(folder)
	})
}

// database names a database among the servers on the port; empty for none.
func (p *planner) database() string {
	for _, s := range p.holding {
		for _, h := range s.Holders {
			process := p.snap.Process(h.PID)
			if process == nil {
				continue
			}
			exe := strings.TrimSuffix(path.Base(process.Exe), deletedSuffix)
			if isDatabase(process.Name) || isDatabase(exe) {
				return fmt.Sprintf("%s (pid %d)", processName(p.snap, h.PID), h.PID)
			}
		}
		if m := firstOf(s, host.ManagerContainer); m != nil && m.Container != nil && isDatabase(imageName(m.Container.Image)) {
			return managedName(m)
		}
	}
	return ""
}

// imageName is the name of an image without registry, tag and digest.
func imageName(image string) string {
	image, _, _ = strings.Cut(image, "@")
	name := image[strings.LastIndexByte(image, '/')+1:]
	name, _, _ = strings.Cut(name, ":")
	return name
}

// isDatabase reports whether a program, or an image named like it, keeps data
// for others.
func isDatabase(name string) bool {
	switch name {
	case "postgres", "postgresql", "postmaster", "pgbouncer", "timescaledb", "postgis",
		"mysqld", "mysql", "mariadbd", "mariadb", "percona",
		"mongod", "mongos", "mongo", "redis-server", "redis", "valkey-server", "valkey", "keydb-server", "dragonfly",
		"memcached", "etcd", "cockroach", "influxd", "influxdb", "clickhouse", "clickhouse-server", "neo4j",
		"couchdb", "cassandra", "scylla", "rethinkdb", "arangod", "surreal", "sqlservr", "oracle", "db2sysc",
		"elasticsearch", "opensearch", "qdrant", "weaviate", "milvus", "tikv-server", "tidb-server":
		return true
	}
	return false
}
