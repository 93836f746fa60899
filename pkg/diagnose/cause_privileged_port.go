package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func privilegedPort(v *view) (report.Cause, bool) {
	refused := v.answered(func(verdict Verdict) bool {
		return verdict.Errno == host.EACCES && verdict.Candidate.Local.Port() < v.unprivilegedStart()
	})
	if len(refused) == 0 {
		return report.Cause{}, false
	}
	start := v.unprivilegedStart()
	evidence := map[string]any{"unprivileged_start": start, "addresses": addressesOf(refused)}
	user := "this user"
	if uid := refused[0].Candidate.Options.UID; uid != nil {
		user = fmt.Sprintf("uid %d", *uid)
		evidence["uid"] = *uid
	} else if uid := v.snap.Viewer.UID; uid != nil {
		evidence["uid"] = *uid
	}
	remedies := []report.Remedy{}
	if v.snap.Host.OS == "linux" {
		remedies = append(remedies,
			report.Remedy{
				Summary: "let one program bind such ports (PROGRAM is its file; a script's is its interpreter)",
				Command: []string{"sudo", "setcap", "cap_net_bind_service=+ep", "PROGRAM"},
			},
			report.Remedy{
				Summary: fmt.Sprintf("let everybody bind ports from %d on, until the next boot", v.number),
				Command: []string{"sudo", "sysctl", "-w", fmt.Sprintf("net.ipv4.ip_unprivileged_port_start=%d", v.number)},
			},
			report.Remedy{Summary: "in a systemd unit: AmbientCapabilities=CAP_NET_BIND_SERVICE", Command: []string{}},
		)
	}
	remedies = append(remedies, report.Remedy{Summary: fmt.Sprintf("use a port from %d on", start), Command: []string{}})
	return report.Cause{
		ID:         CausePrivilegedPort,
		Confidence: report.Certain,
		Summary:    fmt.Sprintf("%s may not bind ports below %d", user, start),
		Evidence:   evidence,
		Remedies:   remedies,
	}, true
}
