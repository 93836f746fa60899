package diagnose

import (
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// The managers of the tables below.
func dockerOf(name string) host.Manager {
	return host.Manager{
		Kind: host.ManagerContainer, Name: name, ID: name + "-id", Stop: []string{"docker", "stop", name},
		Container: &host.Container{Engine: "docker", WorkingDir: "/home/ana/shop"},
	}
}

func userUnit(name string, restarts *bool) host.Manager {
	return host.Manager{Kind: host.ManagerUnit, Name: name, Stop: []string{"systemctl", "--user", "stop", name}, Restarts: restarts}
}

func pm2(name string) host.Manager {
	return host.Manager{Kind: host.ManagerSupervisor, Name: "pm2 " + name, ID: name, PID: 5, Stop: []string{"pm2", "stop", name}, Restarts: new(true)}
}

func nodemon(pid int32) host.Manager {
	return host.Manager{Kind: host.ManagerWatcher, Name: "nodemon", PID: pid, Restarts: new(true)}
}

func nginxMaster(pid int32) host.Manager {
	return host.Manager{Kind: host.ManagerMaster, Name: "nginx", PID: pid}
}

// argvs are the commands of a plan, each as one line.
func argvs(a report.Action) []string {
	out := []string{}
	for _, c := range a.Commands {
		out = append(out, strings.Join(c.Argv, " "))
	}
	return out
}

// TestPlanLevels: what a stop acts on, for every kind of manager and for
// mixtures of them.
func TestPlanLevels(t *testing.T) {
	t.Parallel()
	shell := host.Manager{Kind: host.ManagerShell, Name: "zsh job on pts/3", PID: 3}
	session := host.Manager{Kind: host.ManagerSession, Name: "tmux", PID: 4}
	init := host.Manager{Kind: host.ManagerInit, Name: "init", PID: 1}
	socketUnit := host.Manager{Kind: host.ManagerSocketUnit, Name: "web.socket", Stop: []string{"systemctl", "--user", "stop", "web.socket", "web.service"}}
	gradle := host.Manager{Kind: host.ManagerDaemon, Name: "gradle", Stop: []string{"gradle", "--stop"}}
	tunnel := host.Manager{Kind: host.ManagerForwarder, Name: "ssh", Forwards: "db:5432", Stop: []string{"ssh", "-O", "cancel", "db"}}
	for _, tt := range []struct {
		name     string
		managers []host.Manager
		opts     PlanOptions
		level    string
		commands []string
		victims  []int32
		restart  string
	}{
		{name: "nothing in charge", level: "process", victims: []int32{10}},
		{name: "a shell", managers: []host.Manager{shell}, level: "process", victims: []int32{10}},
		{name: "a session", managers: []host.Manager{session, init}, level: "process", victims: []int32{10}},
		{name: "a container", managers: []host.Manager{dockerOf("web")}, level: "container", commands: []string{"docker stop web"}},
		{name: "a unit", managers: []host.Manager{userUnit("web.service", nil)}, level: "unit", commands: []string{"systemctl --user stop web.service"}},
		{name: "a socket unit and its service", managers: []host.Manager{userUnit("web.service", nil), socketUnit}, level: "unit",
			commands: []string{"systemctl --user stop web.socket web.service"}},
		{name: "a supervisor", managers: []host.Manager{pm2("web")}, level: "supervisor", commands: []string{"pm2 stop web"}},
		{name: "a daemon", managers: []host.Manager{gradle}, level: "daemon", commands: []string{"gradle --stop"}},
		{name: "a watcher", managers: []host.Manager{nodemon(9)}, level: "watcher", victims: []int32{9, 10}},
		{name: "a watcher below a watcher", managers: []host.Manager{nodemon(9), nodemon(8)}, level: "watcher", victims: []int32{8, 10}},
		{name: "a watcher in a watcher that does not start it again", managers: []host.Manager{nodemon(9), {Kind: host.ManagerWatcher, Name: "npm", PID: 8, Restarts: new(false)}},
			level: "watcher", victims: []int32{9, 10}},
		{name: "a master", managers: []host.Manager{nginxMaster(10)}, level: "master", victims: []int32{10}},
		{name: "a master that does not hold the port", managers: []host.Manager{nginxMaster(9)}, level: "process", victims: []int32{10}},
		{name: "a named tunnel", managers: []host.Manager{tunnel}, opts: PlanOptions{Forwarder: true}, level: "forwarder", commands: []string{"ssh -O cancel db"}},

		{name: "a container in a unit that starts it again", managers: []host.Manager{dockerOf("web"), userUnit("web.service", new(true))}, level: "unit",
			commands: []string{"systemctl --user stop web.service"}},
		{name: "a container in a unit that does not", managers: []host.Manager{dockerOf("web"), userUnit("web.service", new(false))}, level: "container",
			commands: []string{"docker stop web"}},
		{name: "a container in a unit that nobody can stop", managers: []host.Manager{dockerOf("web"), {Kind: host.ManagerUnit, Name: "web.service", Restarts: new(true)}},
			level: "container", commands: []string{"docker stop web"}, restart: "systemd (web.service) starts it again"},
		{name: "a supervisor in a unit: the unit has more than this", managers: []host.Manager{pm2("web"), userUnit("pm2.service", new(true))}, level: "supervisor",
			commands: []string{"pm2 stop web"}},
		{name: "a supervisor in a container", managers: []host.Manager{pm2("web"), dockerOf("box")}, level: "container", commands: []string{"docker stop box"}},
		{name: "a master with workers in a container", managers: []host.Manager{nginxMaster(10), dockerOf("web")}, level: "container", commands: []string{"docker stop web"}},
		{name: "a master in a unit", managers: []host.Manager{nginxMaster(10), userUnit("nginx.service", nil)}, level: "unit",
			commands: []string{"systemctl --user stop nginx.service"}},
		{name: "a watcher under a supervisor", managers: []host.Manager{nodemon(9), pm2("web")}, level: "supervisor", commands: []string{"pm2 stop web"}},
		{name: "a watcher in a shell", managers: []host.Manager{nodemon(9), shell}, level: "watcher", victims: []int32{9, 10}},

		{name: "only the process, of a container", managers: []host.Manager{{Kind: host.ManagerContainer, Name: "web", Restarts: new(true), Policy: "unless-stopped", Stop: []string{"docker", "stop", "web"}}},
			opts: PlanOptions{ProcessOnly: true}, level: "process", victims: []int32{10}, restart: "the engine of container web starts it again (unless-stopped)"},
		{name: "only the process, of a unit", managers: []host.Manager{userUnit("web.service", nil)}, opts: PlanOptions{ProcessOnly: true}, level: "process",
			victims: []int32{10}, restart: "systemd (web.service) may start it again"},
		{name: "only the process, of a unit that leaves it", managers: []host.Manager{userUnit("web.service", new(false))}, opts: PlanOptions{ProcessOnly: true}, level: "process",
			victims: []int32{10}},
		{name: "only the process, of a watcher", managers: []host.Manager{nodemon(9)}, opts: PlanOptions{ProcessOnly: true}, level: "process",
			victims: []int32{10}, restart: "nodemon (pid 9) starts it again"},
		{name: "only the process, of a supervisor", managers: []host.Manager{pm2("web")}, opts: PlanOptions{ProcessOnly: true}, level: "process",
			victims: []int32{10}, restart: "pm2 web (pid 5) starts it again"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine().process(8, "nodemon").process(9, "nodemon").process(10, "web").
				socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10}, func(s *host.Socket) { s.Managers = tt.managers })
			a := Plan(&m.snap, target(8080), 8080, tt.opts)
			if a.Level != tt.level || !slices.Equal(argvs(a), tt.commands) || !slices.Equal(victimPIDs(a), tt.victims) || a.Blast.Restart != tt.restart {
				t.Errorf("level %q, commands %q, victims %v, restart %q; want %q, %q, %v, %q",
					a.Level, argvs(a), victimPIDs(a), a.Blast.Restart, tt.level, tt.commands, tt.victims, tt.restart)
			}
			if len(a.Refusals) > 0 {
				t.Errorf("refused: %+v", a.Refusals)
			}
			for _, c := range a.Commands {
				if c.Why == "" || len(c.Processes) != 1 || c.Processes[0].PID != 10 || c.Processes[0].StartTicks != 77 || len(c.Processes[0].Inodes) != 1 {
					t.Errorf("command %+v", c)
				}
			}
		})
	}
}

