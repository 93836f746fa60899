package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/report"
)

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
