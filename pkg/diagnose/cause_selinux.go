package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// selinux blames SELinux where it enforces its policy: it answers EACCES to a
// bind that the policy does not allow (selinux_socket_bind in
// security/selinux/hooks.c).
func selinux(v *view) (report.Cause, bool) {
	c := v.confinement()
	refused := v.refusedWith("", host.EACCES)
	listed := slices.Contains(c.SecurityModules, "selinux")
	enforcing := fromPtr(c.SELinuxEnforcing)
	if len(refused) == 0 || enforcing == no || enforcing == unknown && !listed {
		return report.Cause{}, false
	}
	confidence := report.Likely
	summary := "SELinux is enforcing its policy"
	evidence := map[string]any{}
	if enforcing == unknown {
		confidence, summary = report.Possible, "SELinux is active, and whether it enforces its policy could not be read"
	} else {
		evidence["selinux_enforcing"] = true
	}
	if c.Label != "" {
		evidence["label"] = c.Label
		summary += fmt.Sprintf(", and this process runs as %s", c.Label)
		if strings.Contains(c.Label, ":unconfined_t:") {
			confidence = report.Possible // a domain that is meant to be allowed everything
		}
	}
	return v.policy(CauseSELinux, confidence, refused, summary, evidence,
		report.Remedy{Summary: "see what SELinux refused", Command: []string{"sudo", "ausearch", "-m", "AVC", "-ts", "recent"}},
		report.Remedy{
			Summary: "let programs that may bind TYPE bind this port too (sudo semanage port -l lists the types)",
			Command: []string{"sudo", "semanage", "port", "-a", "-t", "TYPE", "-p", networkProtocol(v.protocol), fmt.Sprint(v.number)},
		}), true
}