// TestPlanTwoServers: each server of a port is stopped by what is in charge of
// it, and nothing is stopped twice.
func TestPlanTwoServers(t *testing.T) {
	t.Parallel()
	m := newMachine().process(10, "docker-proxy").process(11, "docker-proxy").process(20, "node").process(30, "web").
		socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{10}, managedAs(dockerOf("web"))).
		socket(port.TCP, "[::]:8080", host.StateListen, []int32{11}, v6only(true), managedAs(dockerOf("web"))).
		socket(port.TCP, "127.0.0.2:8080", host.StateListen, []int32{20}, managedAs(pm2("api"))).
		socket(port.TCP, "127.0.0.3:8080", host.StateListen, []int32{30, 20})
	a := Plan(&m.snap, target(8080), 8080, PlanOptions{})
	if want := []string{"docker stop web", "pm2 stop api"}; a.Level != "container" || !slices.Equal(argvs(a), want) {
		t.Errorf("level %s, commands %q, want %q", a.Level, argvs(a), want)
	}
	if got := victimPIDs(a); !slices.Equal(got, []int32{30}) {
		t.Errorf("victims %v: 20 ends with its supervisor's command", got)
	}
	if got := len(a.Commands[0].Processes); got != 2 {
		t.Errorf("the container has %d processes on the port", got)
	}
}

