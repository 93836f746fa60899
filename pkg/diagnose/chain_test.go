package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// family adds processes, each the child of the one before; the last holds a
// listener on 127.0.0.1:8080.
func family(commands ...[]string) (*machine, *host.Socket) {
	m := newMachine()
	for i, command := range commands {
		m.snap.Processes = append(m.snap.Processes, host.Process{
			PID: int32(i + 2), PPID: int32(i + 1), Name: command[0], Command: command, StartTicks: 7, State: host.ProcessRunning,
		})
	}
	m.socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{int32(len(commands) + 1)})
	return m, &m.snap.Sockets[0]
}

func TestChain(t *testing.T) {
	sh := []string{"sh", "-c", "vite"}
	vite := []string{"node", "/src/node_modules/.bin/vite"}
	tests := []struct {
		name     string
		managers []host.Manager
		commands [][]string
		want     string
	}{
		{"alone", nil, [][]string{{"node", "server.js"}}, "node server.js"},
		{"npm in tmux", []host.Manager{{Kind: host.ManagerSession, Name: "tmux", PID: 2}},
			[][]string{{"tmux", "new"}, {"-zsh"}, {"npm run dev"}, sh, vite}, "tmux › zsh › npm run dev › node vite"},
		{"ssh session", []host.Manager{{Kind: host.ManagerSession, Name: "ssh session of ana", PID: 3}},
			[][]string{{"sshd: ana [priv]"}, {"sshd: ana@pts/3"}, {"-bash"}, {"/usr/bin/python3", "-m", "http.server", "8080"}}, "ssh session › bash › python3 -m http.server"},
		{"pm2 in a unit", []host.Manager{{Kind: host.ManagerSupervisor, Name: "pm2 web", PID: 2}, {Kind: host.ManagerUnit, Name: "pm2-ana.service"}},
			[][]string{{"PM2 v6: God Daemon (/x)", ""}, {"node /srv/server.js", ""}}, "systemd › pm2-ana.service › pm2 › node server.js"},
		{"container", []host.Manager{{Kind: host.ManagerContainer, Name: "web"}}, [][]string{{"/usr/bin/tini", "--", "node"}, {"node", "server.js"}}, "container web › node server.js"},
		{"workers", nil, [][]string{{"nginx: master process nginx"}, {"nginx: worker process"}}, "nginx"},
		{"windows", nil, [][]string{{`C:\Windows\System32\cmd.exe`}, {`C:\node\node.exe`, `C:\src\server.js`}}, "cmd › node server.js"},
		{"no arguments known", nil, [][]string{{"x", "--flag", "--key=value", ""}}, "x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, s := family(tt.commands...)
			s.Managers = tt.managers
			if got := strings.Join(chain(&m.snap, s), " › "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestChainIsBounded(t *testing.T) {
	var many [][]string
	for i := range 40 {
		many = append(many, []string{fmt.Sprint("p", i), strings.Repeat("ä", 200)})
	}
	m, s := family(many...)
	got := chain(&m.snap, s)
	if len(got) > maxChain || !slices.Contains(got, "…") {
		t.Errorf("%d links: %q", len(got), got)
	}
	for _, link := range got {
		if len(link) > maxLink+len("…") {
			t.Errorf("a link of %d bytes", len(link))
		}
	}
	// A snapshot from a file may hold a circle, and a holder that is not there.
	m.snap.Processes[0].PPID = m.snap.Processes[39].PID
	if got := chain(&m.snap, s); len(got) == 0 {
		t.Error("a circle has no chain")
	}
	s.Holders[0].PID = 999
	if got := chain(&m.snap, s); got == nil || len(got) != 0 {
		t.Errorf("nobody's chain is %q", got)
	}
}

// causeOf returns a cause that is told about port 8080.
func toldCause(m *machine, id report.CauseID) *report.Cause {
	rep := Diagnose(&m.snap, []port.Target{target(8080)}, Options{})
	for i, c := range rep.Results[0].Causes {
		if c.ID == id {
			return &rep.Results[0].Causes[i]
		}
	}
	return nil
}

func TestSupervisorRestart(t *testing.T) {
	yes, no := true, false
	stop := []string{"pm2", "stop", "web"}
	tests := []struct {
		name       string
		managers   []host.Manager
		confidence report.Confidence // empty for no cause
		command    []string
	}{
		{"pm2", []host.Manager{{Kind: host.ManagerSupervisor, Name: "pm2 web", PID: 50, Stop: stop, Restarts: &yes}}, report.Likely, stop},
		{"by a policy", []host.Manager{{Kind: host.ManagerSupervisor, Name: "x", PID: 50, Stop: stop, Restarts: &yes, Policy: "autorestart=true"}}, report.Certain, stop},
		{"a unit", []host.Manager{{Kind: host.ManagerUnit, Name: "x.service", Stop: []string{"systemctl", "stop", "x"}, Restarts: &yes, Policy: "Restart=always"}}, report.Certain, []string{"systemctl", "stop", "x"}},
		{"a watcher", []host.Manager{{Kind: host.ManagerWatcher, Name: "nodemon", PID: 50, Restarts: &yes, Policy: "when a file changes"}}, report.Certain, []string{"portwho", "kill", "8080"}},
		{"one that does not", []host.Manager{{Kind: host.ManagerUnit, Name: "x.service", Restarts: &no, Policy: "Restart=no"}}, "", nil},
		{"unknown", []host.Manager{{Kind: host.ManagerUnit, Name: "x.service"}}, "", nil},
		{"nobody", nil, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine().process(90, "node").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{90},
				func(s *host.Socket) { s.Managers = tt.managers })
			c := toldCause(m, CauseSupervisorRestart)
			if tt.confidence == "" {
				if c != nil {
					t.Errorf("told: %+v", c)
				}
				return
			}
			if c == nil || c.Confidence != tt.confidence || len(c.Remedies) == 0 || !slices.Equal(c.Remedies[0].Command, tt.command) {
				t.Errorf("got %+v, want %s and %q", c, tt.confidence, tt.command)
			}
		})
	}
}

func TestForwarder(t *testing.T) {
	m := newMachine().process(90, "ssh").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{90}, func(s *host.Socket) {
		s.Managers = []host.Manager{{Kind: host.ManagerForwarder, Name: "ssh", PID: 90, Forwards: "db:5432 over ssh to b", Evidence: "x"}}
	})
	if c := toldCause(m, CauseForwarder); c == nil || c.Confidence != report.Certain || !strings.Contains(c.Summary, "to db:5432 over ssh to b; nobody serves it here") {
		t.Errorf("got %+v", c)
	}
	m.snap.Sockets[0].Managers[0].Name = "VS Code"
	if c := toldCause(m, CauseForwarder); c == nil || c.Confidence != report.Likely {
		t.Errorf("of an editor: %+v", c)
	}
	m.snap.Sockets[0].Managers[0].Forwards = ""
	if c := toldCause(m, CauseForwarder); c != nil {
		t.Errorf("to nowhere: %+v", c)
	}
}

// The supervisor's own command is what frees the port, not the unit that the
// supervisor runs in and not a signal.
func TestStopByTheSupervisor(t *testing.T) {
	stop := []string{"pm2", "stop", "web"}
	m := newMachine().process(90, "node").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{90}, func(s *host.Socket) {
		s.Managers = []host.Manager{
			{Kind: host.ManagerSupervisor, Name: "pm2 web", PID: 50, Stop: stop},
			{Kind: host.ManagerUnit, Name: "pm2.service", Stop: []string{"systemctl", "stop", "pm2.service"}},
		}
	})
	if c := toldCause(m, CauseListener); c == nil || len(c.Remedies) != 1 || !slices.Equal(c.Remedies[0].Command, stop) {
		t.Errorf("got %+v", c)
	}
}
