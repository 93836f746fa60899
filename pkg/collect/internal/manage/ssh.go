package manage

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

// sshCommand is what the arguments of ssh(1) say.
type sshCommand struct {
	destination string
	// local and dynamic are the listening sides here, remote ones are on the
	// other end.
	forwards []sshForward
}

// sshForward is one -L or -D.
type sshForward struct {
	port uint16
	// to is host:port or the path of a Unix socket; empty for SOCKS.
	to string
}

// sshWithValue are the options of ssh(1) that take a value (its getopt string
// in ssh.c).
const sshWithValue = "BbcDEeFIiJLlmOoPpQRSWw"

// parseSSH reads the arguments as OpenSSH does: options may be joined, their
// values may follow without a space, and more options may stand after the
// destination, but not after the command.
func parseSSH(args []string) sshCommand {
	var out sshCommand
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			if out.destination == "" && i+1 < len(args) {
				out.destination = args[i+1]
			}
			return out
		}
		if len(arg) < 2 || arg[0] != '-' {
			if out.destination != "" {
				return out // the command to run there
			}
			out.destination = arg
			continue
		}
		for n := 1; n < len(arg); n++ {
			if !strings.ContainsRune(sshWithValue, rune(arg[n])) {
				continue
			}
			value := arg[n+1:]
			if value == "" && i+1 < len(args) {
				i++
				value = args[i]
			}
			out.option(arg[n], value)
			break
		}
	}
	return out
}

func (c *sshCommand) option(letter byte, value string) {
	switch letter {
	case 'L':
		c.add(value, false)
	case 'D':
		c.add(value, true)
	case 'o':
		key, rest, ok := strings.Cut(value, "=")
		if !ok {
			key, rest, _ = strings.Cut(value, " ")
		}
		rest = strings.TrimSpace(rest)
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "localforward":
			// LocalForward has a space where -L has a colon (ssh_config(5)).
			c.add(strings.Join(strings.Fields(rest), ":"), false)
		case "dynamicforward":
			c.add(rest, true)
		}
	}
}

// add reads [bind:]port for a dynamic forwarding, [bind:]port:host:hostport or
// [bind:]port:path for a local one.
func (c *sshCommand) add(spec string, dynamic bool) {
	fields := splitColons(spec)
	if dynamic {
		if port, err := strconv.ParseUint(fields[len(fields)-1], 10, 16); err == nil {
			c.forwards = append(c.forwards, sshForward{port: uint16(port)})
		}
		return
	}
	last := fields[len(fields)-1]
	var at int
	var to string
	switch {
	case strings.HasPrefix(last, "/") && len(fields) >= 2:
		at, to = len(fields)-2, last
	case len(fields) >= 3:
		at, to = len(fields)-3, fields[len(fields)-2]+":"+last
	default:
		return
	}
	if port, err := strconv.ParseUint(fields[at], 10, 16); err == nil {
		c.forwards = append(c.forwards, sshForward{uint16(port), to})
	}
}

// splitColons parts at colons outside of brackets, in which IPv6 addresses
// stand.
func splitColons(spec string) []string {
	var out []string
	depth, begin := 0, 0
	for i := range len(spec) {
		switch spec[i] {
		case '[':
			depth++
		case ']':
			depth--
		case ':':
			if depth <= 0 {
				out = append(out, spec[begin:i])
				begin = i + 1
			}
		}
	}
	return append(out, spec[begin:])
}

// ssh describes a client of ssh that listens here.
func (v *view) ssh(m *host.Manager, s *host.Socket, p *host.Process, r running) {
	m.Name = "ssh"
	if control, ok := sshControl(r.title); ok {
		m.Name, m.ID, m.Forwards = "ssh master", control, "the other end of its ssh connection"
		m.Evidence = fmt.Sprintf("the title of pid %d: a multiplexing master", p.PID)
		if path.IsAbs(control) && !v.inside(p) {
			// -O exit wants a host name, and does not connect to it.
			m.Stop = v.asOwner(p, []string{"ssh", "-S", control, "-O", "exit", "localhost"})
		}
		return
	}
	if r.program != "ssh" {
		return
	}
	c := parseSSH(r.args)
	to := "the other end of its connection"
	for _, f := range c.forwards {
		switch {
		case f.port != s.Local.Port():
		case f.to == "":
			to = "any address (SOCKS)"
		default:
			to = f.to
		}
	}
	m.Forwards = to + " over ssh"
	if c.destination != "" {
		m.Forwards += " to " + c.destination
	}
	parent := v.snap.Process(p.PPID)
	if parent != nil && parent.PID != p.PID && runs(parent).program == "autossh" {
		m.Name, m.PID = "autossh", parent.PID
		m.Restarts, m.Policy = new(true), "autossh"
		m.Evidence = fmt.Sprintf("started by autossh (pid %d)", parent.PID)
	}
}

// sshControl reads the title of a multiplexing master that went to the
// background: "ssh: /home/ana/.ssh/ctl [mux]" (muxserver_listen in mux.c).
func sshControl(title string) (string, bool) {
	rest, ok := strings.CutPrefix(title, "ssh: ")
	rest, end := strings.CutSuffix(strings.TrimSpace(rest), " [mux]")
	return rest, ok && end && rest != ""
}
