package diagnose

import "github.com/portwho/portwho/pkg/report"

// shadowedFinding says that the port can be bound and that clients may still
// reach another server, or go where a rule of the packet filter sends them.
func shadowedFinding(_ *checker, w *wanted) (report.Finding, bool) {
	if !w.judged() || w.result == nil || w.result.Status != report.StatusFree {
		return report.Finding{}, false
	}
	for _, c := range w.result.Causes {
		if c.ID == CauseShadowed || c.ID == CauseNATRedirect {
			return report.Finding{
				ID: report.FindingShadowed, Severity: report.SeverityWarning,
				Summary: w.name() + " can be bound, and clients may reach another server: " + c.Summary,
				Causes:  []report.CauseID{c.ID}, Remedies: c.Remedies,
			}, true
		}
	}
	return report.Finding{}, false
}
