package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// forwarderCause says that the holder only passes on what arrives: nobody
// serves the port here, and ending the tunnel may cost a person more than the
// port.
func forwarderCause(v *view) (report.Cause, bool) {
	for _, s := range only(v.serving, v.blocking()) {
		for i := range s.Managers {
			m := &s.Managers[i]
			if m.Kind != host.ManagerForwarder || m.Forwards == "" {
				continue
			}
			name, plural := who(v.snap, s)
			cause := report.Cause{
				ID:         CauseForwarder,
				Confidence: report.Certain,
				Summary:    fmt.Sprintf("%s %s the port to %s; nobody serves it here", name, verb("forwards", "forward", plural), m.Forwards),
				Evidence:   map[string]any{"sockets": []string{s.ID}, "forwards": m.Forwards, "read_from": m.Evidence},
				Remedies:   []report.Remedy{},
			}
			if isEditor(m.Name) {
				// What it is told by is the program, and no argument.
				cause.Confidence = report.Likely
			}
			if len(m.Stop) > 0 {
				cause.Remedies = append(cause.Remedies, report.Remedy{Summary: "end the forwarding", Command: m.Stop})
			} else {
				cause.Remedies = v.stopRemedies([]*host.Socket{s})
			}
			return cause, true
		}
	}
	return report.Cause{}, false
}

// isEditor reports whether a forwarder is the tunnel of an editor.
func isEditor(name string) bool {
	switch name {
	case "VS Code", "Cursor", "Windsurf":
		return true
	}
	return false
}
