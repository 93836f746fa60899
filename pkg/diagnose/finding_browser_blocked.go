package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// browserBlocked says that no browser will connect to the port (WHATWG Fetch,
// port blocking). Below 1024 a port of the list is that of a protocol which
// browsers do not speak, and is most likely declared for that, so it is a note.
func browserBlocked(_ *checker, w *wanted) (report.Finding, bool) {
	number := w.ports.First
	if !w.alone || w.isRange() || w.protocol != port.TCP || !port.BrowserBlocked(number) {
		return report.Finding{}, false
	}
	f := report.Finding{
		ID: report.FindingBrowserBlocked, Severity: report.SeverityWarning,
		Summary:  fmt.Sprintf("browsers refuse to connect to %s, whoever serves it (ERR_UNSAFE_PORT)", w.name()),
		Remedies: []report.Remedy{{Summary: "write another number" + w.at() + ", if people are to open it in a browser"}},
	}
	if number < customaryStart {
		f.Severity = report.SeverityNote
	}
	return f, true
}
