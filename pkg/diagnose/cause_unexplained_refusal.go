package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// unexplainedRefusal says that the kernel refused a bind and that nothing that
// was read explains it, and names what was not read and could.
func unexplainedRefusal(v *view) (report.Cause, bool) {
	refused := v.refusals()
	if len(refused) == 0 {
		return report.Cause{}, false
	}
	if _, found := v.bestPolicy(); found {
		return report.Cause{}, false
	}
	errno := refused[0].Errno
	remedies := []report.Remedy{}
	summary := fmt.Sprintf("nothing that was read explains the answer %s", errno)
	unread := v.unreadPolicy()
	switch {
	case errno == host.EADDRINUSE:
		summary = fmt.Sprintf("the kernel calls %s in use, and no socket that was read is in the way", joinAnd(addressesOf(refused)))
		unread = v.unreadSockets()
	case v.snap.Confinement == nil:
		summary += "; what confines this process was not read"
	default:
		remedies = append(remedies, v.outside())
	}
	if len(unread) > 0 {
		summary += "; not read: " + joinAnd(unread)
		if !v.mayNameAll() {
			remedies = append(remedies, report.Remedy{Summary: "read it as root", Command: []string{"sudo", "portwho", "check", v.targetText()}})
		}
	}
	return v.policy(CauseUnexplainedRefusal, report.Certain, refused, summary, map[string]any{"not_read": unread}, remedies...), true
}

// unreadSockets are the gaps that could hide a socket.
func (v *view) unreadSockets() []string {
	return v.gapSubjects(func(g host.Gap) bool {
		return g.Decides && (g.Protocol == "" || g.Protocol == v.protocol)
	})
}

// unreadPolicy are the gaps of reading what confines the viewer.
func (v *view) unreadPolicy() []string {
	return v.gapSubjects(func(g host.Gap) bool { return g.Source == host.GapConfinement })
}

func (v *view) gapSubjects(wanted func(host.Gap) bool) []string {
	out := []string{}
	for _, g := range v.snap.Gaps {
		if wanted(g) {
			out = append(out, g.Subject)
		}
	}
	return out
}
