package text

import (
	"cmp"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// Viewer is who looks at a list, and from where.
type Viewer struct {
	// Folder is the working folder; empty for none.
	Folder string
	// Home is the person's own folder, which is nobody's project.
	Home string
	// User is the name of the user, the number where there is no name; empty
	// where the system has none.
	User string
}

// groupKind is what the entries of a group have in common. The order is that
// of the list: what a developer looks for comes first.
type groupKind int

const (
	groupHere       groupKind = iota // the project of the viewer's folder
	groupProject                     // another project
	groupCompose                     // a compose project, or another group of containers
	groupContainers                  // containers of no project
	groupMine                        // other programs of the viewer
	groupSystem                      // what systemd runs for the machine
	groupOthers                      // what is another user's, or nobody's
)

// folds reports whether the entries of such a group may be told in one line.
func (k groupKind) folds() bool { return k >= groupSystem }

// group is entries that belong together.
type group struct {
	kind groupKind
	// name is the folder or the name of the project; empty where the kind says
	// all.
	name string
	// project is of the first entry that has one; nil otherwise.
	project *host.Project
	entries []entry
	// folded are entries that are told in one line.
	folded []entry
}

// groupsOf puts entries into groups, sorted by kind and name. The entries keep
// their order.
func groupsOf(entries []entry, viewer Viewer) []group {
	type key struct {
		kind groupKind
		name string
	}
	var out []group
	at := map[key]int{}
	for _, e := range entries {
		kind, name, project := e.belongs(viewer)
		k := key{kind, name}
		if kind == groupHere {
			k.name = "" // there is one
		}
		i, seen := at[k]
		if !seen {
			i = len(out)
			at[k] = i
			out = append(out, group{kind: kind, name: name})
		}
		if g := &out[i]; g.project == nil && project != nil {
			g.name, g.project = name, project
		}
		out[i].entries = append(out[i].entries, e)
	}
	slices.SortFunc(out, func(a, b group) int { return cmp.Or(cmp.Compare(a.kind, b.kind), strings.Compare(a.name, b.name)) })
	return out
}

// about is what can be said of the whole group: of a repository with several
// projects, the repository alone.
func (g group) about() *host.Project {
	for _, e := range g.entries {
		for _, h := range holdersOf(e.sockets) {
			if h.Project != nil && h.Project.Folder != g.project.Folder {
				return &host.Project{Folder: g.name, Repository: g.project.Repository, Branch: g.project.Branch, Worktree: g.project.Worktree}
			}
		}
	}
	return g.project
}

// fold has the groups that may be folded told in a line each. What commonly
// gives something away and is reachable from outside stays a line of its own,
// and where nothing else is there, nothing is folded.
func fold(groups []group) {
	if !slices.ContainsFunc(groups, func(g group) bool { return !g.kind.folds() }) {
		return
	}
	for i := range groups {
		g := &groups[i]
		if !g.kind.folds() {
			continue
		}
		var shown []entry
		for _, e := range g.entries {
			if _, risk := riskNote(e.first(), e.info); risk.IsEmpty() {
				g.folded = append(g.folded, e)
			} else {
				shown = append(shown, e)
			}
		}
		g.entries = shown
	}
}

// belongs tells the group of an entry. A project of source code says more than
// who runs it, a container more than its user.
func (e entry) belongs(viewer Viewer) (groupKind, string, *host.Project) {
	container := e.manager(host.ManagerContainer)
	if container != nil {
		return belongsContainer(container.Container, viewer)
	}
	holders := holdersOf(e.sockets)
	for _, h := range holders {
		if h.Project == nil {
			continue
		}
		top := cmp.Or(h.Project.Repository, h.Project.Folder)
		if viewer.isIn(top) {
			return groupHere, top, h.Project
		}
		return groupProject, top, h.Project
	}
	for _, h := range holders {
		if viewer.hasProject() && isWithin(h.Cwd, viewer.Folder) {
			return groupHere, viewer.Folder, nil
		}
	}
	mine := e.isOf(viewer.User)
	if unit := cmp.Or(e.manager(host.ManagerUnit), e.manager(host.ManagerSocketUnit)); unit != nil && !(mine && isOwnUnit(unit)) {
		return groupSystem, "", nil
	}
	if mine {
		return groupMine, "", nil
	}
	return groupOthers, "", nil
}

func belongsContainer(c *host.Container, viewer Viewer) (groupKind, string, *host.Project) {
	switch {
	case c != nil && c.WorkingDir != "" && viewer.isIn(c.WorkingDir):
		return groupHere, c.WorkingDir, nil
	case c != nil && c.Project != "":
		return groupCompose, c.Project, nil
	}
	return groupContainers, "", nil
}

// manager is the nearest manager of a kind, or nil.
func (e entry) manager(kind host.ManagerKind) *host.Manager {
	for _, s := range e.sockets {
		if i := slices.IndexFunc(s.Managers, func(m host.Manager) bool { return m.Kind == kind }); i >= 0 {
			return &s.Managers[i]
		}
	}
	return nil
}

// isOf reports whether a holder belongs to the user, or where none is known the
// socket.
func (e entry) isOf(user string) bool {
	holders := holdersOf(e.sockets)
	if user == "" {
		return false
	}
	if len(holders) == 0 {
		return e.first().User == user && e.first().HolderStatus != host.HoldersKernel
	}
	return slices.ContainsFunc(holders, func(h report.Holder) bool { return h.User == user })
}

// isOwnUnit reports whether a unit is one of the user's own systemd, where
// programs of a desktop are units as well.
func isOwnUnit(m *host.Manager) bool { return slices.Contains(m.Stop, "--user") }

// hasProject reports whether the viewer's folder can be somebody's project.
func (v Viewer) hasProject() bool {
	return v.Folder != "" && v.Folder != "/" && v.Folder != strings.TrimRight(v.Home, `/\`)
}

// isIn reports whether the viewer is in a folder, or in one below it.
func (v Viewer) isIn(folder string) bool {
	return v.hasProject() && folder != "/" && folder != strings.TrimRight(v.Home, `/\`) && isWithin(v.Folder, folder)
}

// isWithin reports whether a path is a folder or lies in it.
func isWithin(path, folder string) bool {
	rest, ok := strings.CutPrefix(path, folder)
	return path != "" && folder != "" && ok && (rest == "" || rest[0] == '/' || rest[0] == '\\')
}

// portOf writes an entry's port as portwho takes it: a number alone is TCP.
func (e entry) portOf() string {
	if e.protocol == port.TCP {
		return portNumber(e.number)
	}
	return portName(e.number, e.protocol)
}
