package cli

// manual is what only the manual tells of a command: more than a screen of help
// has room for.
type manual struct {
	more               string
	environment, files []Entry
}

// manualOf is that of a command by its name.
func manualOf(name string) manual {
	switch name {
	case "portwho":
		return manual{
			more: `With targets, portwho tells for each who holds it, whether a server could bind it on 127.0.0.1, 0.0.0.0, ::1 and ::, which rule of the kernel says no, and what to do. An address in the target limits that to one bind.

With a flag that asks for a list, or without targets, it lists what listens. The note at the end of a line marks a port that others can reach and whose number many tools use that commonly give a stranger code to run (rce), control (admin) or data (db). The number does not prove that such a tool is there.

A process name, a command line and whatever else comes from outside is cleaned of control characters before it is shown. What could not be read is said, with the reason: run as root to see the processes of other users.`,
			environment: append(outputVariables(), engineVariables()...),
			files: append(machineFiles(),
				Entry{"/etc/hosts, /etc/gai.conf", "what localhost stands for, and which of its addresses is tried first"}),
		}
	case "kill":
		return manual{
			more: `To stop, portwho runs the command of what is in charge, as docker stop or systemctl stop. A process gets TERM, and KILL if it is still there after --timeout. Just before it acts, portwho looks again whether that is still the same process, container or unit, and that it still has the port.

Clients of the port are left alone, and so are process 1, portwho itself and what it runs in.`,
			environment: append(outputVariables(), engineVariables()...),
			files:       machineFiles(),
		}
	case "check":
		return manual{
			environment: append(outputVariables(), Entry{"GITHUB_ACTIONS, GITHUB_STEP_SUMMARY", "in a job of GitHub Actions the format is github, and a table goes to the summary of the step"},
				Entry{"GITHUB_WORKSPACE, CI_PROJECT_DIR", "the root of the repository, from which files are named"},
				Entry{"COMPOSE_FILE, COMPOSE_PROFILES, COMPOSE_ENV_FILES", "as Compose reads them, with what else its files refer to"}),
			files: append(machineFiles(), Entry{"portwho.yaml", "ports, expectations and agreements of a project"}),
		}
	case "free":
		return manual{
			more:        `A port that nobody asked for by its number lies outside the range that the kernel gives to connections and outside what an administrator has reserved, and no browser refuses it.`,
			environment: leaseVariables(), files: leaseFiles(),
		}
	case "run":
		return manual{
			more: `The ports are held by sockets until the kernel executes the command, and leased as long as it lives. With --pass-fds the command gets sockets that listen, from descriptor 3 on, and the port is never loose.`,
			environment: append(leaseVariables(), Entry{"PORT", "set for the command where it has a single port and the variable is not set already"},
				Entry{"LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES", "set for the command with --pass-fds, as systemd does"}),
			files: leaseFiles(),
		}
	case "wait":
		return manual{environment: outputVariables(), files: machineFiles()}
	case "watch":
		return manual{environment: outputVariables(), files: machineFiles()}
	case "snapshot":
		return manual{environment: engineVariables(), files: machineFiles()}
	}
	return manual{}
}

func outputVariables() []Entry {
	return []Entry{
		{"NO_COLOR", "where it is set and not empty, text has no colour unless --color always"},
		{"TERM", "dumb is a terminal without colour"},
		{"COLUMNS", "how wide text may be, instead of what the terminal says"},
	}
}

func engineVariables() []Entry {
	return []Entry{
		{"DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG, CONTAINER_HOST", "where container engines are asked for the names of containers"},
		{"XDG_RUNTIME_DIR", "where the sockets of engines of your own are"},
	}
}

func leaseVariables() []Entry {
	return []Entry{
		{"XDG_RUNTIME_DIR", "where leases are noted"},
		{"TMPDIR", "where they are noted without it"},
	}
}

func leaseFiles() []Entry {
	return []Entry{{"$XDG_RUNTIME_DIR/portwho, $TMPDIR/portwho-UID", "the leases, a file for each port"}}
}

func machineFiles() []Entry {
	return []Entry{{"/proc", "where Linux shows processes, their descriptors and settings"}}
}
