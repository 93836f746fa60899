package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func inheritedDescriptor(v *view) (report.Cause, bool) {
	var blockers []*host.Socket
	for _, s := range only(v.serving, v.blocking()) {
		if len(inheritors(s)) > 0 {
			blockers = append(blockers, s)
		}
	}
	if len(blockers) == 0 {
		return report.Cause{}, false
	}
	pids := pidsWhere(blockers, func(h host.Holder) bool { return h.Inherited })
	servers := pidsWhere(blockers, func(h host.Holder) bool { return !h.Inherited })
	name, plural := whoAre(v.snap, pids)
	cause := report.Cause{
		ID:         CauseInheritedDescriptor,
		Confidence: report.Likely,
		Evidence:   map[string]any{"sockets": ids(blockers), "pids": pids, "servers": servers},
		Remedies:   v.stopRemedies(blockers),
	}
	if len(servers) == 0 {
		cause.Summary = fmt.Sprintf("%s %s the socket only because it was open when %s started; the server that opened it has ended",
			name, verb("has", "have", plural), verb("it was", "they were", plural))
	} else {
		server, _ := whoAre(v.snap, servers)
		cause.Summary = fmt.Sprintf("%s %s the socket of %s only because it was open when %s started, and %s the port taken when the server ends",
			name, verb("has", "have", plural), server, verb("it was", "they were", plural), verb("keeps", "keep", plural))
	}
	cause.Remedies = append(cause.Remedies, report.Remedy{
		Summary: "let the server set close-on-exec (SOCK_CLOEXEC) on the socket, so that the programs it starts do not get it",
		Command: []string{},
	})
	return cause, true
}

// inheritors are the holders that most likely do not serve the socket.
func inheritors(s *host.Socket) []int32 {
	return pidsWhere([]*host.Socket{s}, func(h host.Holder) bool { return h.Inherited })
}

// onlyInherited reports whether every holder of the sockets is one that most
// likely does not serve them.
func onlyInherited(sockets []*host.Socket) bool {
	for _, s := range sockets {
		if len(s.Holders) == 0 || len(inheritors(s)) != len(pidsOf(s)) {
			return false
		}
	}
	return len(sockets) > 0
}
