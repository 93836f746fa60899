package manage

import (
	"fmt"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

// tunnel recognises programs that pass what arrives at a port on to another
// place. Nobody serves the port here, and ending the program may end more than
// the port.
func (v *view) tunnel(s *host.Socket, p *host.Process) (host.Manager, bool) {
	m := host.Manager{Kind: host.ManagerForwarder, PID: p.PID, Evidence: fmt.Sprintf("the command line of pid %d", p.PID)}
	r := runs(p)
	switch {
	case r.program == "ssh" || p.Name == "ssh" && strings.HasPrefix(r.title, "ssh: "):
		v.ssh(&m, s, p, r)
	case sshUser(p) != "" && p.Name != "":
		// The sshd of a connection listens for nothing but that connection's
		// client: ssh -R, or X11 forwarding (sshd(8)).
		m.Name = "sshd"
		m.Forwards = "the ssh client of " + sshUser(p)
		m.Evidence = fmt.Sprintf("pid %d is the sshd of one connection", p.PID)
	case r.program == "kubectl" || r.program == "oc" || r.program == "k3s":
		m.Name = r.program + " port-forward"
		m.Forwards = kubectlTarget(r.args, s.Local.Port())
	case r.program == "socat" || r.program == "socat1":
		m.Name = "socat"
		m.Forwards = socatTarget(r.args)
	case r.program == "wslrelay":
		m.Name, m.Forwards = "wslrelay", "a server in WSL"
	default:
		if name := editor(r.program); name != "" {
			m.Name = name
			m.Forwards = "another machine or a container that " + name + " is connected to"
			m.Evidence = fmt.Sprintf("pid %d is %s, which listens for what it forwards", p.PID, name)
		}
	}
	return m, m.Forwards != ""
}

// editor names the editor whose process listens only for ports that it
// forwards: the command line's tunnel. The other processes of an editor also
// run extensions, which may serve a port of their own.
func editor(program string) string {
	switch program {
	case "code-tunnel":
		return "VS Code"
	case "cursor-tunnel":
		return "Cursor"
	case "windsurf-tunnel":
		return "Windsurf"
	}
	return ""
}

// kubectlTarget reads kubectl port-forward [-n NAMESPACE] KIND/NAME
// [LOCAL:]REMOTE…; empty where it runs something else or has another port.
func kubectlTarget(args []string, local uint16) string {
	var words []string
	namespace := ""
	for i := 0; i < len(args); i++ {
		flag, value, joined := strings.Cut(args[i], "=")
		switch {
		case !strings.HasPrefix(flag, "-"):
			words = append(words, args[i])
		case flag == "-n" || flag == "--namespace":
			if !joined && i+1 < len(args) {
				i++
				value = args[i]
			}
			namespace = value
		case joined:
		default:
			switch flag {
			case "--address", "--context", "--cluster", "--user", "--kubeconfig", "--pod-running-timeout", "-s", "--server", "--token", "--request-timeout", "--as":
				i++
			}
		}
	}
	if len(words) > 0 && words[0] == "kubectl" { // k3s kubectl
		words = words[1:]
	}
	if len(words) < 3 || words[0] != "port-forward" {
		return ""
	}
	target, ports := words[1], words[2:]
	if len(ports) > 1 && !strings.Contains(target, "/") && !isPortPair(ports[0]) {
		target, ports = target+"/"+ports[0], ports[1:] // service web 8080:80
	}
	remote := ""
	for _, pair := range ports {
		from, to, mapped := strings.Cut(pair, ":")
		if !mapped {
			to = from
		}
		if from == fmt.Sprint(local) || from == "" && len(ports) == 1 {
			remote = to
		}
	}
	if remote == "" {
		return ""
	}
	out := target + ":" + remote
	if namespace != "" {
		out += " in namespace " + namespace
	}
	return out
}

func isPortPair(word string) bool { return strings.Trim(word, "0123456789:") == "" }

// socatTarget reads the second address of socat(1) where it is on the other
// end of a network or a Unix socket; empty where socat serves the port itself,
// as with EXEC.
func socatTarget(args []string) string {
	var addresses []string
	for i := 0; i < len(args); i++ {
		if arg := args[i]; strings.HasPrefix(arg, "-") && arg != "-" {
			switch arg {
			case "-b", "-t", "-T", "-lf", "-L", "-W", "-r", "-R":
				i++
			}
			continue
		}
		addresses = append(addresses, args[i])
	}
	if len(addresses) != 2 {
		return ""
	}
	from, to := addresses[0], addresses[1]
	if !socatListens(from) {
		from, to = to, from
	}
	if !socatListens(from) || socatListens(to) {
		return ""
	}
	kind, rest, _ := strings.Cut(to, ":")
	rest, _, _ = strings.Cut(rest, ",")
	if rest == "" {
		return ""
	}
	switch strings.ToUpper(kind) {
	case "TCP", "TCP4", "TCP6", "TCP-CONNECT", "TCP4-CONNECT", "TCP6-CONNECT", "UDP", "UDP4", "UDP6",
		"UDP-CONNECT", "SSL", "OPENSSL", "OPENSSL-CONNECT", "SCTP", "SCTP-CONNECT", "UNIX", "UNIX-CONNECT", "UNIX-CLIENT", "GOPEN", "VSOCK", "VSOCK-CONNECT":
		return rest
	case "PROXY", "PROXY-CONNECT", "SOCKS", "SOCKS4", "SOCKS4A":
		proxy, beyond, ok := strings.Cut(rest, ":")
		if ok {
			return beyond + " through the proxy " + proxy
		}
	}
	return ""
}

func socatListens(address string) bool {
	kind, _, _ := strings.Cut(strings.ToUpper(address), ":")
	return strings.Contains(kind, "-LISTEN") || strings.Contains(kind, "-L:") || strings.HasSuffix(kind, "-RECVFROM")
}
