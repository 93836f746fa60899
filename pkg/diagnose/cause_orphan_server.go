package diagnose

import (
	"fmt"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func orphanServer(v *view) (report.Cause, bool) {
	blocking := v.blocking()
	var blockers []*host.Socket
	pids := []int32{}
	gone := ""
	for _, s := range append(only(v.serving, blocking), only(v.bound, blocking)...) {
		if charge(s) != nil || isLookedAfter(s) {
			continue // somebody looks after it
		}
		found := pidsWhere([]*host.Socket{s}, func(h host.Holder) bool { return v.isOrphanProcess(h.PID) })
		if len(found) == 0 {
			continue
		}
		blockers = append(blockers, s)
		for _, pid := range found {
			pids = withElement(pids, pid)
			if cwd := v.snap.Process(pid).Cwd; strings.HasSuffix(cwd, deletedSuffix) {
				gone = strings.TrimSuffix(cwd, deletedSuffix)
			}
		}
	}
	if len(pids) == 0 {
		return report.Cause{}, false
	}
	name, plural := whoAre(v.snap, pids)
	cause := report.Cause{
		ID:         CauseOrphanServer,
		Confidence: report.Likely,
		Summary:    fmt.Sprintf("%s %s outlived the terminal or program that started %s", name, verb("has", "have", plural), verb("it", "them", plural)),
		Evidence:   map[string]any{"sockets": ids(blockers), "pids": pids},
		Remedies:   v.stopRemedies(blockers),
	}
	if gone != "" {
		cause.Confidence = report.Certain
		cause.Summary += ", and its folder " + gone + " has been deleted"
		cause.Evidence["deleted_folder"] = gone
	}
	return cause, true
}

// isLookedAfter reports whether something keeps the server going, or it is a
// daemon that is meant to outlive what started it.
func isLookedAfter(s *host.Socket) bool {
	for _, m := range s.Managers {
		switch m.Kind {
		case host.ManagerSupervisor, host.ManagerWatcher, host.ManagerDaemon:
			return true
		}
	}
	return false
}

// deletedSuffix is what Linux adds to the path of a folder that is no more
// (d_path in fs/d_path.c).
const deletedSuffix = " (deleted)"

// isOrphanProcess reports whether a process was left behind: who began its
// session has ended, it has no terminal, and it was handed to init or to the
// user's systemd. A program that made itself a daemon looks the same but for
// its folder, which is / then (daemon(3)).
func (v *view) isOrphanProcess(pid int32) bool {
	p := v.snap.Process(pid)
	if p == nil || p.SessionLeaderGone == nil || !*p.SessionLeaderGone || p.TTY != "" || p.Cwd == "" || p.Cwd == "/" || pid == 1 {
		return false
	}
	if p.PPID == 1 {
		return true
	}
	parent := v.snap.Process(p.PPID)
	return parent != nil && parent.Name == "systemd" && parent.PPID == 1
}
