package host

import "sort"

// Redacted stands where a value was removed on purpose.
const Redacted = "[redacted]"

// Redact returns a copy of the snapshot without what people keep out of bug
// reports: command lines beyond the program, folders, user names and the
// machine's name. Ports, addresses, pids and process names stay, because a
// report cannot be made again without them.
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
		out.Processes[i] = p
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

func sortProcesses(processes []Process) {
	sort.Slice(processes, func(i, j int) bool { return processes[i].PID < processes[j].PID })
}
