package diagnose

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// otherNamespace finds who serves the port in another network namespace while
// nobody does here: a client here cannot reach that server, and a bind here
// never meets it.
func otherNamespace(v *view) (report.Cause, bool) {
	if len(v.serving) > 0 {
		return report.Cause{}, false
	}
	var sockets []*host.Socket
	var namespaces []uint64
	var inside *host.Namespace
	for i := range v.snap.Namespaces {
		ns := &v.snap.Namespaces[i]
		for n := range ns.Sockets {
			s := &ns.Sockets[n]
			if s.Serves() && s.Protocol == v.protocol && s.Local.Port() == v.number {
				sockets = append(sockets, s)
				if !slices.Contains(namespaces, ns.ID) {
					namespaces = append(namespaces, ns.ID)
				}
				if inside == nil {
					inside = ns
				}
			}
		}
	}
	if len(sockets) == 0 {
		return report.Cause{}, false
	}
	name, plural := who(v.snap, sockets...)
	var pids []int32
	for _, s := range sockets {
		for _, pid := range pidsOf(s) {
			if !slices.Contains(pids, pid) {
				pids = append(pids, pid)
			}
		}
	}
	cause := report.Cause{
		ID:         CauseOtherNetworkNamespace,
		Confidence: report.Certain,
		Summary: fmt.Sprintf("%s%s %s on %s in another network namespace, which a client here does not reach",
			name, inCharge(sockets), verb("serves it", "serve it", plural), addressList(sockets)),
		Evidence: map[string]any{"sockets": ids(sockets), "pids": pids, "namespaces": namespaces},
		Remedies: []report.Remedy{},
	}
	if pid := enter(inside, pids); pid != 0 {
		cause.Remedies = append(cause.Remedies, report.Remedy{
			Summary: "look at the port from in there",
			Command: []string{"sudo", "nsenter", "-t", strconv.Itoa(int(pid)), "-n", "portwho", v.targetText()},
		})
	}
	return cause, true
}

// enter is a process whose network namespace is the one.
func enter(ns *host.Namespace, holders []int32) int32 {
	for _, pid := range holders {
		if slices.Contains(ns.PIDs, pid) {
			return pid
		}
	}
	if len(ns.PIDs) > 0 {
		return ns.PIDs[0]
	}
	return 0
}
