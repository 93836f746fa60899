package manage

import "github.com/portwho/portwho/pkg/host"

// shortID is how much of a container's id people and engines show.
const shortID = 12

func short(id string) string { return id[:min(len(id), shortID)] }

// containers names the containers of a place, innermost first. Only the
// outermost can be stopped from here: the engine of an inner one runs inside
// the outer.
func (v *view) containers(p place, evidence string) []host.Manager {
	var out []host.Manager
	for i, c := range p.containers {
		m := host.Manager{Kind: host.ManagerContainer, Name: c.id, ID: c.id, Evidence: evidence}
		if isContainerID(c.id) {
			m.Name = short(c.id)
		}
		if c.engine != anyEngine {
			m.Container = &host.Container{Engine: string(c.engine), Pod: c.pod}
		}
		if i == len(p.containers)-1 && !p.outside {
			m.Stop = v.stopContainer(c, p.owner)
		}
		out = append(out, m)
	}
	return out
}

// stopContainer is the command that stops a container; nil where the path does
// not tell which engine to ask. A pod comes back when its container is
// stopped, and lxc, incus and pct share one kind of path.
func (v *view) stopContainer(c container, owner *uint32) []string {
	switch c.engine {
	case podman:
		return v.stopPodman(c.id, owner)
	case docker, nerdctl:
		// Below a user's own manager it is a rootless engine of that user, or
		// a cgroup the user has named to look like somebody else's container.
		if viewer := v.snap.Viewer.UID; owner == nil || viewer != nil && *viewer == *owner {
			return []string{string(c.engine), "stop", short(c.id)}
		}
	}
	return nil
}

// stopPodman takes into account that each user has containers of their own,
// which podman run by another does not see. A nil owner is root.
func (v *view) stopPodman(id string, owner *uint32) []string {
	stop := []string{"podman", "stop", short(id)}
	viewer := v.snap.Viewer.UID
	rootful := owner == nil || *owner == 0
	switch {
	case viewer == nil:
		return stop
	case rootful && *viewer == 0, !rootful && *viewer == *owner:
		return stop
	case rootful:
		return append([]string{"sudo"}, stop...)
	}
	return nil
}
