package diagnose

import (
	"fmt"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// isSystemdBind recognises the programs that systemd attaches for
// SocketBindAllow= and SocketBindDeny= by their names
// (src/core/bpf/socket_bind/socket-bind.bpf.c).
func isSystemdBind(p host.BindProgram) bool { return p.Name == "sd_bind4" || p.Name == "sd_bind6" }

// socketBindDeny blames systemd's SocketBindDeny=, which answers EPERM.
func socketBindDeny(v *view) (report.Cause, bool) {
	refused := v.refusedWith("bind", host.EPERM)
	for _, verdict := range refused {
		programs := v.programsFor(verdict, isSystemdBind)
		if len(programs) == 0 {
			continue
		}
		at := programs[len(programs)-1].Cgroup // the innermost is the nearest to the person
		unit, user := unitOf(at)
		summary := "systemd decides which ports this process may bind (SocketBindDeny=)"
		evidence := programEvidence(programs)
		remedies := []report.Remedy{}
		if unit != "" {
			summary = fmt.Sprintf("systemd decides which ports %s may bind (SocketBindDeny=)", unit)
			evidence["unit"] = unit
			show := []string{"systemctl"}
			if user {
				show = append(show, "--user")
			}
			remedies = append(remedies, report.Remedy{
				Summary: "see what it allows",
				Command: append(show, "show", "-p", "SocketBindAllow,SocketBindDeny", unit),
			}, report.Remedy{
				Summary: fmt.Sprintf("allow it: SocketBindAllow=%s:%d in the unit, then restart the unit", networkProtocol(v.protocol), v.number),
				Command: []string{},
			})
		}
		return v.policy(CauseSocketBindDeny, report.Likely, refused, summary+fmt.Sprintf(" by a BPF program of the cgroup (%s)", programList(programs)), evidence, remedies...), true
	}
	return report.Cause{}, false
}

// unitOf names the systemd unit of a cgroup: the last part of its path that is
// one. user says that it is a unit of a user's own manager.
func unitOf(cgroup string) (unit string, user bool) {
	for part := range strings.SplitSeq(cgroup, "/") {
		if strings.HasPrefix(part, "user@") && strings.HasSuffix(part, ".service") {
			unit, user = part, false
			continue
		}
		for _, suffix := range []string{".service", ".scope", ".slice", ".socket"} {
			if strings.HasSuffix(part, suffix) && part != suffix {
				user = user || strings.HasPrefix(unit, "user@")
				unit = part
			}
		}
	}
	return unit, user
}
