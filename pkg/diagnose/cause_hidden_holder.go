package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func hiddenHolderCause(v *view) (report.Cause, bool) {
	lost := v.lost()
	if len(lost) == 0 || v.mayNameAll() && v.everybodyWasRead() {
		return report.Cause{}, false
	}
	name, _ := who(v.snap, lost...)
	cause := report.Cause{
		ID:         CauseHiddenHolder,
		Confidence: report.Certain,
		Summary:    fmt.Sprintf("%s%s holds %s, and who it is could not be read", name, inCharge(lost), addressList(lost)),
		Evidence:   map[string]any{"sockets": ids(lost)},
		Remedies:   []report.Remedy{},
	}
	s := lost[0]
	if s.UID != nil {
		cause.Evidence["uid"] = *s.UID
		cause.Evidence["user"] = userName(v.snap, s.UID)
	}
	if s.Cgroup != "" {
		cause.Evidence["cgroup"] = s.Cgroup
	}
	unread := []string{}
	for _, g := range v.snap.Gaps {
		if g.HidesHolders() {
			unread = append(unread, g.Subject+": "+g.Reason)
		}
	}
	cause.Evidence["unread"] = unread
	if !v.mayNameAll() {
		cause.Remedies = append(cause.Remedies, report.Remedy{
			Summary: "name the process",
			Command: []string{"sudo", "portwho", v.targetText()},
		})
		return cause, true
	}
	for _, g := range v.snap.Gaps {
		if g.HidesHolders() && g.Hint != "" {
			cause.Remedies = append(cause.Remedies, report.Remedy{Summary: g.Hint, Command: []string{}})
		}
	}
	return cause, true
}

// creator says who made a socket, as far as the socket itself tells: " of
// nginx.service (user www-data)" without the "of". It is empty where nothing is
// known.
func (v *view) creator(s *host.Socket) string {
	user := ""
	if s.UID != nil {
		user = "user " + userName(v.snap, s.UID)
	}
	for _, m := range s.Managers {
		name := m.Name
		switch m.Kind {
		case host.ManagerContainer:
			name = "container " + name
		case host.ManagerUnit:
		default:
			continue
		}
		if user == "" {
			return name
		}
		return fmt.Sprintf("%s (%s)", name, user)
	}
	return user
}
