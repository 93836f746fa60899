package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

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
		cause.Remedies = v.leaveIPv4(c)
	} else {
		cause.Summary = fmt.Sprintf("a new server on :: is dual stack unless it sets IPV6_V6ONLY, so it meets the socket on %s", s.Local.Addr())
		cause.Remedies = v.leaveIPv6(c, s)
	}
	return cause, true
}

// leaveIPv4 says how the program on :: would leave IPv4 to the candidate, where
// no IPv4 socket is in its way as well.
func (v *view) leaveIPv4(c host.Candidate) []report.Remedy {
	verdict := v.verdict(c, v.sockets)
	if slices.ContainsFunc(slices.Concat(verdict.Blockers, verdict.Maybe), func(e *host.Socket) bool { return e.Local.Addr().Unmap().Is4() }) {
		return []report.Remedy{}
	}
	return []report.Remedy{{
		Summary: "set IPV6_V6ONLY in the program that holds it, or let that bind ::1: IPv4 is free then",
		Command: []string{},
	}}
}

// leaveIPv6 says which binds of IPv6 alone the candidate on :: could do instead:
// those that nothing else is in the way of. What keeps a connection keeps it for
// a while only.
func (v *view) leaveIPv6(c host.Candidate, s *host.Socket) []report.Remedy {
	if !bindsByItself(s) {
		return []report.Remedy{}
	}
	only, loopback := c, c
	only.Options.IPv6Only = true
	loopback.Local = netip.AddrPortFrom(netip.IPv6Loopback(), c.Local.Port())
	var ways []string
	if v.verdict(only, v.sockets).Errno == host.OK {
		ways = append(ways, "set IPV6_V6ONLY in the new server")
	}
	if v.verdict(loopback, v.sockets).Errno == host.OK {
		ways = append(ways, "bind ::1")
	}
	if len(ways) == 0 {
		return []report.Remedy{}
	}
	if len(ways) == 1 && ways[0] == "bind ::1" {
		ways[0] += " in the new server"
	}
	return []report.Remedy{{Summary: strings.Join(ways, ", or "), Command: []string{}}}
}
