package diagnose

import (
	"fmt"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// containerPublished says that what holds the port belongs to a container: its
// engine forwards the port, or a program in it shares the machine's network.
func containerPublished(v *view) (report.Cause, bool) {
	for _, s := range only(v.serving, v.blocking()) {
		for i := range s.Managers {
			m := &s.Managers[i]
			if m.Kind != host.ManagerContainer {
				continue
			}
			cause := report.Cause{
				ID:         CauseContainerPublished,
				Confidence: report.Certain,
				Summary:    fmt.Sprintf("container %s holds the port: stop the container, not its process", m.Name),
				Evidence:   map[string]any{"sockets": []string{s.ID}, "container": m.Name, "read_from": m.Evidence},
				Remedies:   []report.Remedy{},
			}
			if m.ID != "" {
				cause.Evidence["container_id"] = m.ID
			}
			if isAddress(m.Name) || strings.HasPrefix(m.Name, "behind ") {
				cause.Summary = fmt.Sprintf("a container publishes the port (%s); ending what forwards it leaves the container running and cut off", m.Evidence)
			}
			if command := v.managerCommand(m); len(m.Stop) > 0 {
				cause.Remedies = append(cause.Remedies, report.Remedy{Summary: "stop " + m.Name, Command: command})
			} else if len(command) > 0 {
				cause.Remedies = append(cause.Remedies, report.Remedy{Summary: "learn which container it is, and stop that", Command: command})
			}
			return cause, true
		}
	}
	return report.Cause{}, false
}
