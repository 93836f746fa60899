package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/component"
	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// managed is a real server below something, and what must be said of it.
type managed struct {
	name    string
	start   func(testing.TB, int) *component.Started
	kind    host.ManagerKind // empty for none
	manager string           // how its name begins
	chain   string           // how the chain ends
	cause   report.CauseID   // empty for neither of the two
	// stops says that the manager's command frees the port and leaves the
	// bystanders alone, and starts that its other one brings the server back.
	stops, starts bool
}

// TestManagers puts real servers below real supervisors, watchers, masters,
// sessions and tunnels, and looks who is said to be in charge.
func TestManagers(t *testing.T) {
	for _, tt := range []managed{
		{name: "plain", start: component.Plain, chain: "python3 -m http.server"},
		{name: "npm run", start: component.NpmRun, chain: "npm run dev › node server.js"},
		{name: "pm2", start: component.PM2, kind: host.ManagerSupervisor, manager: "pm2 web", chain: "pm2 › node server.js", cause: diagnose.CauseSupervisorRestart, stops: true, starts: true},
		{name: "pm2 cluster", start: component.PM2Cluster, kind: host.ManagerSupervisor, manager: "pm2 web", chain: "pm2", cause: diagnose.CauseSupervisorRestart, stops: true},
		{name: "supervisord", start: component.Supervisord, kind: host.ManagerSupervisor, manager: "supervisord web", chain: "supervisord › python3 -m http.server", cause: diagnose.CauseSupervisorRestart, stops: true, starts: true},
		{name: "runit", start: component.Runit, kind: host.ManagerSupervisor, manager: "runit web", chain: "runit › python3 -m http.server", cause: diagnose.CauseSupervisorRestart, stops: true, starts: true},
		{name: "s6", start: component.S6, kind: host.ManagerSupervisor, manager: "s6 web", chain: "s6 › python3 -m http.server", cause: diagnose.CauseSupervisorRestart, stops: true, starts: true},
		{name: "nodemon", start: component.Nodemon, kind: host.ManagerWatcher, manager: "nodemon", chain: "nodemon › node server.js", cause: diagnose.CauseSupervisorRestart},
		{name: "node --watch", start: component.NodeWatch, kind: host.ManagerWatcher, manager: "node --watch", chain: "node --watch › node server.js", cause: diagnose.CauseSupervisorRestart},
		{name: "nginx", start: component.Nginx, kind: host.ManagerMaster, manager: "nginx", chain: "nginx"},
		{name: "gunicorn", start: component.Gunicorn, kind: host.ManagerMaster, manager: "gunicorn"},
		{name: "tmux", start: component.Tmux, kind: host.ManagerSession, manager: "tmux", chain: "tmux › bash › python3 -m http.server"},
		{name: "screen", start: component.Screen, kind: host.ManagerSession, manager: "screen", chain: "screen › python3 -m http.server"},
		{name: "socat", start: component.Socat, kind: host.ManagerForwarder, manager: "socat", cause: diagnose.CauseForwarder},
		{name: "ssh -L", start: component.SSHLocal, kind: host.ManagerForwarder, manager: "ssh", cause: diagnose.CauseForwarder},
		{name: "ssh -R", start: component.SSHRemote, kind: host.ManagerForwarder, manager: "sshd", cause: diagnose.CauseForwarder},
		{name: "ssh master", start: component.SSHMaster, kind: host.ManagerForwarder, manager: "ssh master", cause: diagnose.CauseForwarder, stops: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.start(t, component.FreePort(t))
			got := lookAt(t, s.Port)
			m := got.check(t, tt, s)
			if !tt.stops {
				return
			}
			if len(m.Stop) == 0 {
				t.Fatalf("no command stops %+v", m)
			}
			obey(t, s, m.Stop)
			wait(t, "the port is free", func() bool { return len(component.Holders(t, s.Port)) == 0 })
			for _, pid := range s.Bystanders {
				if !component.Alive(pid) {
					t.Errorf("%q ended pid %d too", m.Stop, pid)
				}
			}
			if tt.starts {
				obey(t, s, m.Start)
				wait(t, "the server is back", func() bool { return len(component.Holders(t, s.Port)) > 0 })
				if again := lookAt(t, s.Port).check(t, tt, nil); again.Name != m.Name {
					t.Errorf("started again, it is %q, not %q", again.Name, m.Name)
				}
				obey(t, s, m.Stop) // it has other pids now, which nobody else ends
				wait(t, "the port is free again", func() bool { return len(component.Holders(t, s.Port)) == 0 })
			}
		})
	}
}

