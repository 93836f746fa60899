package diagnose

import (
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// addressNotLocalFinding says that the address is none of this machine.
func addressNotLocalFinding(_ *checker, w *wanted) (report.Finding, bool) {
	if !w.judged() || w.result == nil || !notLocal(w.result) {
		return report.Finding{}, false
	}
	return explained(report.Finding{ID: report.FindingAddressNotLocal, Severity: report.SeverityError, Summary: w.result.Summary}, w.result,
		func(id report.CauseID) bool { return !isOdd(id) }), true
}

// notLocal reports whether the binds fail because the machine has no such
// address.
func notLocal(r *report.Result) bool {
	if r.Status != report.StatusUnavailable {
		return false
	}
	for _, b := range r.Binds {
		if b.Errno == host.EADDRNOTAVAIL {
			return true
		}
	}
	return false
}
