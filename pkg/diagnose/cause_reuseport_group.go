package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

func reuseportGroup(v *view) (report.Cause, bool) {
	var group []*host.Socket
	for _, s := range v.serving {
		if groupSize(v.serving, s) > 1 && (len(group) == 0 || sameSeat(group[0], s)) {
			group = append(group, s)
		}
	}
	if len(group) == 0 {
		return report.Cause{}, false
	}
	name, _ := who(v.snap, group...)
	cause := report.Cause{
		ID:         CauseReuseportGroup,
		Confidence: report.Certain,
		Summary: fmt.Sprintf("%d sockets serve %s together by SO_REUSEPORT: %s; the kernel spreads connections over them",
			len(group), group[0].Local, name),
		Evidence: map[string]any{"sockets": ids(group)},
		Remedies: []report.Remedy{{
			Summary: "stop all of them; while one is left, the port stays taken",
			Command: []string{},
		}},
	}
	if v.protocol != port.TCP {
		// UDP sockets share an address by SO_REUSEADDR as well.
		cause.Confidence = report.Likely
		cause.Summary = fmt.Sprintf("%d sockets receive on %s together: %s", len(group), group[0].Local, name)
	}
	return cause, true
}
