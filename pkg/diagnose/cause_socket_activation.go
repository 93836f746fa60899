package diagnose

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// socketActivation says that systemd itself holds the socket, so that stopping
// the service leaves the port taken and a connection starts the service again.
func socketActivation(v *view) (report.Cause, bool) {
	for _, s := range only(v.serving, v.blocking()) {
		for i := range s.Managers {
			if m := &s.Managers[i]; m.Kind == host.ManagerSocketUnit {
				kind := managerOfSystem
				if strings.Contains(m.Name, "--user") {
					kind = managerOfUser
				}
				return activated(s, m, kind), true
			}
		}
		for _, h := range s.Holders {
			if kind := systemdKind(v.snap.Process(h.PID)); kind != "" {
				return activated(s, nil, kind), true
			}
		}
	}
	return report.Cause{}, false
}

func activated(s *host.Socket, m *host.Manager, kind string) report.Cause {
	cause := report.Cause{
		ID:         CauseSocketActivation,
		Confidence: report.Certain,
		Summary:    "systemd holds the socket and starts a service when somebody connects; stopping the service does not free the port",
		Evidence:   map[string]any{"sockets": []string{s.ID}},
		Remedies:   []report.Remedy{},
	}
	systemctl := []string{"systemctl"}
	if kind == managerOfUser {
		systemctl = append(systemctl, "--user")
	}
	if m != nil {
		cause.Evidence["unit"] = m.Name
		cause.Evidence["read_from"] = m.Evidence
		if isSocketUnit(*m) {
			cause.Summary = fmt.Sprintf("systemd holds the socket for %s; stopping the service does not free the port", m.Name)
		}
		if len(m.Stop) > 0 {
			cause.Remedies = append(cause.Remedies, report.Remedy{Summary: "stop " + stopped(m), Command: m.Stop})
		}
		if len(m.Stop) > 0 || isSocketUnit(*m) {
			return cause
		}
	}
	cause.Remedies = append(cause.Remedies,
		report.Remedy{Summary: "see which unit it is, and stop that", Command: append(slices.Clone(systemctl), "list-sockets")})
	return cause
}

// The managers that systemd runs.
const (
	managerOfSystem = "system"
	managerOfUser   = "user"
)

// systemdKind tells whether a process is systemd: the machine's, as pid 1, or
// a user's. A name alone can be anybody's; the program's file is not.
func systemdKind(p *host.Process) string {
	switch {
	case p == nil:
	case p.PID == 1 && (p.Name == "systemd" || path.Base(p.Exe) == "systemd"):
		return managerOfSystem
	case path.Base(p.Exe) == "systemd" && slices.Contains(p.Command, "--user"):
		return managerOfUser
	}
	return ""
}
