package host

import (
	"sort"
	"strings"
)

// Redacted stands where a value was removed on purpose.
const Redacted = "[redacted]"

// Redact returns a copy of the snapshot without what people keep out of bug
// reports: command lines beyond the program, folders and projects, where
// tunnels lead, user names and the machine's name. Ports, addresses, pids and
// process names stay, because a report cannot be made again without them.
func Redact(s *Snapshot) *Snapshot {
	out := *s
	out.Host.Name = Redacted
	out.Processes = make([]Process, len(s.Processes))
	for i, p := range s.Processes {
		if len(p.Command) > 1 {
			p.Command = []string{p.Command[0], Redacted}
		}
		if p.Cwd != "" {
			p.Cwd = Redacted
		}
		if p.Exe != "" {
			p.Exe = Redacted
		}
		p.Project = nil
		out.Processes[i] = p
	}
	out.Sockets = redactSockets(s.Sockets)
	out.Namespaces = append([]Namespace(nil), s.Namespaces...)
	for i := range out.Namespaces {
		out.Namespaces[i].Sockets = redactSockets(out.Namespaces[i].Sockets)
	}
	out.Users = make(map[uint32]string, len(s.Users))
	for uid, name := range s.Users {
		if uid != 0 {
			name = Redacted
		}
		out.Users[uid] = name
	}
	return &out
}

// redactSockets takes the folders, the addresses behind tunnels and the user
// names out of what is said about managers.
func redactSockets(sockets []Socket) []Socket {
	if sockets == nil {
		return nil
	}
	out := make([]Socket, len(sockets))
	for i, s := range sockets {
		s.Managers = append([]Manager(nil), s.Managers...)
		for n := range s.Managers {
			m := &s.Managers[n]
			if m.Kind == ManagerUnit || m.Kind == ManagerSocketUnit || m.Kind == ManagerContainer {
				continue
			}
			m.Stop, m.Start = redactCommand(m.Stop), redactCommand(m.Start)
			if m.Forwards != "" {
				m.Forwards = Redacted
			}
			if strings.ContainsAny(m.ID, `/\`) {
				m.ID = Redacted
			}
			if name, _, ok := strings.Cut(m.Name, " of "); ok && m.Kind == ManagerSession {
				m.Name = name
				m.Evidence = Redacted
			}
		}
		out[i] = s
	}
	return out
}

func redactCommand(command []string) []string {
	if len(command) < 2 {
		return command
	}
	return []string{command[0], Redacted}
}

func sortProcesses(processes []Process) {
	sort.Slice(processes, func(i, j int) bool { return processes[i].PID < processes[j].PID })
}