// TestPlanRoles: what leads the others is signalled first, whatever its pid.
func TestPlanRoles(t *testing.T) {
	t.Parallel()
	m := newMachine().process(10, "nginx").process(11, "nginx").process(12, "nginx").
		socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{10, 11, 12}, managedAs(nginxMaster(12)))
	a := Plan(&m.snap, target(8080), 8080, PlanOptions{})
	if got := victimPIDs(a); !slices.Equal(got, []int32{12, 10, 11}) || a.Victims[0].Role != report.RoleMaster || a.Victims[1].Role != report.RoleHolder {
		t.Errorf("victims %v: %+v", got, a.Victims)
	}
	m = newMachine().process(10, "node").process(11, "nodemon").
		socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{10}, managedAs(nodemon(11)))
	a = Plan(&m.snap, target(8080), 8080, PlanOptions{})
	if got := victimPIDs(a); !slices.Equal(got, []int32{11, 10}) || a.Victims[0].Role != report.RoleWatcher || a.Victims[0].StartTicks != 77 || len(a.Victims[0].Inodes) != 0 {
		t.Errorf("victims %v: %+v", got, a.Victims)
	}
}

// TestPlanAlone: what goes without anybody to ask.
func TestPlanAlone(t *testing.T) {
	t.Parallel()
	plain := func() *machine {
		return newMachine().process(10, "web").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10})
	}
	with := func(m host.Manager) *machine {
		return newMachine().process(9, "nodemon").process(10, "web").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10}, managedAs(m))
	}
	child := []host.Process{{PID: 12, PPID: 10, Name: "esbuild", StartTicks: 90, UID: new(uint32(1000))}}
	foreign := dockerOf("web")
	foreign.Container = nil
	for _, tt := range []struct {
		name    string
		machine *machine
		opts    PlanOptions
		alone   bool
	}{
		{"the viewer's process", plain(), PlanOptions{}, true},
		{"the viewer's watcher", with(nodemon(9)), PlanOptions{}, true},
		{"a container of this folder", with(dockerOf("web")), PlanOptions{Folder: "/home/ana/shop/"}, true},
		{"a container of another folder", with(dockerOf("web")), PlanOptions{Folder: "/home/ana"}, false},
		{"a container of no project", with(foreign), PlanOptions{Folder: "/home/ana/shop"}, false},
		{"no folder at all", with(dockerOf("web")), PlanOptions{}, false},
		{"a unit", with(userUnit("web.service", nil)), PlanOptions{}, false},
		{"a supervisor", with(pm2("web")), PlanOptions{}, false},
		{"only the process of a supervisor", with(pm2("web")), PlanOptions{ProcessOnly: true}, false},
		{"forced", plain(), PlanOptions{Force: true}, false},
		{"with a child, as was asked for", plain(), PlanOptions{Tree: true, Descendants: child}, true},
		{"a tunnel that was named", with(host.Manager{Kind: host.ManagerForwarder, Name: "ssh", Stop: []string{"ssh", "-O", "exit"}}), PlanOptions{Forwarder: true}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.opts.Alone = true
			a := Plan(&tt.machine.snap, target(8080), 8080, tt.opts)
			if alone := len(a.Refusals) == 0; alone != tt.alone {
				t.Errorf("goes alone: %v, want %v: %+v", alone, tt.alone, a.Refusals)
			}
			tt.opts.Yes = true
			if a = Plan(&tt.machine.snap, target(8080), 8080, tt.opts); len(a.Refusals) > 0 {
				t.Errorf("with --yes: %+v", a.Refusals)
			}
		})
	}
	// Root may stop another user's process, and says so.
	m := plain()
	m.snap.Viewer.UID = new(uint32(0))
	if a := Plan(&m.snap, target(8080), 8080, PlanOptions{Alone: true}); !slices.Equal(reasons(a), []string{"no_confirmation"}) {
		t.Errorf("root, another user's: %+v", a.Refusals)
	}
}
