package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// seccomp blames a filter of system calls, which may answer with any errno. It
// is asked before the kernel looks at the arguments, so what it says to a bind
// of no descriptor tells it apart from everything else.
func seccomp(v *view) (report.Cause, bool) {
	c := v.confinement()
	evidence := map[string]any{"seccomp": c.Seccomp}
	if c.NoNewPrivileges != nil {
		evidence["no_new_privileges"] = *c.NoNewPrivileges
	}
	if c.BindFilter != host.OK {
		if refused := v.refusedWith("bind", c.BindFilter); len(refused) > 0 {
			evidence["bind_filter"] = string(c.BindFilter)
			return v.policy(CauseSeccomp, report.Certain, refused,
				fmt.Sprintf("a filter of system calls (seccomp) answers %s to every bind of this process", c.BindFilter),
				evidence, v.outside()), true
		}
	}
	if c.Seccomp != "filter" {
		return report.Cause{}, false
	}
	for _, refused := range v.refusals() {
		call := v.callOf(refused)
		switch {
		case call == "socket" || call == "setsockopt":
			return v.policy(CauseSeccomp, report.Likely, []Verdict{refused},
				fmt.Sprintf("this process runs under a filter of system calls (seccomp), which can refuse %s()", call),
				evidence, v.outside()), true
		case refused.Errno != host.EADDRINUSE && refused.Errno != host.EADDRNOTAVAIL && c.BindFilter == host.OK:
			return v.policy(CauseSeccomp, report.Possible, []Verdict{refused},
				"this process runs under a filter of system calls (seccomp); it does not refuse every bind, but it can refuse some",
				evidence, v.outside()), true
		}
	}
	return report.Cause{}, false
}
