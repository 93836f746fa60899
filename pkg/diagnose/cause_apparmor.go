package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// appArmor blames an AppArmor profile that is enforced: it answers EACCES to
// what its network rules do not allow (security/apparmor/net.c).
func appArmor(v *view) (report.Cause, bool) {
	c := v.confinement()
	refused := v.refusedWith("", host.EACCES)
	profile, enforced := strings.CutSuffix(c.Label, " (enforce)")
	listed := slices.Contains(c.SecurityModules, "apparmor")
	if len(refused) == 0 || !enforced && !(listed && c.Label == "") {
		return report.Cause{}, false
	}
	remedies := []report.Remedy{
		{Summary: "see what AppArmor refused", Command: []string{"sudo", "journalctl", "-k", "--grep", `apparmor="DENIED"`}},
		{Summary: "allow the bind by a network rule in the profile, and load it again", Command: []string{}},
	}
	if !enforced {
		return v.policy(CauseAppArmor, report.Possible, refused,
			"AppArmor is active, and the profile of this process could not be read", nil, remedies...), true
	}
	return v.policy(CauseAppArmor, report.Likely, refused,
		fmt.Sprintf("this process runs under the AppArmor profile %s, which is enforced", profile),
		map[string]any{"label": c.Label}, remedies...), true
}
