package diagnose

import (
	"slices"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

// keepsCharge applies the filters about who is in charge and where the server
// comes from.
func (f Filter) keepsCharge(snap *host.Snapshot, s *host.Socket) bool {
	switch {
	case f.Orphans && !isOrphaned(snap, s):
		return false
	case f.Mine && !isMine(snap, s):
		return false
	case f.Project != "" && !worksIn(snap, s, f.Project):
		return false
	case f.Container != "" && !slices.ContainsFunc(s.Managers, func(m host.Manager) bool { return isContainerCalled(&m, f.Container) }):
		return false
	case f.Unit != "" && !slices.ContainsFunc(s.Managers, func(m host.Manager) bool { return isUnitCalled(&m, f.Unit) }):
		return false
	}
	return true
}

// isOrphaned is the rule of CauseOrphanServer for one socket.
func isOrphaned(snap *host.Snapshot, s *host.Socket) bool {
	v := &view{judge: judge{snap: snap}}
	return charge(s) == nil && slices.ContainsFunc(s.Holders, func(h host.Holder) bool { return v.isOrphanProcess(h.PID) })
}

// isMine reports whether a socket is the viewer's. Where the system has no
// uids nothing is.
func isMine(snap *host.Snapshot, s *host.Socket) bool {
	return snap.Viewer.UID != nil && belongsTo(snap, s, strconv.FormatUint(uint64(*snap.Viewer.UID), 10))
}

// worksIn reports whether a holder, or the container that has the port, works
// in a folder.
func worksIn(snap *host.Snapshot, s *host.Socket, folder string) bool {
	for _, h := range s.Holders {
		p := snap.Process(h.PID)
		if p == nil {
			continue
		}
		if within(strings.TrimSuffix(p.Cwd, deletedSuffix), folder) {
			return true
		}
		if p.Project != nil && (within(p.Project.Folder, folder) || within(p.Project.Repository, folder)) {
			return true
		}
	}
	return slices.ContainsFunc(s.Managers, func(m host.Manager) bool {
		return m.Container != nil && within(m.Container.WorkingDir, folder)
	})
}

// within reports whether a path is a folder or lies in it.
func within(path, folder string) bool {
	rest, ok := strings.CutPrefix(path, folder)
	return path != "" && ok && (rest == "" || rest[0] == '/' || rest[0] == '\\' || strings.HasSuffix(folder, "/"))
}

// shortestID is how much of a container's id counts as one. Engines show 12
// digits and take fewer.
const shortestID = 4

// isContainerCalled compares with the name, the id or its beginning, and the
// name of the compose service or project.
func isContainerCalled(m *host.Manager, name string) bool {
	if m.Kind != host.ManagerContainer {
		return false
	}
	if m.Name == name || len(name) >= shortestID && strings.HasPrefix(m.ID, name) {
		return true
	}
	return m.Container != nil && (m.Container.Service == name || m.Container.Project == name)
}

func isUnitCalled(m *host.Manager, name string) bool {
	if m.Kind != host.ManagerUnit && m.Kind != host.ManagerSocketUnit {
		return false
	}
	for _, have := range []string{m.Name, m.ID} {
		plain := strings.TrimSuffix(strings.TrimSuffix(have, ".service"), ".socket")
		if have != "" && (have == name || plain == name) {
			return true
		}
	}
	return false
}
