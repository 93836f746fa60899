package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func backlog(v *view) (report.Cause, bool) {
	waiting := v.unaccepted()
	if len(waiting) == 0 {
		return report.Cause{}, false
	}
	pids := pidsVia(waiting, host.ViaBacklog)
	name, _ := whoAre(v.snap, pids)
	n := len(waiting)
	cause := report.Cause{
		ID:         CauseBacklog,
		Confidence: report.Certain,
		Summary: fmt.Sprintf("%d %s from %s %s for %s to accept %s",
			n, verb("connection", "connections", n > 1), waiting[0].Remote.Addr(), verb("waits", "wait", n > 1), name, verb("it", "them", n > 1)),
		Evidence: map[string]any{"sockets": ids(waiting), "pids": pids, "remote": waiting[0].Remote.String()},
		Remedies: []report.Remedy{{
			Summary: "let the server accept, or end it: what waits for it is reset then and keeps no port",
			Command: []string{},
		}},
	}
	if n > 1 {
		cause.Summary = fmt.Sprintf("%d connections wait for %s to accept them, the first from %s", n, name, waiting[0].Remote.Addr())
	}
	if len(pids) > 1 {
		cause.Confidence = report.Likely // one of them has it in its queue
	}
	return cause, true
}

// unaccepted are the connections that wait in the queue of a listener and are,
// or may be, in the way.
func (v *view) unaccepted() []*host.Socket {
	near := v.blocking()
	for _, verdict := range v.verdicts {
		for _, s := range verdict.Maybe {
			near[s] = true
		}
	}
	var out []*host.Socket
	for _, s := range only(v.linked, near) {
		if isUnaccepted(s) {
			out = append(out, s)
		}
	}
	return out
}

// isUnaccepted reports whether a connection waits in the queue of a listener.
func isUnaccepted(s *host.Socket) bool {
	return len(pidsVia([]*host.Socket{s}, host.ViaBacklog)) > 0
}
