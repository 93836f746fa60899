package stopping_test

import (
	"testing"

	"github.com/portwho/portwho/cmd/portwho/internal/component"
	"github.com/portwho/portwho/pkg/host"
)

// supervised are servers that somebody would start again, or that have a
// master.
func supervised(*testing.T, programs) []row {
	yes := []string{"--yes"}
	return []row{
		{
			name: "nodemon", start: starts(component.Nodemon),
			kind: host.ManagerWatcher, charge: "nodemon", level: "watcher", plan: "TERM to 2 × node", flags: yes,
		},
		{
			name: "node --watch", start: starts(component.NodeWatch),
			kind: host.ManagerWatcher, charge: "node --watch", level: "watcher", plan: "TERM to 2 × node", flags: yes,
		},
		{
			name: "pm2", start: starts(component.PM2),
			kind: host.ManagerSupervisor, charge: "pm2 web", level: "supervisor", plan: "`env PM2_HOME=DIR/pm2 pm2 stop web`", flags: yes,
		},
		{
			name: "pm2 in cluster mode", start: starts(component.PM2Cluster),
			kind: host.ManagerSupervisor, charge: "pm2 web", level: "supervisor", plan: "`env PM2_HOME=DIR/pm2 pm2 stop web`", flags: yes,
		},
		{
			name: "supervisord", start: starts(component.Supervisord),
			kind: host.ManagerSupervisor, charge: "supervisord web", level: "supervisor", plan: "`supervisorctl -c DIR/supervisord.conf stop web`", flags: yes,
		},
		{
			name: "runit", start: starts(component.Runit),
			kind: host.ManagerSupervisor, charge: "runit web", level: "supervisor", plan: "`sv stop DIR/web`", flags: yes,
		},
		{
			name: "s6", start: starts(component.S6),
			kind: host.ManagerSupervisor, charge: "s6 web", level: "supervisor", plan: "`s6-svc -d DIR/web`", flags: yes,
		},
		{
			name: "gunicorn", start: starts(component.Gunicorn),
			kind: host.ManagerMaster, charge: "gunicorn", level: "master", plan: "TERM to 3 × gunicorn", flags: yes,
		},
		{
			name: "nginx", start: starts(component.Nginx),
			kind: host.ManagerMaster, charge: "nginx", level: "master", plan: "TERM to 3 × nginx", flags: yes,
		},
	}
}

// forwarders are tunnels: the server is elsewhere, and somebody may need the
// tunnel for more than the port.
func forwarders(*testing.T, programs) []row {
	yes, forwarder := []string{"--yes"}, []string{"--yes", "--forwarder"}
	return []row{
		{
			name: "socat", start: starts(component.Socat),
			kind: host.ManagerForwarder, charge: "socat", level: "process", plan: "TERM to socat",
			refused: "forwarder", asked: yes, flags: forwarder,
		},
		{
			name: "ssh -L", start: starts(component.SSHLocal),
			kind: host.ManagerForwarder, charge: "ssh", level: "process", plan: "TERM to ssh",
			refused: "forwarder", asked: yes, flags: forwarder,
		},
		{
			name: "ssh -R, at its server", start: starts(component.SSHRemote),
			kind: host.ManagerForwarder, charge: "sshd", level: "process", plan: "TERM to sshd",
			refused: "forwarder", asked: yes, flags: forwarder,
		},
	}
}
