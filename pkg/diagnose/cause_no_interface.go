package diagnose

import (
	"fmt"
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func noInterface(v *view) (report.Cause, bool) {
	missing := v.answered(func(verdict Verdict) bool { return verdict.Errno == host.ENODEV })
	if len(missing) == 0 {
		return report.Cause{}, false
	}
	name := missing[0].Candidate.Options.Interface
	if name == "" {
		name = missing[0].Candidate.Local.Addr().Zone() // the scope of a link-local address
	}
	cause := report.Cause{
		ID:         CauseNoInterface,
		Confidence: report.Certain,
		Summary:    fmt.Sprintf("there is no interface %q in this network namespace", name),
		Evidence:   map[string]any{"interface": name, "interfaces": v.interfaces()},
		Remedies:   []report.Remedy{},
	}
	if v.snap.Host.OS == "linux" {
		cause.Remedies = append(cause.Remedies, report.Remedy{Summary: "see which interfaces there are", Command: []string{"ip", "-brief", "link"}})
	}
	return cause, true
}

// interfaces are the names of the machine's interfaces, as far as known.
func (v *view) interfaces() []string {
	names := []string{}
	for _, i := range v.snap.Network.Interfaces {
		names = append(names, i.Name)
	}
	for _, a := range v.snap.Network.Addresses {
		names = append(names, a.Interface)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
