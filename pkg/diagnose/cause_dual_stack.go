package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func dualStack(v *view) (report.Cause, bool) {
	s, c, found := v.firstMeeting(func(c host.Candidate, e *host.Socket) bool {
		return c.Local.Addr().Unmap().Is4() != e.Local.Addr().Unmap().Is4()
	})
	if !found {
		return report.Cause{}, false
	}
	cause := report.Cause{
		ID:         CauseDualStack,
		Confidence: report.Certain,
		Evidence:   map[string]any{"sockets": []string{s.ID}, "candidate": c.Local.String()},
	}
	if s.Local.Addr().Is6() {
		cause.Summary = fmt.Sprintf("the socket on %s is dual stack: it takes IPv4 as well, so %s meets it", s.Local.Addr(), c.Local.Addr())
		cause.Remedies = []report.Remedy{{
			Summary: "let the program that holds it bind 0.0.0.0 or an address, or set IPV6_V6ONLY there",
			Command: []string{},
		}}
	} else {
		cause.Summary = fmt.Sprintf("a new server on :: is dual stack unless it sets IPV6_V6ONLY, so it meets the socket on %s", s.Local.Addr())
		cause.Remedies = []report.Remedy{{
			Summary: "set IPV6_V6ONLY in the new server, or bind ::1",
			Command: []string{},
		}}
	}
	return cause, true
}
