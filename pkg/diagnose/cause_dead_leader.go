package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func deadLeader(v *view) (report.Cause, bool) {
	blockers := v.heldVia(host.ViaThread)
	pids := pidsWhere(blockers, func(h host.Holder) bool {
		p := v.snap.Process(h.PID)
		return h.Via == host.ViaThread && p != nil && p.State == host.ProcessZombie
	})
	if len(pids) == 0 {
		return report.Cause{}, false
	}
	name, plural := whoAre(v.snap, pids)
	return report.Cause{
		ID:         CauseDeadLeader,
		Confidence: report.Certain,
		Summary: fmt.Sprintf("the main thread of %s has exited, and other threads of %s keep the port",
			name, verb("it", "them", plural)),
		Evidence: map[string]any{"sockets": ids(blockers), "pids": pids},
		Remedies: []report.Remedy{{
			Summary: "a signal to the pid ends the threads too, although it looks like a zombie",
			Command: []string{},
		}},
	}, true
}
