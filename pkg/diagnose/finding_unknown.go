package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/report"
)

// unknownFinding says that it could not be told whether the port can be bound.
func unknownFinding(_ *checker, w *wanted) (report.Finding, bool) {
	f := report.Finding{ID: report.FindingUnknown, Severity: report.SeverityError}
	switch {
	case !w.judged():
		return f, false
	case w.result == nil:
		f.Summary = fmt.Sprintf("%s on %s was not checked: names are not looked up", w.name(), w.address)
		f.Remedies = []report.Remedy{{Summary: "write an address of this machine" + w.at()}}
		return f, true
	case w.result.Status != report.StatusUnknown:
		return f, false
	}
	f.Summary = w.result.Summary
	return explained(f, w.result, func(id report.CauseID) bool { return !isOdd(id) }), true
}
