package diagnose

import (
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// TestPlanRefusals: each reason, what it says to run instead, and which of
// them --force lifts.
func TestPlanRefusals(t *testing.T) {
	t.Parallel()
	listen := func(m *machine, pid int32, edits ...func(*host.Socket)) *machine {
		return m.socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{pid}, edits...)
	}
	sudo := []string{"sudo", "portwho", "kill", "8080"}
	for _, tt := range []struct {
		name    string
		machine *machine
		opts    PlanOptions
		reason  string
		says    string
		command []string
		flag    string
	}{
		{
			name:    "another user's",
			machine: listen(newMachine().process(10, "postgres").with(ownedBy(101)), 10),
			reason:  "other_user", says: "user postgres (uid 101)", command: sudo,
		},
		{
			name:    "init",
			machine: listen(newMachine().process(1, "systemd"), 1),
			reason:  "init", says: "systemd (pid 1)",
		},
		{
			name:    "portwho itself",
			machine: listen(newMachine().process(9000, "portwho"), 9000),
			reason:  "self", says: "portwho itself",
		},
		{
			name:    "the viewer's grandparent, from the snapshot",
			machine: listen(newMachine().process(500, "tmux").process(501, "bash").with(childOf(500)).process(9000, "portwho").with(childOf(501)), 500),
			reason:  "ancestor", says: "tmux (pid 500)",
		},
		{
			name:    "the viewer's ancestor, as told",
			machine: listen(newMachine().process(500, "tmux"), 500),
			opts:    PlanOptions{Ancestors: []int32{501, 500}},
			reason:  "ancestor", says: "tmux (pid 500)",
		},
		{
			name:    "a kernel thread",
			machine: listen(newMachine().process(77, "ksmbd").with(func(p *host.Process) { p.KernelThread = true }), 77),
			reason:  "kernel_thread", says: "ksmbd (pid 77)",
		},
		{
			name:    "the kernel",
			machine: newMachine().socket(port.TCP, "0.0.0.0:8080", host.StateListen, nil, withStatus(host.HoldersKernel)),
			reason:  "kernel", says: "0.0.0.0:8080",
		},
		{
			name:    "a container without a command",
			machine: listen(newMachine().process(10, "nginx"), 10, managedBy(host.ManagerContainer, "web")),
			reason:  "container", says: "container web", flag: "--process-only",
		},
		{
			name: "a container without a command whose processes are hidden",
			machine: newMachine().socket(port.TCP, "0.0.0.0:8080", host.StateListen, nil, uidOf(0),
				managedBy(host.ManagerContainer, "web")),
			reason: "container", says: "container web",
		},
		{
			name: "a container whose processes are hidden, and only they are to go",
			machine: newMachine().socket(port.TCP, "0.0.0.0:8080", host.StateListen, nil, uidOf(0),
				managedBy(host.ManagerContainer, "web", "docker", "stop", "web")),
			opts:   PlanOptions{ProcessOnly: true},
			reason: "hidden", says: "root", command: sudo,
		},
		{
			name: "a container within a container",
			machine: listen(newMachine().process(10, "nginx"), 10,
				managedBy(host.ManagerContainer, "inner"), managedBy(host.ManagerContainer, "outer", "docker", "stop", "outer")),
			reason: "container", says: "runs inside container outer", flag: "--process-only",
		},
		{
			name:    "a unit that takes root",
			machine: listen(newMachine().process(10, "nginx"), 10, managedBy(host.ManagerUnit, "nginx.service", "systemctl", "stop", "nginx.service")),
			reason:  "needs_root", says: "nginx.service", command: []string{"sudo", "systemctl", "stop", "nginx.service"},
		},
		{
			name:    "a command that says so itself",
			machine: listen(newMachine().process(10, "nginx"), 10, managedBy(host.ManagerContainer, "web", "sudo", "podman", "stop", "web")),
			reason:  "needs_root", says: "container web", command: []string{"sudo", "podman", "stop", "web"},
		},
		{
			name:    "a unit without a command",
			machine: listen(newMachine().process(10, "nginx"), 10, managedBy(host.ManagerUnit, "nginx.service")),
			reason:  "unit", says: "nginx.service", flag: "--process-only",
		},
		{
			name:    "a socket unit, which init holds, and only the process is to go",
			machine: listen(newMachine().process(1, "systemd"), 1, managedBy(host.ManagerSocketUnit, "web.socket", "systemctl", "stop", "web.socket")),
			opts:    PlanOptions{ProcessOnly: true},
			reason:  "init", says: "systemd (pid 1)", command: []string{"systemctl", "stop", "web.socket"},
		},
		{
			name:    "a supervisor without a command",
			machine: listen(newMachine().process(10, "web"), 10, managedBy(host.ManagerSupervisor, "foreman web")),
			reason:  "supervisor", says: "foreman web runs web (pid 10)", flag: "--process-only",
		},
		{
			name:    "a watcher that could not be found",
			machine: listen(newMachine().process(10, "node"), 10, managedBy(host.ManagerWatcher, "nodemon")),
			reason:  "supervisor", says: "nodemon", flag: "--process-only",
		},
		{
			name:    "another user's supervisor",
			machine: listen(newMachine().process(10, "web").with(ownedBy(101)), 10, managedBy(host.ManagerSupervisor, "pm2 web", "pm2", "stop", "web")),
			reason:  "other_user", says: "user postgres (uid 101)", command: sudo,
		},
		{
			name: "a watcher that portwho runs in",
			machine: listen(newMachine().process(9, "nodemon").process(10, "node").with(childOf(9)), 10,
				managedAs(host.Manager{Kind: host.ManagerWatcher, Name: "nodemon", PID: 9})),
			opts:   PlanOptions{Ancestors: []int32{9}},
			reason: "ancestor", says: "nodemon (pid 9)",
		},
		{
			name: "a unit that portwho runs in",
			machine: listen(newMachine().process(10, "code").with(inCgroup("/system.slice/code.service")).
				process(9000, "portwho").with(inCgroup("/system.slice/code.service/terminal")), 10,
				managedBy(host.ManagerUnit, "code.service", "systemctl", "--user", "stop", "code.service")),
			reason: "ancestor", says: "inside code.service", command: []string{"systemctl", "--user", "stop", "code.service"},
		},
		{
			name:    "the login that portwho runs in",
			machine: listen(newMachine().process(500, "sshd"), 500),
			opts:    PlanOptions{Ancestors: []int32{500}},
			reason:  "session", says: "sshd (pid 500)",
		},
		{
			name: "a tunnel",
			machine: listen(newMachine().process(10, "ssh"), 10,
				managedAs(host.Manager{Kind: host.ManagerForwarder, Name: "ssh", PID: 10, Forwards: "db.example.org:5432"})),
			reason: "forwarder", says: "tunnel to db.example.org:5432", flag: "--forwarder",
		},
		{
			name: "a database in use",
			machine: listen(newMachine().process(10, "postgres").process(20, "app"), 10).
				socket(port.TCP, "127.0.0.1:8080", host.StateEstablished, []int32{10}, peer("127.0.0.1:40000")).
				socket(port.TCP, "127.0.0.1:40000", host.StateEstablished, []int32{20}, peer("127.0.0.1:8080")),
			reason: "clients", says: "postgres (pid 10) is a database with 1 connection", flag: "--yes",
		},
		{
			name: "a database in a container, in use",
			machine: listen(newMachine().process(10, "docker-proxy"), 10, managedAs(host.Manager{
				Kind: host.ManagerContainer, Name: "db", Stop: []string{"docker", "stop", "db"},
				Container: &host.Container{Engine: "docker", Image: "docker.io/library/postgres:17@sha256:00"},
			})).
				socket(port.TCP, "127.0.0.1:8080", host.StateEstablished, []int32{10}, peer("192.0.2.9:40000")).
				socket(port.TCP, "127.0.0.1:8080", host.StateEstablished, []int32{10}, peer("192.0.2.9:40001")),
			reason: "clients", says: "container db is a database with 2 connections", flag: "--yes",
		},
		{
			name:    "nobody to ask about a container of somewhere else",
			machine: listen(newMachine().process(10, "nginx"), 10, managedBy(host.ManagerContainer, "web", "docker", "stop", "web")),
			opts:    PlanOptions{Alone: true, Folder: "/home/ana/shop"},
			reason:  "no_confirmation", says: "container web", flag: "--yes",
		},
		{
			name: "nobody to ask about a process that a supervisor runs",
			machine: listen(newMachine().process(10, "web"), 10, managedAs(host.Manager{
				Kind: host.ManagerSupervisor, Name: "pm2 web", Stop: []string{"pm2", "stop", "web"}, Restarts: new(true)})),
			opts:   PlanOptions{Alone: true, ProcessOnly: true},
			reason: "no_confirmation", says: "pm2 web starts it again", flag: "--yes",
		},
		{
			name:    "hidden from an ordinary user",
			machine: newMachine().socket(port.TCP, "0.0.0.0:8080", host.StateListen, nil, uidOf(101)),
			reason:  "hidden", says: "a process of user postgres (uid 101)", command: sudo,
		},
		{
			name:    "held by no process that could be found",
			machine: newMachine().socket(port.TCP, "0.0.0.0:8080", host.StateListen, nil, withStatus(host.HoldersNone)),
			reason:  "hidden", says: "could be found",
		},
		{
			name:    "a holder that was gone when it was looked at",
			machine: listen(newMachine(), 10),
			reason:  "unknown_identity", says: "(pid 10)",
		},
		{
			name:    "a holder without a start time",
			machine: listen(newMachine().process(10, "web").with(started(0)), 10),
			reason:  "unknown_identity", says: "web (pid 10)",
		},
		{
			name:    "under a debugger",
			machine: listen(newMachine().process(10, "web").with(func(p *host.Process) { p.State = host.ProcessTraced }), 10),
			reason:  "traced", says: "debugger", flag: "--force",
		},
		{
			name:    "a descriptor under way",
			machine: listen(newMachine().process(10, "web"), 10, via(host.ViaInFlight)),
			reason:  "uncertain", says: "web (pid 10)", flag: "--force",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := Plan(&tt.machine.snap, target(8080), 8080, tt.opts)
			if len(a.Refusals) != 1 {
				t.Fatalf("refusals %+v, want one: %s", a.Refusals, tt.reason)
			}
			r := a.Refusals[0]
			if r.Reason != tt.reason || !strings.Contains(r.Summary, tt.says) || r.Flag != tt.flag || !slices.Equal(r.Command, tt.command) {
				t.Errorf("got %+v, want reason %s, %q in the summary, flag %q, command %v", r, tt.reason, tt.says, tt.flag, tt.command)
			}
			if r.Command == nil {
				t.Error("command is null in JSON")
			}

			for flag, lift := range map[string]func(*PlanOptions){
				"--force":        func(o *PlanOptions) { o.Force = true },
				"--process-only": func(o *PlanOptions) { o.ProcessOnly = true },
				"--forwarder":    func(o *PlanOptions) { o.Forwarder = true },
				"--yes":          func(o *PlanOptions) { o.Yes = true },
			} {
				opts := tt.opts
				lift(&opts)
				lifted := !slices.Contains(reasons(Plan(&tt.machine.snap, target(8080), 8080, opts)), tt.reason)
				// Without its manager a plan is another one.
				if lifted != (tt.flag == flag) && !(flag == "--process-only" && !tt.opts.ProcessOnly) {
					t.Errorf("%s: lifted is %v, and the refusal's flag is %q", flag, lifted, tt.flag)
				}
			}
		})
	}
}
