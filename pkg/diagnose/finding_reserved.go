package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/report"
)

// reservedFinding says that an administrator has set the port aside. It can be
// bound as any other.
func reservedFinding(c *checker, w *wanted) (report.Finding, bool) {
	if !w.alone || w.isRange() || !c.isReserved(w.ports.First) {
		return report.Finding{}, false
	}
	return report.Finding{
		ID: report.FindingReserved, Severity: report.SeverityNote,
		Summary: fmt.Sprintf("%s is set aside by net.ipv4.ip_local_reserved_ports: a server may bind it, and no outgoing connection is given it", w.name()),
	}, true
}
