package diagnose

import (
	"path"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

const (
	// maxChain is how many links a chain has at most; of a longer one the
	// middle is left out.
	maxChain = 8
	// maxLink is how long a link may be, in bytes.
	maxLink = 60
)

// chain tells in words how the first holder of a socket came to be, outermost
// first: systemd, pm2, node server.js. A container is where it begins, because
// what is outside of it did not choose the program; so is a unit. Process 1
// adopts what others leave behind, so it is named only where a unit says that
// systemd started it.
func chain(snap *host.Snapshot, s *host.Socket) []string {
	out := []string{}
	if len(s.Holders) == 0 {
		return out
	}
	line := lineAbove(snap, s.Holders[0].PID)
	if len(line) == 0 {
		return out
	}
	container, unit := managerOf(s, host.ManagerContainer), managerOf(s, host.ManagerUnit)
	switch {
	case container != nil:
		out = append(out, "container "+container.Name)
		line = withinCgroup(line)
	case unit != nil:
		out = append(out, "systemd", unit.Name)
		line = withinCgroup(line)
	}
	for i := len(line) - 1; i >= 0; i-- {
		p := line[i]
		if p.PID == 1 || isWrapper(p) && i > 0 {
			continue
		}
		link := linkOf(s, p)
		if link == "" || len(out) > 0 && out[len(out)-1] == link {
			continue
		}
		out = append(out, link)
	}
	if len(out) > maxChain {
		out = slices.Concat(out[:2], []string{"…"}, out[len(out)-(maxChain-3):])
	}
	return out
}

// lineAbove is a process and its ancestors, nearest first. A snapshot from a
// file may hold a circle.
func lineAbove(snap *host.Snapshot, pid int32) []*host.Process {
	var line []*host.Process
	for p := snap.Process(pid); p != nil && !slices.Contains(line, p) && len(line) < 64; p = snap.Process(p.PPID) {
		line = append(line, p)
	}
	return line
}

// withinCgroup keeps the part of a line that has the holder's cgroup or one
// below a common unit: what is above started the unit or the container.
func withinCgroup(line []*host.Process) []*host.Process {
	own := line[0].Cgroup
	for i, p := range line {
		if p.Cgroup != own {
			return line[:i]
		}
	}
	return line
}

func managerOf(s *host.Socket, kind host.ManagerKind) *host.Manager {
	for i := range s.Managers {
		if s.Managers[i].Kind == kind {
			return &s.Managers[i]
		}
	}
	return nil
}

// isWrapper reports whether a process only runs a command for another, and
// says nothing by itself: sh -c COMMAND, the half of sshd that keeps root's
// rights, the inner of two processes of one program.
func isWrapper(p *host.Process) bool {
	if len(p.Command) == 0 {
		return false
	}
	switch strings.TrimPrefix(path.Base(p.Command[0]), "-") {
	case "sh", "bash", "dash", "ash", "zsh", "ksh":
		return len(p.Command) > 2 && isCommandOption(p.Command[1])
	case "env", "tini", "dumb-init", "nohup", "setsid":
		return true
	}
	return strings.HasPrefix(p.Command[0], "sshd: ") && strings.Contains(p.Command[0], "[priv]") ||
		strings.HasPrefix(p.Command[0], "sshd: ") && strings.Contains(p.Command[0], "[listener]")
}

// isCommandOption reports whether an option of a shell says that the next
// argument is a command: -c, -lc, -ec.
func isCommandOption(option string) bool {
	return len(option) > 1 && option[0] == '-' && option[1] != '-' && strings.Contains(option, "c")
}

// linkOf is one process in words: as its manager is called, else the program
// and its first argument that says something.
func linkOf(s *host.Socket, p *host.Process) string {
	for _, m := range s.Managers {
		if m.PID != p.PID || p.PID == 0 {
			continue
		}
		switch m.Kind {
		case host.ManagerSupervisor:
			name, _, _ := strings.Cut(m.Name, " ")
			return name
		case host.ManagerSession:
			name, _, _ := strings.Cut(m.Name, " of ")
			return name
		case host.ManagerWatcher:
			return m.Name
		}
	}
	return shortCommand(p)
}

// shortCommand is the program's base name and the first argument that is no
// option and no path of a program: node server.js, python3 -m http.server, npm
// run dev. A title is kept as it is.
func shortCommand(p *host.Process) string {
	if len(p.Command) == 0 {
		return cutLink(p.Name)
	}
	command := p.Command
	if strings.Contains(command[0], " ") && strings.Join(command[1:], "") == "" {
		if title, _, ok := strings.Cut(command[0], ": "); ok {
			return cutLink(title) // nginx: master process
		}
		if command = strings.Fields(command[0]); len(command) == 0 {
			return cutLink(p.Name)
		}
	}
	name := strings.TrimPrefix(baseName(command[0]), "-")
	if isShell(name) {
		return name
	}
	args := command[1:]
	words := []string{name}
	for i, arg := range args {
		if arg == "-m" && i+1 < len(args) && strings.HasPrefix(name, "py") {
			words = append(words, "-m", args[i+1])
			break
		}
		if arg == "" || strings.HasPrefix(arg, "-") || strings.Contains(arg, "=") {
			if !isInterpreter(name) {
				break // what follows may be the option's value
			}
			continue
		}
		word := baseName(arg)
		if word == "" {
			break
		}
		if i := strings.LastIndex(arg, "/node_modules/"); i >= 0 {
			word = packageName(arg[i+len("/node_modules/"):])
		}
		words = append(words, word)
		if word == "run" || word == "exec" { // npm run dev
			if i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
				words = append(words, baseName(args[i+1]))
			}
		}
		break
	}
	return cutLink(strings.Join(words, " "))
}

// isInterpreter reports whether a program runs the first argument that is no
// option.
func isInterpreter(name string) bool {
	switch strings.TrimRight(name, "0123456789.") {
	case "node", "nodejs", "deno", "bun", "python", "pypy", "ruby", "perl", "php", "java", "sudo":
		return true
	}
	return false
}

// packageName is the npm package that a path below node_modules belongs to.
func packageName(rest string) string {
	first, rest, _ := strings.Cut(rest, "/")
	second, _, _ := strings.Cut(rest, "/")
	if first == ".bin" || second == "" {
		return baseName(first + "/" + second)
	}
	if strings.HasPrefix(first, "@") {
		return first + "/" + second
	}
	return first
}

func isShell(name string) bool {
	switch name {
	case "bash", "zsh", "fish", "sh", "dash", "ksh", "mksh", "ash", "tcsh", "csh", "nu", "pwsh", "powershell", "elvish", "xonsh":
		return true
	}
	return false
}

// baseName is the last part of a path of either system.
func baseName(p string) string {
	p = strings.TrimRight(p, `/\`)
	return strings.TrimSuffix(p[strings.LastIndexAny(p, `/\`)+1:], ".exe")
}

func cutLink(text string) string {
	if len(text) <= maxLink {
		return text
	}
	return strings.ToValidUTF8(text[:maxLink], "") + "…"
}
