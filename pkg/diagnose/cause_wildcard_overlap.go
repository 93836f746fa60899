package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func wildcardOverlap(v *view) (report.Cause, bool) {
	s, c, found := v.firstMeeting(func(c host.Candidate, e *host.Socket) bool {
		cAddr, eAddr := c.Local.Addr(), e.Local.Addr()
		return cAddr != eAddr && cAddr.Is4() == eAddr.Is4() && (cAddr.IsUnspecified() || eAddr.IsUnspecified())
	})
	if !found {
		return report.Cause{}, false
	}
	wide, narrow := c.Local.Addr(), s.Local.Addr()
	if narrow.IsUnspecified() {
		wide, narrow = narrow, wide
	}
	cause := report.Cause{
		ID:         CauseWildcardOverlap,
		Confidence: report.Certain,
		Summary:    fmt.Sprintf("%s means every address, so it includes %s", wide, narrow),
		Evidence:   map[string]any{"sockets": []string{s.ID}, "wildcard": wide.String(), "address": narrow.String()},
		Remedies:   []report.Remedy{},
	}
	if bindsByItself(s) {
		cause.Remedies = append(cause.Remedies, report.Remedy{
			Summary: "let each program bind a specific address of its own, and they can share the port number",
			Command: []string{},
		})
	}
	return cause, true
}

// bindsByItself reports whether a program chose the address of the socket and
// could choose another. Nobody does for a connection: it ends, or is waited for.
func bindsByItself(s *host.Socket) bool { return s.Serves() || s.State == host.StateBound }

// firstMeeting finds a candidate and one of its blockers that stand in the
// given relation.
func (v *view) firstMeeting(related func(host.Candidate, *host.Socket) bool) (*host.Socket, host.Candidate, bool) {
	for _, verdict := range v.verdicts {
		for _, e := range verdict.Blockers {
			if related(verdict.Candidate, e) {
				return e, verdict.Candidate, true
			}
		}
	}
	return nil, host.Candidate{}, false
}
