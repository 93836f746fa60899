package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"github.com/portwho/portwho/pkg/host"
)

// Name tells the snapshot what engines answered: which container is behind a
// socket or a rule, and what failed, as gaps. Nothing else in it changes.
func Name(snap *host.Snapshot, answers []Answer) {
	// Root's engines are believed before those of others.
	answers = slices.Clone(answers)
	slices.SortStableFunc(answers, func(a, b Answer) int { return rank(&a) - rank(&b) })
	list := questions(snap)
	open := false
	// Managers are appended only after the last question, which points into
	// the lists.
	added := make(map[*host.Socket]host.Manager)
	for i := range list {
		q := &list[i]
		a, c := find(q, answers)
		switch {
		case c != nil && q.manager != nil:
			fill(q.manager, q, a, c)
		case c != nil:
			m := host.Manager{Kind: host.ManagerContainer}
			fill(&m, q, a, c)
			if q.redirect != nil {
				q.redirect.Manager = &m
			} else {
				added[q.socket] = m
			}
		default:
			open = open || q.certain && (q.manager.Container == nil || q.manager.Container.Image == "")
			if isGone(snap, q, answers) {
				q.manager.Container = &host.Container{Engine: string(Docker), Gone: true}
			}
		}
	}
	for s, m := range added {
		// The container, and never the engine, is in charge of the port.
		s.Managers = []host.Manager{m}
	}
	snap.Gaps = append(snap.Gaps, gaps(answers, open)...)
}

func rank(a *Answer) int {
	if a.Owner != nil && *a.Owner == 0 {
		return 0
	}
	return 1
}

// find returns the only container that answers a question. Two of one engine
// answer none.
func find(q *question, answers []Answer) (*Answer, *Container) {
	for i := range answers {
		var found *Container
		for n := range answers[i].Containers {
			c := &answers[i].Containers[n]
			if !q.isAnsweredBy(&answers[i].Endpoint, c) {
				continue
			}
			if found != nil && found.ID != c.ID {
				return nil, nil
			}
			found = c
		}
		if found != nil {
			return &answers[i], found
		}
	}
	return nil, nil
}

// isGone reports whether a docker-proxy forwards to a container that does not
// run: the engine that started it has answered and knows none at that address.
// A proxy whose engine has ended may be anybody's, so all of root's must have
// answered.
func isGone(snap *host.Snapshot, q *question, answers []Answer) bool {
	if q.socket == nil || !q.to.IsValid() {
		return false
	}
	parent, isProxy := proxyParent(snap, q.socket)
	if !isProxy {
		return false
	}
	asked := false
	for i := range answers {
		a := &answers[i]
		if a.Kind != Docker || rank(a) != 0 {
			continue
		}
		if parent != nil && !slices.ContainsFunc(socketsOf(parent), func(path string) bool { return samePath(path, a.Socket) }) {
			continue
		}
		if a.Err != nil || slices.ContainsFunc(a.Containers, func(c Container) bool { return slices.Contains(c.Address, q.to.Addr()) }) {
			return false
		}
		asked = true
	}
	return asked
}

// socketsOf are the sockets on which a dockerd answers.
func socketsOf(dockerd *host.Process) []string {
	if paths := DaemonSockets(dockerd.Command); len(paths) > 0 {
		return paths
	}
	return []string{"/run/docker.sock"}
}

// fill writes what is known about a container into its manager.
func fill(m *host.Manager, q *question, a *Answer, c *Container) {
	m.ID, m.Name = c.ID, c.Name
	if m.Name == "" {
		m.Name = c.ID[:12]
	}
	m.Evidence = fmt.Sprintf("%s; %s at %s names the container", q.said, a.Kind, a.Socket)
	details := &host.Container{
		Engine: string(a.Kind), Image: c.Image, State: c.State, Published: c.Ports,
		Project: c.Labels[labelProject], Service: c.Labels[labelService], WorkingDir: c.Labels[labelWorkingDir],
	}
	m.Container = details
	if m.Forwards == "" && len(c.Address) == 1 {
		m.Forwards = forwards(q, c)
	}
	m.Stop, m.Start = nil, nil
	if pod := c.Labels[labelPodName]; pod != "" {
		// The kubelet starts a container of a pod again.
		details.Engine, details.Project, details.Service, details.Pod = "kubernetes", c.Labels[labelPodSpace], pod, c.Labels[labelPodUID]
	} else {
		word := c.ID[:12]
		if isPlainName(c.Name) {
			word = c.Name
		}
		m.Stop = append(slices.Clone(a.Client), "stop", word)
		m.Start = append(slices.Clone(a.Client), "start", word)
	}
	if c.Policy == nil {
		return
	}
	m.Policy = *c.Policy
	switch m.Policy {
	case "":
		m.Policy = "no" // Podman's word for it is none at all
		fallthrough
	case "no":
		m.Restarts = new(false)
	default:
		m.Restarts = new(true)
	}
}

// forwards tells where in the container what arrives at a published port goes.
func forwards(q *question, c *Container) string {
	for _, p := range c.Ports {
		if q.redirect != nil {
			return target(q.redirect)
		}
		if publishes(p, q.socket, q.id != "") {
			return fmt.Sprintf("%s:%d", bracket(c.Address[0].String(), c.Address[0].Is6()), p.ContainerPort)
		}
	}
	return ""
}

func bracket(text string, needed bool) string {
	if needed {
		return "[" + text + "]"
	}
	return text
}

// mostReason bounds what an engine can say through an error.
const mostReason = 200

// gaps tells which engines did not answer. Where nobody knows whether there is
// a container at all, an engine that may not be asked or does not run is
// nothing to speak of.
func gaps(answers []Answer, open bool) []host.Gap {
	var out []host.Gap
	for i := range answers {
		a := &answers[i]
		quiet := errors.Is(a.Err, fs.ErrPermission) || errors.Is(a.Err, syscall.ECONNREFUSED) || errors.Is(a.Err, fs.ErrNotExist)
		if a.Err == nil || quiet && !open {
			continue
		}
		gap := host.Gap{
			Source: string(a.Kind), Subject: "containers of the engine at " + a.Socket, Reason: a.Err.Error()[:min(len(a.Err.Error()), mostReason)], HoldersOnly: true,
		}
		switch {
		case errors.Is(a.Err, fs.ErrPermission):
			gap.Reason, gap.Hint = "permission denied", "run as root, for example with sudo"
		case errors.Is(a.Err, syscall.ECONNREFUSED):
			gap.Reason, gap.Hint = "nothing answers on the socket", "start the engine"
		}
		out = append(out, gap)
	}
	return out
}
