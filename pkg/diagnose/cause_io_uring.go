package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func ioUring(v *view) (report.Cause, bool) {
	blockers := v.heldVia(host.ViaIOUring)
	if len(blockers) == 0 {
		return report.Cause{}, false
	}
	pids := pidsVia(blockers, host.ViaIOUring)
	name, plural := whoAre(v.snap, pids)
	return report.Cause{
		ID:         CauseIOUring,
		Confidence: report.Certain,
		Summary: fmt.Sprintf("%s %s the socket registered with an io_uring, where no table of descriptors shows it",
			name, verb("has", "have", plural)),
		Evidence: map[string]any{"sockets": ids(blockers), "pids": pids},
		Remedies: []report.Remedy{{
			Summary: "closing the descriptor is not enough: the program has to unregister the file too, or end",
			Command: []string{},
		}},
	}, true
}

// heldVia returns the sockets in the way that some process holds in the given
// way.
func (v *view) heldVia(via host.Via) []*host.Socket {
	var out []*host.Socket
	for _, s := range only(v.sockets, v.blocking()) {
		if len(pidsVia([]*host.Socket{s}, via)) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// pidsVia are the processes that hold one of the sockets in the given way.
func pidsVia(sockets []*host.Socket, via host.Via) []int32 {
	return pidsWhere(sockets, func(h host.Holder) bool { return h.Via == via })
}

// pidsWhere are the processes among the holders that the test lets through,
// sorted.
func pidsWhere(sockets []*host.Socket, test func(host.Holder) bool) []int32 {
	pids := []int32{}
	for _, s := range sockets {
		for _, h := range s.Holders {
			if test(h) {
				pids = withElement(pids, h.PID)
			}
		}
	}
	return pids
}
