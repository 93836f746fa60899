package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func timeWait(v *view) (report.Cause, bool) {
	blockers := only(v.waiting, v.blocking())
	confidence := report.Certain
	if len(blockers) == 0 {
		// Without the dead socket's options it may be in the way or not.
		for _, verdict := range v.verdicts {
			blockers = append(blockers, verdict.Maybe...)
		}
		blockers = distinct(only(v.waiting, setOf(blockers)))
		confidence = report.Possible
	}
	if len(blockers) == 0 {
		return report.Cause{}, false
	}
	cause := report.Cause{
		ID:         CauseTimeWait,
		Confidence: confidence,
		Summary:    fmt.Sprintf("%s of a closed connection is left in TIME_WAIT; the port is free in %s", addressList(blockers), untilFree(blockers)),
		Evidence:   map[string]any{"sockets": ids(blockers), "connections": len(blockers)},
		Remedies: []report.Remedy{
			{Summary: fmt.Sprintf("wait %s", untilFree(blockers)), Command: []string{}},
			{Summary: "set SO_REUSEADDR in the server: the old socket's flag counts as well as the new one's, so it helps from the next restart on", Command: []string{}},
		},
	}
	for _, s := range blockers {
		if s.ExpiresMS != nil {
			longest, _ := cause.Evidence["expires_ms"].(uint32)
			cause.Evidence["expires_ms"] = max(longest, *s.ExpiresMS)
		}
	}
	return cause, true
}

func setOf(sockets []*host.Socket) map[*host.Socket]bool {
	set := make(map[*host.Socket]bool, len(sockets))
	for _, s := range sockets {
		set[s] = true
	}
	return set
}

// distinct drops repetitions and keeps the order.
func distinct(sockets []*host.Socket) []*host.Socket {
	seen := make(map[*host.Socket]bool, len(sockets))
	var out []*host.Socket
	for _, s := range sockets {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
