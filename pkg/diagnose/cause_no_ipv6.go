package diagnose

import (
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// isIPv6Loopback reports whether the verdict is about ::1, which every machine
// has unless IPv6 is off on its loopback interface.
func isIPv6Loopback(verdict Verdict) bool {
	addr := verdict.Candidate.Local.Addr()
	return addr.Is6() && !addr.Is4In6() && addr.IsLoopback()
}

func noIPv6(v *view) (report.Cause, bool) {
	cause := report.Cause{
		ID:         CauseNoIPv6,
		Confidence: report.Certain,
		Remedies:   []report.Remedy{{Summary: "bind an IPv4 address", Command: []string{}}},
	}
	setting := ""
	if without := v.answered(func(verdict Verdict) bool {
		return verdict.Errno == host.EAFNOSUPPORT && verdict.Candidate.Local.Addr().Is6()
	}); len(without) > 0 {
		cause.Summary = "no IPv6 socket can be made here: the kernel runs without IPv6, or a sandbox forbids it"
		cause.Evidence = map[string]any{"addresses": addressesOf(without), "errno": string(host.EAFNOSUPPORT)}
	} else if off := v.answered(func(verdict Verdict) bool {
		return verdict.Errno == host.EADDRNOTAVAIL && isIPv6Loopback(verdict)
	}); len(off) > 0 {
		cause.Summary = "::1 does not exist here: IPv6 is switched off on the loopback interface, or the interface is down"
		cause.Evidence = map[string]any{"addresses": addressesOf(off), "errno": string(host.EADDRNOTAVAIL)}
		setting = "net.ipv6.conf.lo.disable_ipv6=0"
	} else {
		return report.Cause{}, false
	}
	switch {
	case len(v.target.Addresses) == 0:
		// Nobody asked for IPv6; a port is not less free without it.
		cause.Remedies = []report.Remedy{}
	case setting != "" && v.snap.Host.OS == "linux":
		cause.Remedies = append(cause.Remedies, report.Remedy{Summary: "switch it on", Command: []string{"sudo", "sysctl", "-w", setting}})
	}
	return cause, true
}
