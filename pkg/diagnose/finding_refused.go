package diagnose

import "github.com/portwho/portwho/pkg/report"

// refusedFinding says that the kernel refuses the bind for another reason.
func refusedFinding(_ *checker, w *wanted) (report.Finding, bool) {
	if !w.judged() || w.result == nil || inUse(w.result) || hasCause(w.result, CausePrivilegedPort) || notLocal(w.result) {
		return report.Finding{}, false
	}
	switch w.result.Status {
	case report.StatusFree, report.StatusUnknown:
		return report.Finding{}, false
	}
	return explained(report.Finding{ID: report.FindingRefused, Severity: report.SeverityError, Summary: w.result.Summary}, w.result,
		func(id report.CauseID) bool { return !isOdd(id) }), true
}
