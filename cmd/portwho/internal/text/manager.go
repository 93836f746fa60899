package text

import (
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// chargeCell names what is in charge of a row, nearest only. A master is part
// of the server itself, so it stands here only where nothing else does.
func chargeCell(sockets []*report.Socket) term.Text {
	for _, s := range sockets {
		for _, m := range s.Managers {
			if m.Kind != host.ManagerMaster {
				return term.Clean(managerName(m))
			}
		}
		if len(s.Managers) > 0 {
			return term.Clean(managerName(s.Managers[0]))
		}
	}
	return term.Text{}
}

// chargePhrase continues a holder's name in a sentence: " in container web",
// " of nginx.service". A shell job says nothing that the holder does not.
func chargePhrase(sockets []*report.Socket) term.Text {
	for _, s := range sockets {
		for _, m := range s.Managers {
			switch m.Kind {
			case host.ManagerContainer:
				return term.Cleanf(" in %s", managerName(m))
			case host.ManagerUnit:
				return term.Cleanf(" of %s", managerName(m))
			case host.ManagerSupervisor, host.ManagerWatcher:
				return term.Cleanf(" under %s", managerName(m))
			}
		}
	}
	for _, s := range sockets {
		for _, m := range s.Managers {
			if isSocketUnit(m) {
				return term.Cleanf(" for %s", m.Name)
			}
		}
	}
	return term.Text{}
}

// isSocketUnit reports whether a manager is a socket unit with a name.
func isSocketUnit(m host.Manager) bool {
	return m.Kind == host.ManagerSocketUnit && strings.HasSuffix(m.Name, ".socket")
}

// managerName writes a manager the way a person speaks of it.
func managerName(m host.Manager) string {
	switch m.Kind {
	case host.ManagerContainer:
		return "container " + m.Name
	case host.ManagerSocketUnit:
		if !isSocketUnit(m) {
			return m.Name + " socket unit"
		}
	case host.ManagerMaster:
		if m.Name != "" {
			return m.Name + " master"
		}
	case host.ManagerForwarder:
		if m.Name != "" {
			return m.Name + " forwarding"
		}
	case host.ManagerUnit, host.ManagerInit, host.ManagerShell, host.ManagerSupervisor, host.ManagerWatcher, host.ManagerDaemon, host.ManagerSession:
	default:
		return strings.TrimSpace(strings.ReplaceAll(string(m.Kind), "_", " ") + " " + m.Name)
	}
	if m.Name == "" {
		return strings.ReplaceAll(string(m.Kind), "_", " ")
	}
	return m.Name
}

// chain lists all managers of a socket, nearest first.
func chain(s *report.Socket) term.Text {
	names := make([]string, len(s.Managers))
	for i, m := range s.Managers {
		names[i] = managerName(m)
	}
	return term.Clean(strings.Join(names, ", then "))
}
