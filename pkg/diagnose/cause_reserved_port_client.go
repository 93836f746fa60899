package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func reservedPortClient(v *view) (report.Cause, bool) {
	// bindresvport(3) picks from 512 to 1023, and NFS of Linux from 665 to
	// 1023 (sunrpc.min_resvport).
	if v.number < 512 || v.number > 1023 {
		return report.Cause{}, false
	}
	var blockers []*host.Socket
	for _, s := range only(v.linked, v.blocking()) {
		if trustsLowPorts(s.Remote.Port()) && outgoing(v, s) != no {
			blockers = append(blockers, s)
		}
	}
	if len(blockers) == 0 {
		return report.Cause{}, false
	}
	s := blockers[0]
	return report.Cause{
		ID:         CauseReservedPortClient,
		Confidence: report.Likely,
		Summary:    fmt.Sprintf("a client that insists on a port below 1024, as NFS does, took this one towards %s", s.Remote),
		Evidence:   map[string]any{"sockets": ids(blockers), "remote": s.Remote.String(), "state": string(s.State)},
		Remedies: []report.Remedy{
			{Summary: "start the server before the client: NFS mounts again with another port", Command: []string{}},
			{Summary: fmt.Sprintf("raise sunrpc.min_resvport above %d, and NFS leaves it alone from the next mount on", v.number), Command: []string{}},
		},
	}, true
}

// trustsLowPorts reports whether servers on the port ask their clients to come
// from below 1024: portmap, NFS and its helpers, rsh and rlogin.
func trustsLowPorts(number uint16) bool {
	switch number {
	case 111, 513, 514, 2049, 20048:
		return true
	}
	return false
}
