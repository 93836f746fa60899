package manage

import (
	"fmt"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

// shellJob recognises a process that a person started from a shell on a
// terminal. The shell is the nearest ancestor that is a shell and stands in
// another process group: job control gives each job a group of its own
// (setpgid(2)), while a shell that runs a script, as npm does, is part of the
// job.
func (v *view) shellJob(p *host.Process) (host.Manager, bool) {
	if p.TTY == "" {
		return host.Manager{}, false
	}
	for _, parent := range v.ancestors(p) {
		if p.Session != 0 && parent.Session != 0 && parent.Session != p.Session {
			break // it left that shell's session: no job of it
		}
		shell := shellName(parent)
		if shell == "" || p.ProcessGroup != 0 && parent.ProcessGroup == p.ProcessGroup {
			continue
		}
		tty := strings.TrimPrefix(p.TTY, "/dev/")
		return host.Manager{
			Kind:     host.ManagerShell,
			Name:     shell + " job on " + tty,
			ID:       tty,
			PID:      parent.PID,
			Evidence: fmt.Sprintf("started by %s (pid %d) on %s", shell, parent.PID, tty),
		}, true
	}
	return host.Manager{}, false
}

// shellName returns the name of the shell that a process runs, or "". A login
// shell has a "-" before its name.
func shellName(p *host.Process) string {
	names := []string{p.Name}
	if len(p.Command) > 0 {
		names = append(names, base(p.Command[0]))
	}
	for _, name := range names {
		switch name = strings.TrimSuffix(strings.TrimPrefix(name, "-"), ".exe"); name {
		case "bash", "zsh", "fish", "sh", "dash", "ksh", "mksh", "ash", "tcsh", "csh", "nu", "pwsh", "powershell", "elvish", "xonsh":
			return name
		}
	}
	return ""
}

// ancestors lists the parents of a process, nearest first, as far as the
// snapshot holds them. A snapshot from a file may hold a circle.
func (v *view) ancestors(p *host.Process) []*host.Process {
	var out []*host.Process
	for range len(v.snap.Processes) {
		parent := v.snap.Process(p.PPID)
		if parent == nil || parent.PID == p.PID {
			break
		}
		out = append(out, parent)
		p = parent
	}
	return out
}
