package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

func invalidAddress(v *view) (report.Cause, bool) {
	invalid := v.answered(func(verdict Verdict) bool {
		return verdict.Errno == host.EINVAL && !lacksScope(verdict.Candidate)
	})
	if len(invalid) == 0 {
		return report.Cause{}, false
	}
	c := invalid[0].Candidate
	addr := c.Local.Addr()
	cause := report.Cause{
		ID:         CauseInvalidAddress,
		Confidence: report.Certain,
		Summary:    fmt.Sprintf("the kernel binds no such socket to %s", addr),
		Evidence:   map[string]any{"addresses": addressesOf(invalid), "errno": string(host.EINVAL)},
		Remedies:   []report.Remedy{},
	}
	switch {
	case addr.Is4In6() && c.Options.IPv6Only:
		cause.Summary = fmt.Sprintf("%s stands for an IPv4 address, and the socket is for IPv6 only (IPV6_V6ONLY)", addr)
		cause.Remedies = append(cause.Remedies, report.Remedy{Summary: fmt.Sprintf("bind %s by an IPv4 socket, or leave IPV6_V6ONLY off", addr.Unmap()), Command: []string{}})
	case addr.IsMulticast() && v.protocol == port.TCP:
		cause.Summary = fmt.Sprintf("%s is a multicast address, and the kernel binds no TCP socket to an IPv6 one", addr)
		cause.Remedies = append(cause.Remedies, report.Remedy{Summary: "bind an address of this machine, or use UDP", Command: []string{}})
	}
	return cause, true
}
