package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/report"
)

// privilegedFinding says that the user may not bind the port. An engine that
// publishes it binds it itself, as root in most cases, so there it is no more
// than a note.
func privilegedFinding(c *checker, w *wanted) (report.Finding, bool) {
	if !w.judged() || w.result == nil || inUse(w.result) || !hasCause(w.result, CausePrivilegedPort) {
		return report.Finding{}, false
	}
	f := report.Finding{ID: report.FindingPrivileged, Severity: report.SeverityError, Summary: w.result.Summary}
	f = explained(f, w.result, func(id report.CauseID) bool { return id == CausePrivilegedPort })
	if w.declaration != nil && byEngine(w.declaration) {
		f.Severity = report.SeverityNote
		f.Summary = subjectOf(w.result) + " is held by nobody and for privileged users: a container engine that runs as root can publish it, one that does not cannot"
		f.Remedies = nil // most engines run as root
		if c.linux() {
			f.Remedies = []report.Remedy{{
				Summary: fmt.Sprintf("for an engine without root: let everybody bind ports from %d on, until the next boot", w.ports.First),
				Command: c.asRoot("sysctl", "-w", fmt.Sprintf("net.ipv4.ip_unprivileged_port_start=%d", w.ports.First)),
			}}
		}
	}
	return f, true
}
