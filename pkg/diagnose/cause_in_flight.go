package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func inFlight(v *view) (report.Cause, bool) {
	if blockers := v.heldVia(host.ViaInFlight); len(blockers) > 0 {
		pids := pidsVia(blockers, host.ViaInFlight)
		name, plural := whoAre(v.snap, pids)
		return report.Cause{
			ID:         CauseInFlight,
			Confidence: report.Certain,
			Summary: fmt.Sprintf("a socket on %s was sent to %s over a Unix socket, and %s not received it",
				addressList(blockers), name, verb("it has", "none has", plural)),
			Evidence: map[string]any{"sockets": ids(blockers), "pids": pids},
			Remedies: []report.Remedy{{
				Summary: fmt.Sprintf("let %s receive the socket and close it, or end: what was not received is closed then", name),
				Command: []string{},
			}},
		}, true
	}
	lost := v.lost()
	pids, queued := v.candidateReceivers()
	if len(lost) == 0 || len(pids) == 0 {
		return report.Cause{}, false
	}
	name, plural := whoAre(v.snap, pids)
	cause := report.Cause{
		ID:         CauseInFlight,
		Confidence: report.Possible,
		Summary: fmt.Sprintf("no process that could be read has %s open; %s %s descriptors waiting in a Unix socket, and it may be among them",
			addressList(lost), name, verb("has", "have", plural)),
		Evidence: map[string]any{"sockets": ids(lost), "pids": pids, "descriptors": queued},
		Remedies: []report.Remedy{{
			Summary: fmt.Sprintf("restart %s, or let %s receive what was sent", name, verb("it", "them", plural)),
			Command: []string{},
		}},
	}
	if len(v.snap.Queues) == 1 && v.everybodyWasRead() {
		cause.Confidence = report.Likely
	}
	return cause, true
}

// lost are the sockets in the way that nobody was found to hold.
func (v *view) lost() []*host.Socket {
	var out []*host.Socket
	for _, s := range only(v.sockets, v.blocking()) {
		if isHidden(s) {
			out = append(out, s)
		}
	}
	return out
}

// candidateReceivers are the processes in whose queues descriptors wait that
// nobody has seen, and how many those are.
func (v *view) candidateReceivers() (pids []int32, descriptors uint32) {
	pids = []int32{}
	for _, q := range v.snap.Queues {
		descriptors += q.Descriptors
		for _, pid := range q.PIDs {
			pids = withElement(pids, pid)
		}
	}
	return pids, descriptors
}

// everybodyWasRead reports whether no gap keeps a holder from being named.
func (v *view) everybodyWasRead() bool {
	for _, g := range v.snap.Gaps {
		if g.HidesHolders() {
			return false
		}
	}
	return true
}
