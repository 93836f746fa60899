package diagnose

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// containerLoopbackOnly finds a published port whose server listens on the
// container's own loopback, where the forwarder cannot reach it.
func containerLoopbackOnly(v *view) (report.Cause, bool) {
	for _, s := range v.serving {
		m := charge(s)
		if m == nil || m.Kind != host.ManagerContainer {
			continue
		}
		to, ok := forwardedTo(m)
		if !ok {
			continue
		}
		inside := v.servedAt(to)
		if len(inside) == 0 || slices.ContainsFunc(inside, func(t *host.Socket) bool { return !t.Local.Addr().Unmap().IsLoopback() }) {
			continue
		}
		name, plural := who(v.snap, inside...)
		return report.Cause{
			ID:         CauseContainerLoopbackOnly,
			Confidence: report.Certain,
			Summary: fmt.Sprintf("the port is published to %s, and in the container %s %s on %s only, where nobody outside reaches it",
				to, name, verb("listens", "listen", plural), addressList(inside)),
			Evidence: map[string]any{"sockets": []string{s.ID}, "container": to.String(), "listens": addressList(inside)},
			Remedies: []report.Remedy{{
				Summary: "let the server in the container listen on 0.0.0.0",
				Command: []string{},
			}},
		}, true
	}
	return report.Cause{}, false
}

// servedAt are the sockets that serve the port of a container in the network
// namespace that has its address.
func (v *view) servedAt(to netip.AddrPort) []*host.Socket {
	var out []*host.Socket
	for i := range v.snap.Namespaces {
		ns := &v.snap.Namespaces[i]
		if !slices.Contains(ns.Addresses, to.Addr()) {
			continue
		}
		for n := range ns.Sockets {
			if t := &ns.Sockets[n]; t.Serves() && t.Protocol == v.protocol && t.Local.Port() == to.Port() {
				out = append(out, t)
			}
		}
	}
	return out
}
