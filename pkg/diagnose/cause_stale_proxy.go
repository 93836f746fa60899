package diagnose

import (
	"fmt"
	"time"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// settled is how long a forwarder has been there before its engine, which
// starts it before the container, must know the container.
const settled = 10 * time.Second

// isStale reports whether a container is one that its engine does not run.
func isStale(m *host.Manager) bool { return m.Container != nil && m.Container.Gone }

// staleProxy finds a forwarder of a container that is gone: the engine has
// answered and runs no container at the address that the forwarder serves.
func staleProxy(v *view) (report.Cause, bool) {
	for _, s := range v.serving {
		for i := range s.Managers {
			m := &s.Managers[i]
			if m.Kind != host.ManagerContainer || !isStale(m) {
				continue
			}
			name, plural := who(v.snap, s)
			cause := report.Cause{
				ID:         CauseStaleProxy,
				Confidence: v.staleness(s),
				Summary: fmt.Sprintf("%s %s the port to %s, and %s runs no container there",
					name, verb("forwards", "forward", plural), m.Forwards, m.Container.Engine),
				Evidence: map[string]any{"sockets": []string{s.ID}, "pids": pidsOf(s), "forwards": m.Forwards, "read_from": m.Evidence},
				Remedies: []report.Remedy{{
					Summary: "restart Docker (that restarts its containers too, unless live-restore is on)",
					Command: []string{"sudo", "systemctl", "restart", "docker"},
				}},
			}
			return cause, true
		}
	}
	return report.Cause{}, false
}

// staleness says how sure it is. The engine that started the forwarder must be
// the one that answered, and must have had the time to start the container;
// the engine of a forwarder that was left behind may be another that is down.
func (v *view) staleness(s *host.Socket) report.Confidence {
	for _, pid := range pidsOf(s) {
		p := v.snap.Process(pid)
		if p == nil || v.snap.TakenAt.Sub(p.StartTime) < settled {
			return report.Likely
		}
		if parent := v.snap.Process(p.PPID); parent == nil || parent.Name != "dockerd" {
			return report.Likely
		}
	}
	return report.Certain
}
