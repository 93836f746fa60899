package diagnose

import (
	"fmt"
	"slices"

	"github.com/portwho/portwho/pkg/report"
)

// takenFinding says that somebody else has the port, in the words of the
// result.
func takenFinding(c *checker, w *wanted) (report.Finding, bool) {
	if !w.judged() || w.result == nil || !inUse(w.result) || c.isMine(w, w.result) {
		return report.Finding{}, false
	}
	r := w.result
	f := report.Finding{ID: report.FindingTaken, Severity: report.SeverityError, Summary: r.Summary + c.likeOwn(w)}
	if w.isRange() {
		f.Summary = fmt.Sprintf("no port of %s is free: %s", w.name(), r.Summary)
	}
	f = explained(f, r, func(id report.CauseID) bool { return !isOdd(id) })
	if w.declaration != nil && byEngine(w.declaration) {
		f.Remedies = withoutOptions(f.Remedies, r)
	}
	commands := slices.IndexFunc(f.Remedies, func(r report.Remedy) bool { return len(r.Command) == 0 })
	if commands < 0 {
		commands = len(f.Remedies)
	}
	f.Remedies = slices.Insert(f.Remedies, commands, report.Remedy{
		Summary: "or find a free port near it and write that" + w.at(),
		Command: []string{"portwho", "free", "--near", fmt.Sprint(w.ports.First)},
	})
	return f, true
}

// withoutOptions leaves out what only a program that binds its own socket can
// do: an engine sets no option and keeps to the address in the file.
func withoutOptions(remedies []report.Remedy, r *report.Result) []report.Remedy {
	for _, c := range r.Causes {
		if c.ID != CauseDualStack && c.ID != CauseWildcardOverlap {
			continue
		}
		remedies = slices.DeleteFunc(remedies, func(said report.Remedy) bool {
			return slices.ContainsFunc(c.Remedies, func(o report.Remedy) bool { return o.Summary == said.Summary })
		})
	}
	return remedies
}

// likeOwn says, after a sentence about who has the port, why something that
// looks like the project's own is not.
func (c *checker) likeOwn(w *wanted) string {
	d := w.declaration
	if d == nil || !byEngine(d) {
		return ""
	}
	blockers, _ := c.blockersOf(w.result)
	for _, s := range blockers {
		m := containerOf(s)
		switch {
		case m == nil && c.ownProcess(s):
			return "; it works in this folder, and would have to end before " + d.Name + " can be published"
		case m == nil || m.Container == nil || m.Container.Service != d.Name:
		case m.Container.Project == d.Project && m.Container.WorkingDir != "":
			return "; that project was started from " + m.Container.WorkingDir
		}
	}
	return ""
}

// isOdd reports whether a cause is about something odd beside the bind, rather
// than about why it fails.
func isOdd(id report.CauseID) bool {
	switch id {
	case CauseShadowed, CauseNATRedirect, CauseLocalhostMismatch, CauseHung, CauseBoundToDevice, CauseContainerLoopbackOnly, CauseOtherNetworkNamespace, CauseBrowserBlocked:
		return true
	}
	return false
}
