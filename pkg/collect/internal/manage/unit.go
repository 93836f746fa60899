package manage

import (
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

// unit names the service of a place. The process is nil where only the
// socket's cgroup is known.
func (v *view) unit(p place, process *host.Process, s *host.Socket, evidence string) []host.Manager {
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
	cgroup := s.Cgroup
	if process != nil {
		cgroup = process.Cgroup
	}
	c := v.controlOf(&m, p, process, cgroup)
	switch {
	case p.outside || isEngine(p.unit):
	case c.why != "":
		m.Evidence += "; " + c.why
	default:
		m.Stop = v.systemctl(p, "stop", c.units)
		if m.Stop != nil && c.starts {
			m.Start = v.systemctl(p, "start", c.units)
		}
	}
	out := []host.Manager{m}
	if held, ok := v.socketUnitByService(s, p); ok {
		out = append(out, held)
	}
	return out
}

// systemctl is the command that does something to units of the manager that a
// place belongs to; nil where that cannot be reached.
func (v *view) systemctl(p place, verb string, units []string) []string {
	viewer := v.snap.Viewer.UID
	command := []string{"systemctl"}
	switch {
	case p.owner == nil && (viewer == nil || *viewer == 0):
	case p.owner == nil:
		command = []string{"sudo", "systemctl"}
	case viewer == nil || *viewer == *p.owner:
		command = append(command, "--user")
	default:
		// Another user's manager is reached by the user's name (systemctl(1),
		// --machine, since systemd 248).
		name := v.snap.Users[*p.owner]
		if !isPlainName(name) {
			return nil
		}
		command = append(command, "--user", "--machine="+name+"@.host")
	}
	return append(append(command, verb), units...)
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
