package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func leftoverConnection(v *view) (report.Cause, bool) {
	var blockers []*host.Socket
	for _, s := range only(v.linked, v.blocking()) {
		// With a listener there, the connection is its business.
		if !v.hasListener(s) && s.HolderStatus != host.HoldersNone && outgoing(v, s) == no {
			blockers = append(blockers, s)
		}
	}
	if len(blockers) == 0 {
		return report.Cause{}, false
	}
	s := blockers[0]
	name, plural := who(v.snap, blockers...)
	return report.Cause{
		ID: CauseLeftoverConnection,
		// The kernel does not say who opened a connection; the two port
		// numbers tell it.
		Confidence: report.Likely,
		Summary: fmt.Sprintf("%s still %s a connection with %s (%s) that a server on this port accepted, and nothing listens any more",
			name, verb("has", "have", plural), s.Remote, s.State),
		Evidence: map[string]any{"sockets": ids(blockers), "remote": s.Remote.String(), "state": string(s.State)},
		Remedies: []report.Remedy{
			{Summary: "wait for the connection to end, or end the program that has it", Command: []string{}},
			{Summary: "set SO_REUSEADDR in the server: the old socket's flag counts as well as the new one's, so it helps from the next restart on", Command: []string{}},
		},
	}, true
}

// hasListener reports whether a listener on the port could have accepted the
// connection.
func (v *view) hasListener(s *host.Socket) bool {
	for _, l := range v.serving {
		if l.Local.Addr() == s.Local.Addr() || l.Local.Addr().IsUnspecified() {
			return true
		}
	}
	return false
}
