package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// again says how to start what is stopped: by the command of what was in
// charge, else by the command line of the process in its folder. What was in
// the process's environment is never read, so it is missing.
func (p *planner) again() []report.Remedy {
	out := []report.Remedy{}
	add := func(r report.Remedy) {
		same := func(o report.Remedy) bool { return slices.Equal(o.Command, r.Command) && o.Summary == r.Summary }
		if !slices.ContainsFunc(out, same) {
			out = append(out, r)
		}
	}
	for _, c := range p.commands {
		if argv := startCommand(&c.Manager); len(argv) > 0 {
			add(report.Remedy{Summary: "start " + c.Manager.Name + " again", Command: argv})
		} else {
			for _, v := range p.origins(c.Processes) {
				add(startProcess(v))
			}
		}
	}
	for _, v := range p.origins(p.victims) {
		add(startProcess(v))
	}
	return out
}

// startCommand is the opposite of a manager's stop.
func startCommand(m *host.Manager) []string {
	if len(m.Start) > 0 {
		return slices.Clone(m.Start)
	}
	switch m.Kind {
	case host.ManagerContainer, host.ManagerUnit, host.ManagerSocketUnit, host.ManagerSupervisor:
	default:
		return nil
	}
	// A name could be "stop" as well: it stands behind the command.
	i := slices.Index(m.Stop, "stop")
	if i < 0 {
		return nil
	}
	argv := slices.Clone(m.Stop)
	argv[i] = "start"
	return argv
}

// origins are the processes that a person started: those whose parent is not
// stopped with them. What leads the others starts them again by itself.
func (p *planner) origins(list []report.Victim) []report.Victim {
	var out []report.Victim
	led := slices.ContainsFunc(list, func(v report.Victim) bool { return v.Role == report.RoleWatcher })
	for _, v := range list {
		if v.Role == report.RoleChild || v.PID == 1 {
			continue
		}
		if process := p.snap.Process(v.PID); process != nil {
			if hasVictim(list, process.PPID) || led && v.Role != report.RoleWatcher && p.belowWatcher(list, process) {
				continue
			}
		}
		out = append(out, v)
	}
	return out
}

// belowWatcher reports whether one of the list's watchers is above a process.
func (p *planner) belowWatcher(list []report.Victim, process *host.Process) bool {
	for range len(p.snap.Processes) {
		if slices.ContainsFunc(list, func(v report.Victim) bool { return v.PID == process.PPID && v.Role == report.RoleWatcher }) {
			return true
		}
		if process = p.snap.Process(process.PPID); process == nil {
			return false
		}
	}
	return false
}

// startProcess is how a person would start the process again.
func startProcess(v report.Victim) report.Remedy {
	name := v.Name
	if name == "" {
		name = "the process"
	}
	r := report.Remedy{Summary: "start " + name + " again", Command: []string{}}
	// A process may write a title over its arguments, which is no command.
	title := len(v.Command) == 1 && strings.ContainsAny(v.Command[0], " \t")
	if len(v.Command) == 0 || title {
		r.Summary += "; its command line is not known"
		return r
	}
	r.Command = slices.Clone(v.Command)
	switch folder := v.Cwd; {
	case strings.HasSuffix(folder, deletedSuffix):
		r.Summary += fmt.Sprintf("; its folder %s has been deleted", strings.TrimSuffix(folder, deletedSuffix))
	case strings.HasPrefix(folder, "/") && folder != "/":
		r.Summary += " in " + folder
		words := make([]string, 0, len(v.Command))
		for i, word := range v.Command {
			// The first word with "=" would be an assignment.
			words = append(words, shellWord(word, i == 0))
		}
		r.Command = []string{"sh", "-c", "cd " + shellWord(folder, false) + " && " + strings.Join(words, " ")}
	case folder != "" && folder != "/":
		r.Summary += " in " + folder
	}
	return r
}

// shellWord writes a word for sh(1).
func shellWord(word string, first bool) string {
	plain := func(c rune) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			strings.ContainsRune("-_./:@%+,", c) || c == '=' && !first
	}
	if word != "" && strings.IndexFunc(word, func(c rune) bool { return !plain(c) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
