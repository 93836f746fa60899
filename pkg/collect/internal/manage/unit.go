package manage

import (
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

// unit names the service of a place. The process is nil where only the
// socket's cgroup is known.
func (v *view) unit(p place, process *host.Process, evidence string) []host.Manager {
	if p.unit == "" || onlyStarts(p.unit, process) {
		return nil
	}
	if isEngine(p.unit) && len(p.containers) > 0 {
		return nil // it runs the container and is not in charge of this port
	}
	m := host.Manager{Kind: host.ManagerUnit, Name: unescape(p.unit), Evidence: evidence}
	if m.Name != p.unit {
		m.ID = p.unit
	}
	if !p.outside && !isEngine(p.unit) {
		m.Stop = v.stopUnit(p)
	}
	return []host.Manager{m}
}

func (v *view) stopUnit(p place) []string {
	if !p.userUnit {
		return []string{"systemctl", "stop", p.unit}
	}
	viewer := v.snap.Viewer.UID
	if viewer == nil || *viewer == *p.owner {
		return []string{"systemctl", "--user", "stop", p.unit}
	}
	// Another user's manager is reached by the user's name (systemctl(1),
	// --machine, since systemd 248).
	if name := v.snap.Users[*p.owner]; isPlainName(name) {
		return []string{"systemctl", "--user", "--machine=" + name + "@.host", "stop", p.unit}
	}
	return nil
}

// isPlainName reports whether a user name is one that a command line takes
// without surprises.
func isPlainName(name string) bool {
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return name != "" && name[0] != '-'
}

// isEngine reports whether the unit runs containers. Stopping it to free one
// port would stop every container, or leave them without their engine.
func isEngine(unit string) bool {
	switch strings.TrimSuffix(unit, ".service") {
	case "docker", "containerd", "podman", "crio", "cri-o", "kubelet", "k3s", "k3s-agent", "rke2-server", "rke2-agent", "lxd", "incus":
		return true
	}
	return false
}

// onlyStarts reports whether the unit is one that starts programs for people
// without being in charge of them afterwards: stopping ssh.service or
// cron.service leaves what they started (KillMode=process). They are in charge
// of their own program alone.
func onlyStarts(unit string, process *host.Process) bool {
	base, _, _ := strings.Cut(strings.TrimSuffix(unit, ".service"), "@")
	var own string
	switch base {
	case "ssh", "sshd":
		own = "sshd"
	case "cron", "crond":
		own = base
	case "atd":
		own = "atd"
	case "getty", "serial-getty", "console-getty", "container-getty":
	default:
		return false
	}
	return process == nil || own == "" || process.Name != own
}

// socketUnit recognises systemd holding a socket for a service that it starts
// on demand (systemd.socket(5)). Which socket unit it is the snapshot does not
// tell, so there is no command.
func socketUnit(p *host.Process) (host.Manager, bool) {
	if p.Name != "systemd" {
		return host.Manager{}, false
	}
	m := host.Manager{Kind: host.ManagerSocketUnit, Name: "systemd", Evidence: "process 1 is systemd and holds the socket itself"}
	switch {
	case p.PID == 1:
		return m, true
	case p.PPID == 1 && strings.HasSuffix(p.Cgroup, "/init.scope"):
		m.Name = "systemd --user"
		m.Evidence = "the user's systemd holds the socket itself, cgroup: " + p.Cgroup
		return m, true
	}
	return host.Manager{}, false
}
