package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/report"
)

// CauseBoundNotListening: a socket called bind and does not listen, so most
// tools show nothing while the port is taken.
const CauseBoundNotListening report.CauseID = "bound_not_listening"

func boundNotListening(v *view) (report.Cause, bool) {
	blockers := only(v.bound, v.blocking())
	if len(blockers) == 0 {
		return report.Cause{}, false
	}
	name, plural := who(v.snap, blockers...)
	return report.Cause{
		ID:         CauseBoundNotListening,
		Confidence: report.Certain,
		Summary:    fmt.Sprintf("%s bound %s and %s not listen", name, addressList(blockers), doOrDoes(plural)),
		Evidence:   map[string]any{"sockets": ids(blockers)},
		Remedies:   v.stopRemedies(blockers),
	}, true
}
