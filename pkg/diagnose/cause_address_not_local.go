package diagnose

import (
	"fmt"
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// mostAddresses bounds how many of the machine's addresses a cause lists.
const mostAddresses = 8

func addressNotLocal(v *view) (report.Cause, bool) {
	missing := v.answered(func(verdict Verdict) bool {
		return verdict.Errno == host.EADDRNOTAVAIL && !isIPv6Loopback(verdict)
	})
	if len(missing) == 0 {
		return report.Cause{}, false
	}
	addr := missing[0].Candidate.Local.Addr()
	own := []string{}
	for _, a := range v.snap.Network.Addresses {
		if text := a.Prefix.Addr().String(); a.Prefix.Addr().Is4() == addr.Unmap().Is4() && !slices.Contains(own, text) {
			own = append(own, text)
		}
	}
	evidence := map[string]any{"addresses": addressesOf(missing), "own_addresses": own[:min(len(own), mostAddresses)], "own_count": len(own)}
	remedies := []report.Remedy{{
		Summary: fmt.Sprintf("bind an address of this machine, or %s for all of them", anyAddress(addr.Unmap().Is4())),
		Command: []string{},
	}}
	if v.snap.Host.OS == "linux" {
		family := "6"
		if addr.Unmap().Is4() {
			family = "4"
		}
		remedies = append(remedies, report.Remedy{Summary: "see which addresses it has", Command: []string{"ip", "-" + family, "address"}})
		if !addr.IsLinkLocalUnicast() {
			remedies = append(remedies, report.Remedy{
				Summary: "let programs bind addresses that are not here yet, as a failover needs",
				Command: []string{"sudo", "sysctl", "-w", fmt.Sprintf("net.ipv%s.ip_nonlocal_bind=1", family)},
			})
		}
	}
	return report.Cause{
		ID:         CauseAddressNotLocal,
		Confidence: report.Certain,
		Summary:    fmt.Sprintf("%s %s to this machine", joinAnd(addressesOf(missing)), verb("does not belong", "do not belong", len(addressesOf(missing)) > 1)),
		Evidence:   evidence,
		Remedies:   remedies,
	}, true
}

// answered are the verdicts that satisfy the test and that a rule explains.
func (v *view) answered(test func(Verdict) bool) []Verdict {
	var out []Verdict
	for _, verdict := range v.verdicts {
		if test(verdict) && !v.isRefusal(verdict) {
			out = append(out, verdict)
		}
	}
	return out
}

func anyAddress(ipv4 bool) string {
	if ipv4 {
		return "0.0.0.0"
	}
	return "::"
}
