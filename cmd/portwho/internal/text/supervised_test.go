package text

import (
	"time"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// supervised is a server that pm2 runs, in a linked work tree.
func supervised() report.Result {
	r := resultOf("3000", 3000, port.TCP, report.StatusTaken, "3000/tcp is taken: node (pid 5120) under pm2 web listens on 0.0.0.0")
	server := report.Holder{
		PID: 5120, Via: host.ViaFD, StartTime: ago(3 * time.Hour), Name: "node", User: "ana",
		Command: []string{"node", "server.js"}, Cwd: "/home/ana/src/shop-fix/web", State: host.ProcessRunning,
		Project: &host.Project{
			Folder: "/home/ana/src/shop-fix/web", Name: "@shop/web", Framework: "next", Manifest: "package.json",
			Repository: "/home/ana/src/shop-fix", Branch: "fix/cart", Worktree: true,
		},
	}
	s := socketOn("tcp/1", "0.0.0.0:3000", host.StateListen, report.ReachAll, server)
	s.User, s.Chain = "ana", []string{"systemd", "pm2-ana.service", "pm2", "node server.js"}
	stop := []string{"env", "PM2_HOME=/home/ana/.pm2", "pm2", "stop", "web"}
	s.Managers = []host.Manager{
		{Kind: host.ManagerSupervisor, Name: "pm2 web", ID: "web", PID: 4100, Stop: stop, Restarts: ptr(true)},
		{Kind: host.ManagerUnit, Name: "pm2-ana.service"},
	}
	r.Sockets = []report.Socket{s}
	r.Binds = fourBinds(port.TCP, "tcp/1",
		"EADDRINUSE", "0.0.0.0 is held, and includes 127.0.0.1",
		"EADDRINUSE", "0.0.0.0 is held",
		"", "nothing is in the way",
		"EADDRINUSE", "0.0.0.0 is held, and :: being dual stack includes it")
	r.Causes = []report.Cause{{
		ID: "listener", Confidence: report.Certain, Summary: "node (pid 5120) listens on 0.0.0.0",
		Remedies: []report.Remedy{{Summary: "stop pm2 web", Command: stop}},
	}, {
		ID: "supervisor_restart", Confidence: report.Likely,
		Summary:  "pm2 web (pid 4100) starts node (pid 5120) again when it ends: stop pm2 web instead",
		Remedies: []report.Remedy{{Summary: "stop pm2 web", Command: stop}},
	}}
	return r
}

// tunnel is an ssh that forwards the port.
func tunnel() report.Result {
	r := resultOf("15432", 15432, port.TCP, report.StatusTaken, "15432/tcp is taken: ssh (pid 6001) listens on 127.0.0.1")
	client := report.Holder{
		PID: 6001, Via: host.ViaFD, StartTime: ago(5 * time.Hour), Name: "ssh", User: "ana",
		Command: []string{"ssh", "-N", "-L", "15432:db:5432", "bastion"}, Cwd: "/home/ana/src/blog", State: host.ProcessRunning,
		Project: &host.Project{Folder: "/home/ana/src/blog", Name: "blog", Repository: "/home/ana/src/blog", Branch: "main", Manifest: "go.mod"},
	}
	s := socketOn("tcp/1", "127.0.0.1:15432", host.StateListen, report.ReachLoopback, client)
	s.User, s.Chain = "ana", []string{"tmux", "zsh", "ssh"}
	s.Managers = []host.Manager{
		{Kind: host.ManagerForwarder, Name: "ssh", PID: 6001, Forwards: "db:5432 over ssh to bastion"},
		{Kind: host.ManagerShell, Name: "zsh job on pts/3", ID: "pts/3"},
		{Kind: host.ManagerSession, Name: "tmux", PID: 990},
	}
	r.Sockets = []report.Socket{s}
	r.Binds = fourBinds(port.TCP, "tcp/1",
		"EADDRINUSE", "127.0.0.1 is held",
		"EADDRINUSE", "127.0.0.1 is held, and 0.0.0.0 includes it",
		"", "nothing is in the way",
		"EADDRINUSE", "127.0.0.1 is held, and :: being dual stack includes it")
	r.Causes = []report.Cause{{
		ID: "listener", Confidence: report.Certain, Summary: "ssh (pid 6001) listens on 127.0.0.1",
	}, {
		ID: "forwarder", Confidence: report.Certain,
		Summary: "ssh (pid 6001) forwards the port to db:5432 over ssh to bastion; nobody serves it here",
	}}
	return r
}
