package manage

import (
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
)

// proc builds a process from its command line.
func proc(pid, parent int32, command ...string) host.Process {
	p := host.Process{PID: pid, PPID: parent, Command: command, UID: uid(1000), Name: base(command[0])}
	return p
}

func withExe(p host.Process, exe string) host.Process { p.Exe = exe; return p }
func named(p host.Process, name string) host.Process  { p.Name = name; return p }
func of(p host.Process, user uint32) host.Process     { p.UID = uid(user); return p }

const (
	pm2Title   = "PM2 v6.0.13: God Daemon (/home/ana/.pm2)"
	nodeServer = "/srv/server.js"
)

func pm2Daemon() host.Process {
	return withExe(named(proc(50, 1, pm2Title, "", "", ""), "PM2 v6.0.13: Go"), "/usr/bin/node")
}

func TestSupervisors(t *testing.T) {
	server := proc(90, 50, "node", nodeServer)
	web := Tasks{90: {Supervisor: 50, Name: "web", Config: "/home/ana/.pm2"}}
	folder := Tasks{50: {Supervisor: 50, Name: "web", Config: "/etc/service/web"}}
	inContainer := server
	inContainer.Cgroup = "/docker/" + idA
	pm2Inside := pm2Daemon()
	pm2Inside.Cgroup = "/docker/" + idA
	tests := []struct {
		name      string
		viewer    uint32
		tasks     Tasks
		processes []host.Process
		want      []string
	}{
		{"pm2", 1000, web, []host.Process{pm2Daemon(), server}, []string{"supervisor pm2 web (web): env PM2_HOME=/home/ana/.pm2 pm2 stop web"}},
		{"pm2 of a user, seen by root", 0, web, []host.Process{pm2Daemon(), server}, []string{"supervisor pm2 web (web): runuser -u ana -- env PM2_HOME=/home/ana/.pm2 pm2 stop web"}},
		{"pm2 of root, seen by a user", 1000, web, []host.Process{of(pm2Daemon(), 0), server}, []string{"supervisor pm2 web (web): sudo -u root -- env PM2_HOME=/home/ana/.pm2 pm2 stop web"}},
		{"pm2 of a user without a name", 0, web, []host.Process{of(pm2Daemon(), 77), server}, []string{"supervisor pm2 web (web)"}},
		{"two programs of one name", 1000, Tasks{90: {Supervisor: 50, Name: "web", ID: "3", Config: "/home/ana/.pm2"}}, []host.Process{pm2Daemon(), server}, []string{"supervisor pm2 web (web): env PM2_HOME=/home/ana/.pm2 pm2 stop 3"}},
		{"pm2 that does not tell", 1000, nil, []host.Process{pm2Daemon(), server}, []string{"supervisor pm2"}},
		{"a task of another daemon", 1000, Tasks{90: {Supervisor: 51, Name: "web"}}, []host.Process{pm2Daemon(), server}, []string{"supervisor pm2"}},
		{"a task called all", 1000, Tasks{90: {Supervisor: 50, Name: "all"}}, []host.Process{pm2Daemon(), server}, []string{"supervisor pm2"}},
		{"a task like an option", 1000, Tasks{90: {Supervisor: 50, Name: "--kill"}}, []host.Process{pm2Daemon(), server}, []string{"supervisor pm2"}},
		{"a task like a pattern", 1000, Tasks{90: {Supervisor: 50, Name: "*"}}, []host.Process{pm2Daemon(), server}, []string{"supervisor pm2"}},
		{"below a shell of pm2", 1000, Tasks{70: {Supervisor: 50, Name: "web", Config: "/home/ana/.pm2"}}, []host.Process{pm2Daemon(), proc(70, 50, "bash", "-c", "node server.js"), proc(90, 70, "node", nodeServer)}, []string{"supervisor pm2 web (web): env PM2_HOME=/home/ana/.pm2 pm2 stop web"}},
		{"pm2 in a container", 1000, web, []host.Process{pm2Inside, inContainer}, []string{"supervisor pm2 web (web)", "container 0123456789ab (" + idA + "): docker stop 0123456789ab"}},
		{"a title on another program", 1000, web, []host.Process{withExe(pm2Daemon(), "/tmp/evil"), server}, nil},
		{"a title that was cut", 1000, web, []host.Process{withExe(named(proc(50, 1, "PM2 v6.0.13: God Daemon (/home/ana/.p"), "x"), "/usr/bin/node"), server}, []string{"supervisor pm2 web (web): env PM2_HOME=/home/ana/.pm2 pm2 stop web"}},
		{"a title that was cut, and no task", 1000, nil, []host.Process{withExe(named(proc(50, 1, "PM2 v6.0.13: God Daemon (/home/ana/.p"), "x"), "/usr/bin/node"), server}, []string{"supervisor pm2"}},
		{"a folder that leaves", 1000, web, []host.Process{withExe(named(proc(50, 1, "PM2 v6: God Daemon (/home/ana/../root/.pm2)"), "x"), "/usr/bin/node"), server}, nil},
		{"supervisord", 0, Tasks{90: {Supervisor: 50, Name: "g:web", Config: "/etc/s.conf", Policy: "autorestart=true"}}, []host.Process{of(proc(50, 1, "/usr/bin/python3", "/usr/bin/supervisord", "-c", "/etc/s.conf"), 0), server}, []string{"supervisor supervisord g:web (g:web): supervisorctl -c /etc/s.conf stop g:web"}},
		{"supervisord's own port", 0, nil, []host.Process{of(proc(90, 1, "/usr/bin/python3", "/usr/bin/supervisord"), 0)}, nil},
		{"a file called supervisord for node", 0, nil, []host.Process{proc(50, 1, "node", "/x/supervisord"), server}, nil},
		{"runit", 1000, folder, []host.Process{proc(50, 1, "runsv", "web"), server}, []string{"supervisor runit web (/etc/service/web): sv stop /etc/service/web"}},
		{"s6", 1000, folder, []host.Process{proc(50, 1, "s6-supervise", "web"), server}, []string{"supervisor s6 web (/etc/service/web): s6-svc -d /etc/service/web"}},
		{"daemontools", 1000, folder, []host.Process{proc(50, 1, "supervise", "web"), server}, []string{"supervisor daemontools web (/etc/service/web): svc -d /etc/service/web"}},
		{"runit in an unknown folder", 1000, nil, []host.Process{proc(50, 1, "runsv", "web"), server}, []string{"supervisor runit"}},
		{"forever", 1000, nil, []host.Process{proc(50, 1, "/usr/bin/node", "/usr/lib/node_modules/forever/bin/monitor", "server.js"), server}, []string{"supervisor forever: forever stop 90"}},
		{"words among the arguments", 1000, nil, []host.Process{proc(50, 1, "less", "supervisord", "runsv", "nodemon"), server}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			snap := machine(tt.viewer, slices.Clone(tt.processes), 90)
			Attach(snap, Known{Tasks: tt.tasks})
			if got := brief(snap.Sockets[0].Managers); !slices.Equal(got, append([]string{}, tt.want...)) {
				t.Errorf("managers\n got %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestPM2Cluster(t *testing.T) {
	daemon := pm2Daemon()
	daemon.PID = 90
	snap := machine(1000, []host.Process{daemon}, 90)
	Attach(snap, Known{Tasks: Tasks{90: {Supervisor: 90, Name: "web", Config: "/home/ana/.pm2"}}})
	if got := brief(snap.Sockets[0].Managers); !slices.Equal(got, []string{"supervisor pm2 web (web): env PM2_HOME=/home/ana/.pm2 pm2 stop web"}) {
		t.Errorf("got %q", got)
	}
}

func TestWatchers(t *testing.T) {
	tests := []struct {
		name    string
		command []string
		want    string // empty for none
		again   bool
	}{
		{"nodemon", []string{"node", "/x/node_modules/.bin/nodemon", "server.js"}, "nodemon", true},
		{"nodemon by its package", []string{"/usr/bin/node", "/x/node_modules/nodemon/bin/nodemon.js", "server.js"}, "nodemon", true},
		{"node --watch", []string{"node", "--watch", "server.js"}, "node --watch", true},
		{"node with --watch for its script", []string{"node", "server.js", "--watch"}, "", false},
		{"tsx watch", []string{"node", "/x/node_modules/tsx/dist/cli.mjs", "watch", "a.ts"}, "tsx", true},
		{"tsx that runs once", []string{"node", "/x/node_modules/tsx/dist/cli.mjs", "a.ts"}, "", false},
		{"a script called watch", []string{"node", "/x/node_modules/.bin/tsx", "a.ts", "watch"}, "", false},
		{"watchexec", []string{"/usr/bin/watchexec", "-r", "make"}, "watchexec", true},
		{"entr that restarts", []string{"entr", "-r", "make"}, "entr", true},
		{"entr that runs once", []string{"entr", "make"}, "", false},
		{"air", []string{"air"}, "air", true},
		{"cargo watch", []string{"cargo-watch", "watch", "-x", "run"}, "cargo-watch", true},
		{"uvicorn", []string{"/usr/bin/python3", "/usr/bin/uvicorn", "app:app", "--reload"}, "uvicorn", true},
		{"uvicorn by module", []string{"python3", "-m", "uvicorn", "app:app", "--reload"}, "uvicorn", true},
		{"uvicorn with workers", []string{"python3", "-m", "uvicorn", "app:app", "--workers", "2"}, "", false},
		{"foreman", []string{"foreman: master", ""}, "", false},
		{"honcho", []string{"python3", "/usr/bin/honcho", "start"}, "honcho", false},
		{"overmind", []string{"overmind", "start"}, "overmind", false},
		{"overmind that asks", []string{"overmind", "ps"}, "", false},
		{"concurrently", []string{"node", "/x/node_modules/.bin/concurrently", "npm run a", "npm run b"}, "concurrently", false},
		{"npm", []string{"npm run dev"}, "", false},
		{"an editor of nodemon.js", []string{"vim", "nodemon.js"}, "", false},
		{"grep for nodemon", []string{"grep", "nodemon", "-r"}, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			managers := attach(machine(1000, []host.Process{proc(50, 1, tt.command...), proc(90, 50, "node", nodeServer)}, 90))
			if tt.want == "" {
				if len(managers) > 0 {
					t.Errorf("got %q", brief(managers))
				}
				return
			}
			if len(managers) != 1 || managers[0].Kind != host.ManagerWatcher || managers[0].Name != tt.want || managers[0].PID != 50 || len(managers[0].Stop) > 0 {
				t.Fatalf("managers %+v, want the watcher %s", managers, tt.want)
			}
			if again := managers[0].Restarts != nil && *managers[0].Restarts; again != tt.again {
				t.Errorf("starts again: %v, want %v", again, tt.again)
			}
		})
	}
}

func TestMasters(t *testing.T) {
	nginx := func(pid, parent int32, title string) host.Process {
		return withExe(named(proc(pid, parent, title, "", ""), "nginx"), "/usr/sbin/nginx")
	}
	master, worker := nginx(50, 1, "nginx: master process nginx"), nginx(90, 50, "nginx: worker process")
	check(t, machine(0, []host.Process{master, worker}, 50, 90), "master nginx")
	check(t, machine(0, []host.Process{master, worker}, 90))                                               // the parent has it not
	check(t, machine(0, []host.Process{withExe(master, "/usr/bin/x"), worker}, 50, 90))                    // another program
	check(t, machine(0, []host.Process{withExe(master, ""), withExe(worker, "")}, 50, 90), "master nginx") // by name
	// The top-most of several counts, and only without a gap.
	top := nginx(40, 1, "nginx: master process nginx")
	check(t, machine(0, []host.Process{top, nginx(50, 40, "nginx: x"), worker}, 40, 50, 90), "master nginx")
	if m := attach(machine(0, []host.Process{top, nginx(50, 40, "nginx: x"), worker}, 40, 50, 90)); m[0].PID != 40 {
		t.Errorf("the master is pid %d, want 40", m[0].PID)
	}
	// A reloader has its child's socket too and is told as what it is.
	reloader := proc(50, 1, "python3", "-m", "uvicorn", "app:app", "--reload")
	check(t, machine(0, []host.Process{reloader, proc(90, 50, "python3", "-c", "from multiprocessing.spawn")}, 50, 90), "watcher uvicorn")
}

func TestSessions(t *testing.T) {
	server := host.Process{PID: 90, PPID: 80, Name: "node", Command: []string{"node"}, Session: 80, ProcessGroup: 90, TTY: "pts/3"}
	shell := host.Process{PID: 80, PPID: 50, Name: "zsh", Command: []string{"-zsh"}, Session: 80, ProcessGroup: 80, TTY: "pts/3"}
	job := "shell_job zsh job on pts/3 (pts/3)"
	title := func(name string, command ...string) host.Process { return named(proc(50, 1, command...), name) }
	check(t, machine(0, []host.Process{title("tmux: server", "tmux", "new"), shell, server}, 90), job, "session tmux")
	check(t, machine(0, []host.Process{title("screen", "SCREEN", "-dmS", "x"), shell, server}, 90), job, "session screen")
	check(t, machine(0, []host.Process{title("sshd", "sshd: ana@pts/3"), shell, server}, 90), job, "session ssh session of ana (pts/3)")
	check(t, machine(0, []host.Process{title("sshd-session", "sshd-session: ana@notty"), shell, server}, 90), job, "session ssh session of ana")
	check(t, machine(0, []host.Process{title("sshd", "sshd: ana [priv]"), shell, server}, 90), job)
	check(t, machine(0, []host.Process{title("sshd", "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"), shell, server}, 90), job)
	check(t, machine(0, []host.Process{title("cron", "/usr/sbin/CRON", "-f"), {PID: 90, PPID: 50, Name: "node", Command: []string{"node"}}}, 90), "session cron")
	// What a person typed is not the supervisor's of the terminal.
	nodemon := proc(50, 1, "node", "/x/node_modules/.bin/nodemon")
	check(t, machine(0, []host.Process{nodemon, shell, server}, 90), job)
	// A watcher in the shell is nearer than the shell.
	watched := server
	watched.PPID = 85
	watcher := host.Process{PID: 85, PPID: 80, Name: "node", Command: []string{"node", "/x/node_modules/.bin/nodemon"}, Session: 80, ProcessGroup: 90, TTY: "pts/3"}
	check(t, machine(0, []host.Process{shell, watcher, watched}, 90), "watcher nodemon", job)
}

func TestDaemons(t *testing.T) {
	for want, p := range map[string]host.Process{
		"daemon epmd: epmd -kill":                                  proc(90, 1, "/usr/lib/erlang/bin/epmd", "-daemon"),
		"daemon gradle daemon: gradle --stop":                      proc(90, 1, "/usr/bin/java", "-Xmx1g", "org.gradle.launcher.daemon.bootstrap.GradleDaemon", "8.5"),
		"daemon bazel server: env --chdir=/src/app bazel shutdown": named(proc(90, 1, "bazel(app)", "--workspace_directory=/src/app"), "java"),
		"forwarder adb forward: adb forward --remove tcp:8080":     proc(90, 1, "adb", "-L", "tcp:5037", "fork-server", "server"),
	} {
		check(t, machine(1000, []host.Process{p}, 90), want)
	}
}

func TestTunnels(t *testing.T) {
	for name, tt := range map[string]struct {
		command []string
		want    string // what it forwards to; empty for no forwarder
	}{
		"local":          {[]string{"ssh", "-N", "-L", "8080:db:5432", "bastion"}, "db:5432 over ssh to bastion"},
		"joined options": {[]string{"ssh", "-fNL8080:db:5432", "-p", "22", "me@bastion"}, "db:5432 over ssh to me@bastion"},
		"bind address":   {[]string{"ssh", "-L", "127.0.0.1:8080:[fd00::1]:80", "b"}, "[fd00::1]:80 over ssh to b"},
		"ipv6 bind":      {[]string{"ssh", "-L", "[::1]:8080:db:80", "b"}, "db:80 over ssh to b"},
		"unix socket":    {[]string{"ssh", "-L", "8080:/run/x.sock", "b"}, "/run/x.sock over ssh to b"},
		"dynamic":        {[]string{"ssh", "-D", "8080", "b"}, "any address (SOCKS) over ssh to b"},
		"option":         {[]string{"ssh", "-o", "LocalForward=8080 db:80", "b"}, "db:80 over ssh to b"},
		"option, words":  {[]string{"ssh", "-oLocalForward 8080 db:80", "b"}, "db:80 over ssh to b"},
		"several":        {[]string{"ssh", "-L", "1:a:1", "-L", "8080:b:2", "c"}, "b:2 over ssh to c"},
		"after the host": {[]string{"ssh", "b", "-L", "8080:c:2"}, "c:2 over ssh to b"},
		"of the command": {[]string{"ssh", "b", "x", "-L", "8080:c:2"}, "the other end of its connection over ssh to b"},
		"configuration":  {[]string{"ssh", "tunnel"}, "the other end of its connection over ssh to tunnel"},
		"mux":            {[]string{"ssh: /home/ana/.ssh/ctl [mux]", ""}, "the other end of its ssh connection"},
		"kubectl":        {[]string{"kubectl", "-n", "shop", "port-forward", "svc/web", "8080:80"}, "svc/web:80 in namespace shop"},
		"kubectl, one":   {[]string{"kubectl", "port-forward", "--namespace=shop", "pod/web", "8080"}, "pod/web:8080 in namespace shop"},
		"kubectl proxy":  {[]string{"kubectl", "proxy", "--port=8080"}, ""},
		"socat":          {[]string{"socat", "-d", "-d", "TCP-LISTEN:8080,fork", "TCP:db:80"}, "db:80"},
		"socat, turned":  {[]string{"socat", "TCP:db:80,nodelay", "tcp-listen:8080"}, "db:80"},
		"socat, unix":    {[]string{"socat", "TCP4-LISTEN:8080", "UNIX-CONNECT:/run/d.sock"}, "/run/d.sock"},
		"socat, exec":    {[]string{"socat", "TCP-LISTEN:8080", "EXEC:/bin/cat"}, ""},
		"wsl":            {[]string{`C:\Windows\System32\wslrelay.exe`}, "a server in WSL"},
		"code tunnel":    {[]string{"/usr/bin/code-tunnel", "tunnel"}, "another machine or a container that VS Code is connected to"},
		"sshd -R":        {[]string{"sshd: ana"}, "the ssh client of ana"},
		"sshd":           {[]string{"sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"}, ""},
		"scp":            {[]string{"scp", "-L", "8080:a:1", "b"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := proc(90, 1, tt.command...)
			if strings.HasPrefix(name, "sshd") {
				p.Name = "sshd"
			}
			if name == "mux" {
				p = withExe(named(p, "ssh"), "/usr/bin/ssh")
			}
			managers := attach(machine(1000, []host.Process{p}, 90))
			got := ""
			for _, m := range managers {
				if m.Kind == host.ManagerForwarder {
					got = m.Forwards
				}
			}
			if got != tt.want {
				t.Errorf("forwards to %q, want %q", got, tt.want)
			}
		})
	}
	autossh := attach(machine(1000, []host.Process{proc(50, 1, "autossh", "-M0", "b"), proc(90, 50, "ssh", "-L", "8080:a:1", "b")}, 90))
	if len(autossh) != 1 || autossh[0].PID != 50 || autossh[0].Restarts == nil {
		t.Errorf("autossh: %+v", autossh)
	}
}

// FuzzAbove builds a line of processes from what the fuzzer makes of command
// lines. Whatever they say, a command that stops something is whole, and ends
// in what the supervisor calls it.
func FuzzAbove(f *testing.F) {
	for _, seed := range []string{
		"node\x00--watch\x00a.js", "ssh\x00-fNL8080:a:1\x00b", "ssh: /x [mux]\x00\x00", pm2Title + "\x00", "socat\x00TCP-LISTEN:1\x00TCP:a:1",
		"kubectl\x00port-forward\x00a\x001:2", "python3\x00-m\x00uvicorn\x00--reload", "sshd: a@b", "bazel(x)\x00--workspace_directory=/y", "runsv\x00x", "\x00", "", "-",
	} {
		f.Add(seed, "web", "node")
	}
	f.Fuzz(func(t *testing.T, line, task, exe string) {
		command := strings.Split(line, "\x00")
		parent := withExe(proc(50, 1, command...), exe)
		child := withExe(proc(90, 50, command...), exe)
		snap := machine(1000, []host.Process{parent, child}, 50, 90)
		Attach(snap, Known{Tasks: Tasks{90: {Supervisor: 50, Name: task, Config: "/c"}, 50: {Supervisor: 50, Name: task, Config: "/c"}}})
		for _, m := range snap.Sockets[0].Managers {
			if m.Name == "" || m.Evidence == "" {
				t.Errorf("%+v of %q", m, line)
			}
			if slices.Contains(m.Stop, "") || slices.Contains(m.Stop, "all") || slices.Contains(m.Stop, "*") {
				t.Errorf("%q of %q", m.Stop, line)
			}
			if m.Kind == host.ManagerForwarder && m.Forwards == "" {
				t.Errorf("%+v forwards nowhere", m)
			}
		}
	})
}
