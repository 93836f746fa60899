package manage

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

// supervisor recognises what starts its programs again and has a command to
// stop one of them. The last of the line is the supervisor, the one before it
// the program that it runs.
func (v *view) supervisor(_ *host.Socket, line []*host.Process) (host.Manager, bool) {
	p := line[len(line)-1]
	var child *host.Process
	if len(line) > 1 {
		child = line[len(line)-2]
	}
	kind := Supervisor(p)
	if kind == "" {
		return host.Manager{}, false
	}
	if child == nil && kind != "pm2" {
		// It serves a port of its own, such as an HTTP interface. pm2 holds
		// the sockets of what it runs in cluster mode.
		return host.Manager{}, false
	}
	m := host.Manager{
		Kind: host.ManagerSupervisor, Name: kind, PID: p.PID,
		Evidence: fmt.Sprintf("started by %s (pid %d)", kind, p.PID),
		Restarts: new(true),
	}
	if child == nil {
		m.Evidence = fmt.Sprintf("%s (pid %d) holds the socket for a program that it runs", kind, p.PID)
	}
	var stop, start []string
	switch kind {
	case "runit":
		stop, start = v.inFolder(&m, p, "sv", "stop", "start")
	case "s6":
		stop, start = v.inFolder(&m, p, "s6-svc", "-d", "-u")
	case "daemontools":
		stop, start = v.inFolder(&m, p, "svc", "-d", "-u")
	case "pm2", "supervisord":
		stop, start = v.taskCommands(&m, p, child)
	case "forever":
		stop = []string{"forever", "stop", fmt.Sprint(child.PID)}
	}
	if !v.inside(p) {
		m.Stop, m.Start = v.commandFor(p, stop), v.commandFor(p, start)
	}
	return m, true
}

func (v *view) commandFor(p *host.Process, command []string) []string {
	if len(command) == 0 {
		return nil
	}
	return v.asOwner(p, command)
}

// inFolder is for supervisors of one program each, which work in its folder
// (runsv(8), s6-supervise, supervise).
func (v *view) inFolder(m *host.Manager, p *host.Process, tool, down, up string) (stop, start []string) {
	task, ok := v.known.Tasks[p.PID]
	if !ok || !path.IsAbs(task.Config) {
		return nil, nil
	}
	m.Name, m.ID = m.Name+" "+task.Name, task.Config
	return []string{tool, down, task.Config}, []string{tool, up, task.Config}
}

// taskCommands is for supervisors that call their programs by name.
func (v *view) taskCommands(m *host.Manager, p, child *host.Process) (stop, start []string) {
	task, ok := v.known.Tasks[p.PID]
	if child != nil {
		task, ok = v.known.Tasks[child.PID]
	}
	if !ok || task.Supervisor != p.PID || !isTaskName(task.Name) {
		return nil, nil
	}
	if task.Restarts != nil {
		m.Restarts = task.Restarts
	}
	m.Policy = task.Policy
	m.ID = task.Name
	tool := []string{"supervisorctl"}
	if m.Name == "pm2" {
		tool = []string{"pm2"}
		if task.Config != "" {
			tool = []string{"env", "PM2_HOME=" + task.Config, "pm2"}
		}
	} else if task.Config != "" {
		tool = []string{"supervisorctl", "-c", task.Config}
	}
	m.Name += " " + task.Name
	name := task.Name
	if tool[len(tool)-1] == "pm2" && task.ID != "" {
		// Several programs may have one name, and pm2 then stops them all.
		name = task.ID
	}
	return slices.Concat(tool, []string{"stop", name}), slices.Concat(tool, []string{"start", name})
}

// isTaskName reports whether a name can stand in a supervisor's command as one
// program and nothing else: no option, no pattern, and not all.
func isTaskName(name string) bool {
	return name != "" && name != "all" && !strings.HasPrefix(name, "-") && !strings.HasPrefix(name, "/") &&
		!strings.ContainsAny(name, " *\t\n\x00")
}

// Supervisor tells which supervisor a process is: pm2, supervisord, runit, s6,
// daemontools, forever, monit, circus or god; empty for other processes.
func Supervisor(p *host.Process) string {
	r := runs(p)
	if _, ok := titleOfPM2(p); ok {
		return "pm2"
	}
	if r.title != "" {
		return ""
	}
	switch r.script {
	case "":
		switch r.program {
		case "runsv":
			return "runit"
		case "s6-supervise":
			return "s6"
		case "supervise":
			return "daemontools"
		case "monit":
			return "monit"
		}
		if r.module == "supervisor.supervisord" {
			return "supervisord"
		}
		return ""
	}
	switch name := r.tool(); {
	case name == "supervisord" && interpreter(r.program) == "python":
		return "supervisord"
	case name == "circusd":
		return "circus"
	case name == "god" && r.program == "ruby":
		return "god"
	case (name == "forever" || name == "forever-monitor") && base(r.script) == "monitor" && interpreter(r.program) == "node":
		return "forever"
	}
	return ""
}

// PM2Home is the folder of a pm2 daemon, which its title tells: "PM2 v6.0.5:
// God Daemon (/home/ana/.pm2)".
//
// A title has no more room than the arguments had, so a long path is cut, and
// then false is returned: it would name another folder.
func PM2Home(p *host.Process) (string, bool) {
	rest, ok := titleOfPM2(p)
	home, end := strings.CutSuffix(strings.TrimSpace(rest), ")")
	if !ok || !end || path.Clean(home) != home {
		return "", false
	}
	return home, true
}

// titleOfPM2 is what the title of a pm2 daemon has behind the bracket.
func titleOfPM2(p *host.Process) (string, bool) {
	r := runs(p)
	rest, ok := strings.CutPrefix(r.title, "PM2 v")
	if !ok || p.Exe != "" && interpreter(r.program) != "node" {
		return "", false
	}
	_, rest, ok = strings.Cut(rest, ": God Daemon (")
	folder := path.Clean(strings.TrimSuffix(strings.TrimSpace(rest), ")"))
	return rest, ok && path.IsAbs(folder) && strings.HasPrefix(rest, folder)
}
