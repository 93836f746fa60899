package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/report"
)

func listener(v *view) (report.Cause, bool) {
	blockers := only(v.serving, v.blocking())
	if len(blockers) == 0 {
		return report.Cause{}, false
	}
	name, plural := who(v.snap, blockers...)
	return report.Cause{
		ID:         CauseListener,
		Confidence: report.Certain,
		Summary:    fmt.Sprintf("%s %s on %s", name, v.serveVerb(plural), addressList(blockers)),
		Evidence:   map[string]any{"sockets": ids(blockers)},
		Remedies:   v.stopRemedies(blockers),
	}, true
}
