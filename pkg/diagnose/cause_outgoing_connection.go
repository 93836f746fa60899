package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func outgoingConnection(v *view) (report.Cause, bool) {
	var blockers []*host.Socket
	sure := yes
	for _, s := range only(v.linked, v.blocking()) {
		if o := outgoing(v, s); o != no {
			blockers = append(blockers, s)
			sure = sure.and(o)
		}
	}
	if len(blockers) == 0 {
		return report.Cause{}, false
	}
	s := blockers[0]
	name, plural := who(v.snap, s)
	cause := report.Cause{
		ID:         CauseOutgoingConnection,
		Confidence: report.Likely,
		Summary:    fmt.Sprintf("%s %s %s as %s own port towards %s", name, verb("uses", "use", plural), s.Local, verb("its", "their", plural), s.Remote),
		Evidence:   map[string]any{"sockets": ids(blockers), "remote": s.Remote.String(), "state": string(s.State)},
		Remedies: []report.Remedy{{
			Summary: "wait for the connection to end, or let that program close it",
			Command: []string{},
		}},
	}
	if sure == yes {
		cause.Confidence = report.Certain
	}
	if r := v.snap.Network.Ephemeral; r != nil && r.Contains(v.number) {
		cause.Evidence["ephemeral_range"] = r.String()
		cause.Remedies = append(cause.Remedies, report.Remedy{
			Summary: fmt.Sprintf("choose a port outside the ephemeral range %s, from which the kernel gives ports to connections", r),
			Command: []string{},
		})
		if v.snap.Host.OS == "linux" {
			cause.Remedies = append(cause.Remedies, report.Remedy{
				Summary: "keep this port out of what the kernel gives to connections, from now on",
				Command: []string{"sudo", "sysctl", "-w", "net.ipv4.ip_local_reserved_ports=" + v.reservedWith()},
			})
		}
	}
	return cause, true
}

// outgoing tells whether this side opened the connection. The kernel does not
// say; it is certain when the peer is a listener on this machine, excluded
// when a listener here could have accepted it, and unknown otherwise.
func outgoing(v *view, s *host.Socket) trilean {
	if v.hasListener(s) {
		return no
	}
	if s.State == host.StateSynSent {
		return yes
	}
	for _, l := range v.elsewhere(place{s.Protocol, s.Remote.Port()}) {
		if l.Serves() &&
			(l.Local.Addr().Unmap() == s.Remote.Addr().Unmap() || l.Local.Addr().IsUnspecified() && s.Remote.Addr().IsLoopback()) {
			return yes
		}
	}
	if r := v.snap.Network.Ephemeral; r != nil && !r.Contains(v.number) && r.Contains(s.Remote.Port()) {
		return no // the peer's end was picked by a kernel, ours was not
	}
	return unknown
}

// reservedWith is the new value of ip_local_reserved_ports: what it holds now
// and this port, since the setting is replaced as a whole.
func (v *view) reservedWith() string {
	out := ""
	for _, r := range v.snap.Network.Reserved {
		out += r.String() + ","
	}
	return out + fmt.Sprint(v.number)
}
