package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// browserBlockedCause says that no browser connects to what is served here
// (WHATWG Fetch, port blocking). Below 1024 a port of the list is that of a
// protocol which browsers do not speak, as SSH, and nobody opens it in one.
func browserBlockedCause(v *view) (report.Cause, bool) {
	if v.protocol != port.TCP || len(v.serving) == 0 || v.number < customaryStart || !port.BrowserBlocked(v.number) {
		return report.Cause{}, false
	}
	return report.Cause{
		ID:         CauseBrowserBlocked,
		Confidence: report.Certain,
		Summary:    fmt.Sprintf("browsers refuse to connect to port %d, whoever serves it (ERR_UNSAFE_PORT); other clients do", v.number),
		Evidence:   map[string]any{"sockets": ids(v.serving)},
		Remedies: []report.Remedy{{
			Summary: "for what is opened in a browser, serve on another port",
			Command: []string{},
		}},
	}, true
}
