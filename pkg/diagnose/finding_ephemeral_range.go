package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// ephemeralFinding says that this machine may hand the port out before the
// server has it.
func ephemeralFinding(c *checker, w *wanted) (report.Finding, bool) {
	if !c.handsOut(w) {
		return report.Finding{}, false
	}
	f := report.Finding{
		ID: report.FindingEphemeral, Severity: report.SeverityWarning,
		Summary: fmt.Sprintf("%s is in the range that this machine gives to outgoing connections (%s), so any program may have it when the server starts",
			w.name(), c.snap.Network.Ephemeral),
	}
	if r := w.result; r != nil {
		for _, cause := range r.Causes {
			if cause.ID == CauseOutgoingConnection {
				f.Causes = []report.CauseID{cause.ID}
				f.Summary += "; now " + cause.Summary
			}
		}
	}
	if number, ok := c.betterThan(w.ports.First); ok {
		f.Remedies = append(f.Remedies, report.Remedy{Summary: fmt.Sprintf("write %d instead%s: no machine hands it out by default", number, w.at())})
	}
	if c.linux() {
		if c.set == "" {
			c.set = c.reservedWithAll()
		}
		f.Remedies = append(f.Remedies, report.Remedy{
			Summary: "or keep it out of that range, until the next boot",
			Command: c.asRoot("sysctl", "-w", "net.ipv4.ip_local_reserved_ports="+c.set),
		})
	}
	return f, true
}

// handsOut reports whether this machine gives the port to connections. Whoever
// asks about a range of ports on the command line looks around and will not
// serve them all.
func (c *checker) handsOut(w *wanted) bool {
	if !w.alone || w.inactive || w.isRange() || c.snap.Network.Ephemeral == nil {
		return false
	}
	return c.snap.Network.Ephemeral.Contains(w.ports.First) && !c.isReserved(w.ports.First)
}

func (c *checker) isReserved(number uint16) bool {
	return slices.ContainsFunc(c.snap.Network.Reserved, func(r port.Range) bool { return r.Contains(number) })
}

// reservedWithAll is what ip_local_reserved_ports should be: what it is, and
// every port of the preflight that the machine hands out, since the setting is
// replaced as a whole.
func (c *checker) reservedWithAll() string {
	ranges := slices.Clone(c.snap.Network.Reserved)
	for _, w := range c.wanted {
		if c.handsOut(w) {
			ranges = append(ranges, w.ports)
		}
	}
	slices.SortFunc(ranges, func(a, b port.Range) int { return cmp.Compare(a.First, b.First) })
	var words []string
	for i := 0; i < len(ranges); {
		r := ranges[i]
		for i++; i < len(ranges) && int(ranges[i].First) <= int(r.Last)+1; i++ {
			r.Last = max(r.Last, ranges[i].Last)
		}
		words = append(words, r.String())
	}
	return strings.Join(words, ",")
}