// looked is what portwho says about a port.
type looked struct {
	result report.Result
	gaps   []host.Gap
}

func lookAt(t *testing.T, number int) looked {
	t.Helper()
	scope := host.Scope{Ports: []port.Range{port.One(uint16(number))}}
	snap, err := collect.Collect(t.Context(), collect.Config{Scope: scope})
	if err != nil {
		t.Fatal(err)
	}
	target, err := port.ParseTarget(port.One(uint16(number)).String())
	if err != nil {
		t.Fatal(err)
	}
	rep := diagnose.Diagnose(snap, []port.Target{target}, diagnose.Options{})
	for _, r := range rep.Results {
		if r.Target.Protocol == port.TCP {
			return looked{r, rep.Gaps}
		}
	}
	t.Fatal("no result")
	return looked{}
}

// check compares what is said with what must be, and returns the manager.
func (l looked) check(t *testing.T, tt managed, s *component.Started) host.Manager {
	t.Helper()
	if len(l.result.Sockets) == 0 {
		t.Fatal("no socket on the port")
	}
	socket := l.result.Sockets[0]
	for _, source := range l.gaps {
		if source.Source == "supervisord" || source.Source == "supervisors" {
			t.Errorf("gap: %+v", source)
		}
	}
	if chain := strings.Join(socket.Chain, " › "); !strings.HasSuffix(chain, tt.chain) {
		t.Errorf("the chain is %q, want ...%q", chain, tt.chain)
	}
	told := report.CauseID("")
	for _, c := range l.result.Causes {
		if c.ID == diagnose.CauseSupervisorRestart || c.ID == diagnose.CauseForwarder {
			told = c.ID
		}
	}
	if told != tt.cause {
		t.Errorf("the cause %q is told, want %q", told, tt.cause)
	}
	var found host.Manager
	for _, m := range socket.Managers {
		if tt.kind == "" && m.Kind != host.ManagerUnit && m.Kind != host.ManagerContainer && m.Kind != host.ManagerSession && m.Kind != host.ManagerShell {
			t.Errorf("%s %s is in charge, want nobody", m.Kind, m.Name)
		}
		if m.Kind == tt.kind && found.Kind == "" {
			found = m
		}
	}
	if tt.kind == "" {
		return found
	}
	if !strings.HasPrefix(found.Name, tt.manager) {
		t.Fatalf("managers %+v, want %s %s", socket.Managers, tt.kind, tt.manager)
	}
	if s != nil && int(found.PID) != s.Manager {
		t.Errorf("the manager's pid is %d, want %d", found.PID, s.Manager)
	}
	if found.Kind == host.ManagerForwarder && found.Forwards == "" {
		t.Error("a forwarder that forwards nowhere")
	}
	return found
}

// obey runs a command as portwho would, in the environment of the server.
func obey(t *testing.T, s *component.Started, argv []string) {
	t.Helper()
	if len(argv) == 0 {
		t.Fatal("no command")
	}
	path := ""
	for _, pair := range s.Env {
		if value, ok := strings.CutPrefix(pair, "PATH="); ok {
			path = value
		}
	}
	program, err := lookPath(path, argv[0])
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, argv[1:]...)
	// Only the command itself says where the supervisor is.
	cmd.Env = slices.DeleteFunc(slices.Clone(s.Env), func(pair string) bool { return strings.HasPrefix(pair, "PM2_HOME=") })
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", argv, err, out)
	}
}

func wait(t *testing.T, what string, true func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !true(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
