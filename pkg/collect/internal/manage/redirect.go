package manage

import (
	"fmt"
	"slices"

	"github.com/portwho/portwho/pkg/host"
)

// behindRule names the container that a rule of the packet filter leads to: its
// address is one of another network namespace, and the cgroup of who serves
// there tells the container. It takes no engine: with live-restore the rules
// and the container outlive it.
func behindRule(snap *host.Snapshot, r *host.Redirect) *host.Manager {
	if !r.To.IsValid() || r.To.IsUnspecified() {
		return nil
	}
	for i := range snap.Namespaces {
		ns := &snap.Namespaces[i]
		if !slices.Contains(ns.Addresses, r.To) {
			continue
		}
		for n := range ns.Sockets {
			s := &ns.Sockets[n]
			if !s.Serves() || r.ToPort != 0 && s.Local.Port() != r.ToPort {
				continue
			}
			for _, m := range s.Managers {
				if m.Kind == host.ManagerContainer {
					m.Evidence = fmt.Sprintf("a rule of the packet filter leads to %s, which is in a network namespace of its own; %s", r.To, m.Evidence)
					return &m
				}
			}
		}
	}
	return nil
}
