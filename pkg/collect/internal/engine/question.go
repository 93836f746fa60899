package engine

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/collect/internal/manage"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// question is something about a snapshot that an engine can answer: which
// container is behind a socket, or behind a rule of the packet filter.
type question struct {
	// One of the two is set.
	socket   *host.Socket
	redirect *host.Redirect
	// manager is the container as far as the snapshot tells it; nil where it
	// does not tell that there is one.
	manager *host.Manager
	// user is who holds the socket: an engine of that user, or of root, is
	// believed.
	user *uint32
	// One of these says what to look for: the id, the address in the
	// container, or the published port if neither is set.
	id string
	to netip.AddrPort
	// said is what the snapshot tells about it.
	said string
	// certain says that there is a container for sure.
	certain bool
}

// questions are all that can be asked about a snapshot to which managers have
// been attached. They point into it.
func questions(snap *host.Snapshot) []question {
	var out []question
	for i := range snap.Sockets {
		out = append(out, aboutSocket(snap, &snap.Sockets[i])...)
	}
	for i := range snap.Namespaces {
		for n := range snap.Namespaces[i].Sockets {
			// The ports of another namespace are not those that an engine
			// publishes here.
			for _, q := range aboutSocket(snap, &snap.Namespaces[i].Sockets[n]) {
				if q.id != "" {
					out = append(out, q)
				}
			}
		}
	}
	for i := range snap.Network.Redirects {
		if q, ok := aboutRedirect(snap, &snap.Network.Redirects[i]); ok {
			out = append(out, q)
		}
	}
	return out
}

func aboutSocket(snap *host.Snapshot, s *host.Socket) []question {
	var out []question
	holder := holderOf(snap, s)
	user := s.UID
	if holder != nil && holder.UID != nil {
		user = holder.UID
	}
	for i := range s.Managers {
		m := &s.Managers[i]
		if m.Kind != host.ManagerContainer {
			continue
		}
		q := question{socket: s, manager: m, user: user, said: m.Evidence, certain: true}
		if isID(m.ID) {
			q.id = m.ID
		} else if to, err := netip.ParseAddrPort(m.Forwards); err == nil {
			q.to = to
		}
		out = append(out, q)
	}
	if len(out) > 0 || !s.Serves() && s.State != host.StateBound {
		return out
	}
	q := question{socket: s, user: user}
	switch {
	case holder != nil && holdsForContainers(holder):
		q.said = holder.Name + " holds the port itself"
	case len(s.Holders) == 0 && s.HolderStatus == host.HoldersHidden && s.UID != nil && mayBeEngine(s):
		q.said = "the holder is hidden"
	default:
		return nil
	}
	return []question{q}
}

// holderOf is the first holder of a socket; nil where none is known.
func holderOf(snap *host.Snapshot, s *host.Socket) *host.Process {
	if len(s.Holders) == 0 {
		return nil
	}
	return snap.Process(s.Holders[0].PID)
}

// holdsForContainers reports whether a process is one that holds the published
// ports of containers itself and does not say of which: dockerd without its
// userland proxy, the port driver of rootless Docker, Docker Desktop. They
// hold ports of their own too, so it takes the engine's word.
func holdsForContainers(p *host.Process) bool {
	switch p.Name {
	case "dockerd", "rootlesskit", "com.docker.backend":
		return true
	}
	return false
}

// mayBeEngine reports whether nothing speaks against it that an engine holds
// the socket: it was made in an engine's unit, or in none.
func mayBeEngine(s *host.Socket) bool {
	return !slices.ContainsFunc(s.Managers, func(m host.Manager) bool {
		return m.Name != "docker.service" && m.Name != "podman.service"
	})
}

