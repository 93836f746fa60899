package diagnose

import (
	"path"
	"path/filepath"
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// mineFinding says that the project itself has the port already, which fails
// nothing.
func mineFinding(c *checker, w *wanted) (report.Finding, bool) {
	if !w.judged() || w.result == nil || !c.isMine(w, w.result) {
		return report.Finding{}, false
	}
	blockers, _ := c.blockersOf(w.result)
	name, _ := who(c.snap, blockers...)
	f := explained(report.Finding{ID: report.FindingMine, Severity: report.SeverityNote}, w.result, func(id report.CauseID) bool { return !isOdd(id) })
	f.Summary = subjectOf(w.result) + " is in use by this project itself: " + name + inCharge(blockers)
	f.Remedies = nil // nothing has to be done
	return f, true
}

// subjectOf is what the summary of a result is about.
func subjectOf(r *report.Result) string {
	return (&view{protocol: r.Target.Protocol, number: r.Target.Port, target: port.Target{Host: r.Target.Address}}).subject()
}

// isMine reports whether everything in the way of a declared port belongs to
// the project. What an engine publishes must be the container of that very
// service: any other program would keep it from being published.
func (c *checker) isMine(w *wanted, r *report.Result) bool {
	if w.declaration == nil || !inUse(r) {
		return false
	}
	blockers, all := c.blockersOf(r)
	return all && !slices.ContainsFunc(blockers, func(s *host.Socket) bool { return !c.isOwn(w.declaration, s) })
}

func (c *checker) isOwn(d *report.Declaration, s *host.Socket) bool {
	m := containerOf(s)
	switch {
	case byEngine(d):
		return m != nil && c.ownService(d, m.Container)
	case m != nil:
		return m.Container != nil && c.isFolder(m.Container.WorkingDir)
	}
	return c.ownProcess(s)
}

// byEngine reports whether a container engine or a cluster binds the port.
func byEngine(d *report.Declaration) bool {
	switch d.Format {
	case report.FormatCompose, report.FormatKubernetes, report.FormatKind:
		return d.Use == report.UsePublish
	}
	return false
}

// containerOf is the container that is in charge of a socket, or nil.
func containerOf(s *host.Socket) *host.Manager {
	if m := charge(s); m != nil && m.Kind == host.ManagerContainer {
		return m
	}
	return nil
}

// ownService reports whether a container is the one that compose made for the
// declaration's service. A project of the same name that was started from
// another folder is another one, though compose would take it for its own.
func (c *checker) ownService(d *report.Declaration, container *host.Container) bool {
	return container != nil && d.Project != "" && container.Project == d.Project && container.Service == d.Name &&
		(container.WorkingDir == "" || c.isFolder(container.WorkingDir) || c.isFolderOf(d, container.WorkingDir))
}

func (c *checker) isFolder(dir string) bool {
	return dir != "" && slices.Contains(c.preflight.Folders, dir)
}

// isFolderOf reports whether a path is the folder of the declaration's file, or
// of the file that the command line names first, which is the one that compose
// takes for the project's.
func (c *checker) isFolderOf(d *report.Declaration, dir string) bool {
	files := []string{d.File}
	if len(c.preflight.Files) > 0 {
		files = append(files, c.preflight.Files[0])
	}
	for _, name := range files {
		for _, folder := range c.preflight.Folders {
			of := filepath.Join(folder, filepath.FromSlash(path.Dir(name)))
			if path.IsAbs(name) {
				of = filepath.FromSlash(path.Dir(name))
			}
			if of == dir {
				return true
			}
		}
	}
	return false
}

// ownProcess reports whether all who hold a socket work in the project's
// folder.
func (c *checker) ownProcess(s *host.Socket) bool {
	if len(s.Holders) == 0 || len(c.preflight.Folders) == 0 {
		return false
	}
	return !slices.ContainsFunc(s.Holders, func(h host.Holder) bool {
		alone := &host.Socket{Holders: []host.Holder{h}}
		return !slices.ContainsFunc(c.preflight.Folders, func(folder string) bool { return worksIn(c.snap, alone, folder) })
	})
}
