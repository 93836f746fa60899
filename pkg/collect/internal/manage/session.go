package manage

import (
	"fmt"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

// session recognises where a person or a clock started something: tmux,
// screen, ssh, cron, at. The holder itself is no session that it lives in.
func (v *view) session(p *host.Process, holder bool) (host.Manager, bool) {
	if holder {
		return host.Manager{}, false
	}
	m := host.Manager{Kind: host.ManagerSession, PID: p.PID}
	r := runs(p)
	switch {
	case p.Name == "tmux: server":
		m.Name = "tmux"
	case r.program == "SCREEN" || p.Name == "screen" && r.program == "screen" && p.TTY == "":
		m.Name = "screen"
	case sshUser(p) != "":
		m.Name, m.ID = "ssh session of "+sshUser(p), sshTerminal(p)
	case r.program == "cron" || r.program == "crond" || r.program == "CRON":
		m.Name = "cron"
	case r.program == "atd":
		m.Name = "at"
	default:
		return host.Manager{}, false
	}
	m.Evidence = fmt.Sprintf("below %s (pid %d)", m.Name, p.PID)
	return m, true
}

// sshTitle is what the sshd of one connection writes over its arguments:
// "sshd: ana@pts/3", or "sshd-session: ana@notty" since OpenSSH 9.8.
func sshTitle(p *host.Process) (string, bool) {
	if p.Name != "sshd" && p.Name != "sshd-session" || len(p.Command) == 0 {
		return "", false
	}
	for _, prefix := range []string{"sshd: ", "sshd-session: "} {
		if title, ok := strings.CutPrefix(p.Command[0], prefix); ok {
			return strings.TrimSpace(title), true
		}
	}
	return "", false
}

// sshUser names whose connection an sshd serves; empty for other processes,
// for the listener, and for the half of it that keeps root's rights.
func sshUser(p *host.Process) string {
	title, ok := sshTitle(p)
	if !ok || strings.ContainsAny(title, " /") && !strings.Contains(title, "@") {
		return ""
	}
	user, _, _ := strings.Cut(title, "@")
	if strings.ContainsAny(user, " [/") {
		return ""
	}
	return user
}

func sshTerminal(p *host.Process) string {
	title, _ := sshTitle(p)
	_, tty, _ := strings.Cut(title, "@")
	if tty == "notty" || strings.ContainsAny(tty, " ,") {
		return ""
	}
	return tty
}
