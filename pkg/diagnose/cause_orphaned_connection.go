package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func orphanedConnection(v *view) (report.Cause, bool) {
	blockers := orphans(only(v.linked, v.blocking()))
	confidence := report.Certain
	if len(blockers) == 0 {
		// Without the dead socket's options it may be in the way or not.
		for _, verdict := range v.verdicts {
			if verdict.Errno == host.ErrnoUnknown {
				blockers = append(blockers, orphans(verdict.Maybe)...)
			}
		}
		blockers = distinct(blockers)
		confidence = report.Possible
	}
	if len(blockers) == 0 {
		return report.Cause{}, false
	}
	s := blockers[0]
	left := ""
	if by := v.creator(s); by != "" {
		left = ", left by " + by
	}
	cause := report.Cause{
		ID:         CauseOrphanedConnection,
		Confidence: confidence,
		Summary: fmt.Sprintf("no process holds the connection with %s any more%s; the kernel still delivers the rest of it (%s)",
			s.Remote, left, s.State),
		Evidence: map[string]any{"sockets": ids(blockers), "remote": s.Remote.String(), "state": string(s.State)},
		Remedies: []report.Remedy{
			{Summary: "wait until the other end has answered, or the kernel gives up (net.ipv4.tcp_orphan_retries); there is no process to stop", Command: []string{}},
			{Summary: "set SO_REUSEADDR in the server: the old socket's flag counts as well as the new one's, so it helps from the next restart on", Command: []string{}},
		},
	}
	if s.UID != nil {
		cause.Evidence["uid"] = *s.UID
	}
	if s.Cgroup != "" {
		cause.Evidence["cgroup"] = s.Cgroup
	}
	return cause, true
}

// orphans keeps the connections that their process has closed.
func orphans(sockets []*host.Socket) []*host.Socket {
	var out []*host.Socket
	for _, s := range sockets {
		if isOrphan(s) {
			out = append(out, s)
		}
	}
	return out
}

// isOrphan reports whether a connection lives on in the kernel alone. These
// are the states that close(2) leads to (tcp_close_state in net/ipv4/tcp.c).
func isOrphan(s *host.Socket) bool {
	if s.HolderStatus != host.HoldersNone || s.Inode != 0 || isTimeWait(s) {
		return false
	}
	switch s.State {
	case host.StateFinWait1, host.StateFinWait2, host.StateClosing, host.StateLastAck:
		return true
	}
	return false
}
