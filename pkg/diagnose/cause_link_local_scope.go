package diagnose

import (
	"fmt"
	"net/netip"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// lacksScope reports whether a candidate's address means nothing without an
// interface (RFC 4007 section 6), and has none.
func lacksScope(c host.Candidate) bool {
	addr := c.Local.Addr()
	return addr.Is6() && !addr.Is4In6() && needsScope(addr) && addr.Zone() == "" && c.Options.Interface == ""
}

func linkLocalScope(v *view) (report.Cause, bool) {
	bare := v.answered(func(verdict Verdict) bool {
		return verdict.Errno == host.EINVAL && lacksScope(verdict.Candidate)
	})
	if len(bare) == 0 {
		return report.Cause{}, false
	}
	addr := bare[0].Candidate.Local.Addr()
	cause := report.Cause{
		ID:         CauseLinkLocalScope,
		Confidence: report.Certain,
		Summary:    fmt.Sprintf("%s is link-local: it exists once on every interface, and which one was meant was not said", addr),
		Evidence:   map[string]any{"addresses": addressesOf(bare), "interfaces": v.interfaces()},
		Remedies:   []report.Remedy{},
	}
	for _, a := range v.snap.Network.Addresses {
		if a.Prefix.Addr().WithZone("") == addr {
			at := netip.AddrPortFrom(addr.WithZone(a.Interface), v.number)
			cause.Remedies = append(cause.Remedies, report.Remedy{Summary: "name the interface", Command: []string{"portwho", "check", at.String()}})
		}
	}
	if len(cause.Remedies) == 0 {
		cause.Remedies = append(cause.Remedies, report.Remedy{Summary: fmt.Sprintf("name the interface: %s%%INTERFACE", addr), Command: []string{}})
	}
	return cause, true
}
