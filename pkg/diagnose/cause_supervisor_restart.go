package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// supervisorRestart says that ending the process frees the port for a moment
// only: something starts it again. It is certain where the policy that says so
// was read.
func supervisorRestart(v *view) (report.Cause, bool) {
	blocking := v.blocking()
	for _, s := range append(only(v.serving, blocking), only(v.bound, blocking)...) {
		m := restarter(s)
		if m == nil {
			continue
		}
		name, plural := who(v.snap, s)
		when := "when " + verb("it ends", "they end", plural)
		policy := ""
		if m.Kind == host.ManagerWatcher && m.Policy != "" {
			when = m.Policy
		} else if m.Policy != "" {
			policy = " (" + m.Policy + ")"
		}
		cause := report.Cause{
			ID:         CauseSupervisorRestart,
			Confidence: report.Likely,
			Summary:    fmt.Sprintf("%s starts %s again %s%s: stop %s instead", managerWords(m), name, when, policy, managerWords(m)),
			Evidence:   map[string]any{"sockets": []string{s.ID}, "manager": m.Name, "read_from": m.Evidence},
			Remedies:   []report.Remedy{},
		}
		if m.Policy != "" {
			cause.Confidence = report.Certain
			cause.Evidence["policy"] = m.Policy
		}
		if m.PID != 0 {
			cause.Evidence["pid"] = m.PID
		}
		if len(m.Stop) > 0 {
			cause.Remedies = append(cause.Remedies, report.Remedy{Summary: "stop " + m.Name, Command: m.Stop})
		} else {
			cause.Remedies = v.stopRemedies([]*host.Socket{s})
		}
		return cause, true
	}
	return report.Cause{}, false
}

// restarter is what starts the holder of a socket again: the nearest that has a
// command to stop it, else the nearest; nil where nothing is known to.
func restarter(s *host.Socket) *host.Manager {
	var first *host.Manager
	for i := range s.Managers {
		m := &s.Managers[i]
		if m.Restarts == nil || !*m.Restarts {
			continue
		}
		if len(m.Stop) > 0 {
			return m
		}
		if first == nil {
			first = m
		}
	}
	return first
}

// managerWords writes a manager as the subject of a sentence.
func managerWords(m *host.Manager) string {
	switch m.Kind {
	case host.ManagerContainer:
		return "the engine of container " + m.Name
	case host.ManagerUnit, host.ManagerSocketUnit:
		return "systemd (" + m.Name + ")"
	}
	if m.PID != 0 {
		return fmt.Sprintf("%s (pid %d)", m.Name, m.PID)
	}
	return m.Name
}
