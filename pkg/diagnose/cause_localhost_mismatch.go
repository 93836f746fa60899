package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/report"
)

// localhostMismatch finds that the first address of localhost has no server
// while another one has. Most clients then try the next address, and not all.
func localhostMismatch(v *view) (report.Cause, bool) {
	var first, other *answer
	for _, a := range v.answers() {
		switch {
		case a.destination == localhost:
			first = &a
		case other == nil && a.answered() && len(a.sockets) > 0:
			other = &a
		}
	}
	if first == nil || first.answered() || other == nil {
		return report.Cause{}, false
	}
	return report.Cause{
		ID:         CauseLocalhostMismatch,
		Confidence: report.Likely,
		Summary: fmt.Sprintf("localhost means %s first, where nobody answers; write %s, unless the client tries both",
			first.address, other.address),
		Evidence: map[string]any{"localhost": first.address.String(), "answers": other.address.String(), "sockets": ids(other.sockets)},
		Remedies: []report.Remedy{}, // the summary says it in fewer words
	}, true
}