// aboutRedirect asks for the container that a rule leads to. Only root's
// engines write rules.
func aboutRedirect(snap *host.Snapshot, r *host.Redirect) (question, bool) {
	if !r.To.IsValid() || r.To.IsUnspecified() {
		return question{}, false
	}
	if local, known := snap.Network.IsLocal(snap.Host.OS, r.To); known && local {
		return question{}, false
	}
	root := uint32(0)
	return question{
		redirect: r, manager: r.Manager, user: &root, to: netip.AddrPortFrom(r.To, r.ToPort),
		said: "a rule of the packet filter leads to " + target(r),
	}, true
}

func target(r *host.Redirect) string {
	if r.ToPort == 0 {
		return r.To.String()
	}
	return netip.AddrPortFrom(r.To, r.ToPort).String()
}

// Wanted reports whether an engine could tell anything about the snapshot:
// there is a container, what may be one, or a rule that leads to an address
// that is not this machine's.
func Wanted(snap *host.Snapshot) bool { return len(questions(snap)) > 0 }

// isAnsweredBy reports whether the container is the one in question.
func (q *question) isAnsweredBy(e *Endpoint, c *Container) bool {
	if e.Owner == nil || *e.Owner != 0 && (q.user == nil || *e.Owner != *q.user) {
		return false
	}
	switch {
	case q.id != "":
		return c.ID == q.id
	case q.redirect != nil:
		return slices.Contains(c.Address, q.to.Addr()) && slices.ContainsFunc(c.Ports, func(p host.PublishedPort) bool {
			return (q.to.Port() == 0 || p.ContainerPort == q.to.Port()) && takes(q.redirect, p)
		})
	case q.to.IsValid():
		// The address alone would do, were there not several engines with the
		// same networks.
		return slices.Contains(c.Address, q.to.Addr()) && slices.ContainsFunc(c.Ports, func(p host.PublishedPort) bool {
			return p.ContainerPort == q.to.Port() && publishes(p, q.socket, true)
		})
	}
	return slices.ContainsFunc(c.Ports, func(p host.PublishedPort) bool { return publishes(p, q.socket, false) })
}

// publishes reports whether a published port is the one of a socket. Where the
// forwarder told the container, connections to it count too, whose address may
// be any.
func publishes(p host.PublishedPort, s *host.Socket, told bool) bool {
	if p.Protocol != string(s.Protocol) || p.HostPort != s.Local.Port() {
		return false
	}
	if told || p.HostIP == "" { // Podman leaves out the wildcard
		return true
	}
	ip, err := netip.ParseAddr(p.HostIP)
	if err != nil {
		return false
	}
	local := s.Local.Addr().Unmap().WithZone("")
	return ip == local || ip.IsUnspecified() && local.IsUnspecified()
}

func takes(r *host.Redirect, p host.PublishedPort) bool {
	if r.Protocol != "" && p.Protocol != string(r.Protocol) {
		return false
	}
	return len(r.Ports) == 0 || slices.ContainsFunc(r.Ports, func(ports port.Range) bool { return ports.Contains(p.HostPort) })
}

// Matters returns the function that Ask needs: whether a container answers a
// question about the snapshot.
func Matters(snap *host.Snapshot) func(Endpoint, *Container) bool {
	list := questions(snap)
	return func(e Endpoint, c *Container) bool {
		return slices.ContainsFunc(list, func(q question) bool { return q.isAnsweredBy(&e, c) })
	}
}

// proxyParent is the dockerd that started the docker-proxy which holds a
// socket; nil where that has ended or another process holds it.
func proxyParent(snap *host.Snapshot, s *host.Socket) (parent *host.Process, isProxy bool) {
	p := holderOf(snap, s)
	if p == nil {
		return nil, false
	}
	if _, isProxy = manage.Forwards(p); !isProxy {
		return nil, false
	}
	if parent = snap.Process(p.PPID); parent == nil || parent.Name != "dockerd" {
		return nil, true
	}
	return parent, true
}

// samePath compares paths of sockets: /var/run is /run (hier(7)).
func samePath(a, b string) bool {
	trim := func(path string) string {
		if rest, ok := strings.CutPrefix(path, "/var/run/"); ok {
			return "/run/" + rest
		}
		return path
	}
	return trim(a) == trim(b)
}
