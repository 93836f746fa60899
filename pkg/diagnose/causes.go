package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// finder looks for one cause in a view. Each stands in a file of its own,
// named after the cause.
type finder func(*view) (report.Cause, bool)

// causeFinders lists the finders in the order reports tell causes: who holds
// it, then how that meets the bind, then what goes away by itself, then why
// the kernel says no to a port that nobody has, and last what is odd about a
// port that can be bound or reached.
func causeFinders() []finder {
	return []finder{
		listener,
		kernelSocket,
		hiddenHolderCause,
		inheritedDescriptor,
		deadLeader,
		inFlight,
		ioUring,
		orphanServer,
		leftoverConnection,
		orphanedConnection,
		reuseportGroup,
		wildcardOverlap,
		dualStack,
		boundNotListening,
		reservedPortClient,
		outgoingConnection,
		backlog,
		timeWait,
		containerPublished,
		staleProxy,
		socketActivation,
		supervisorRestart,
		forwarderCause,
		debugPort,
		privilegedPort,
		addressNotLocal,
		linkLocalScope,
		invalidAddress,
		noInterface,
		noIPv6,
		socketBindDeny,
		cgroupBPF,
		seccomp,
		landlock,
		selinux,
		appArmor,
		unexplainedRefusal,
		shadowed,
		natRedirect,
		localhostMismatch,
		hung,
		boundToDevice,
		containerLoopbackOnly,
		otherNamespace,
		browserBlockedCause,
	}
}

// targetText writes the shortest target that names the view again.
func (v *view) targetText() string {
	text := fmt.Sprint(v.number)
	if len(v.target.Addresses) == 1 {
		text = netip.AddrPortFrom(v.target.Addresses[0], v.number).String()
	}
	if v.protocol != port.TCP {
		text = string(v.protocol) + "/" + text
	}
	return text
}

// stopRemedies say how to end what holds the sockets: by its manager where it
// has one, by portwho kill otherwise, and with sudo where it takes another
// user.
func (v *view) stopRemedies(sockets []*host.Socket) []report.Remedy {
	out := []report.Remedy{}
	for _, s := range sockets {
		if isHidden(s) && !v.mayNameAll() {
			out = append(out, report.Remedy{
				Summary: "name the process",
				Command: []string{"sudo", "portwho", v.targetText()},
			})
			break
		}
	}
	var plain []*host.Socket // of processes that nothing else is in charge of
	for _, g := range byHolders(sockets) {
		m := charge(g[0])
		if task := taskOf(g[0]); task != nil {
			m = task
		}
		switch {
		case len(pidsVia(g, host.ViaInFlight)) > 0:
			// nobody who knows of it
		case len(g[0].Holders) == 0 && (m == nil || len(m.Stop) == 0 || g[0].HolderStatus == host.HoldersNone):
			// nobody to stop, or nobody whom a command reaches
		case m == nil:
			plain = append(plain, g...)
		case isStale(m):
			// told by the cause of its own
		default:
			out = append(out, v.stopManager(m)...)
		}
	}
	if why := v.keptFromKill(plain); why != "" {
		out = append(out, report.Remedy{Summary: why, Command: []string{}})
	} else if len(plain) > 0 {
		name, _ := who(v.snap, plain...)
		command := []string{"portwho", "kill", v.targetText()}
		if slices.ContainsFunc(plain, func(s *host.Socket) bool { return !v.mine(s) }) {
			command = append([]string{"sudo"}, command...)
		}
		if slices.ContainsFunc(plain, isTunnel) {
			command = append(command, flagForwarder)
		}
		out = append(out, report.Remedy{
			Summary: fmt.Sprintf("stop %s and wait until the port is free", name),
			Command: command,
		})
	}
	return out
}

// keptFromKill says how to stop what portwho kill leaves alone whatever its
// flags: process 1, and what portwho runs in. It is empty where it stops all.
func (v *view) keptFromKill(sockets []*host.Socket) string {
	for _, s := range sockets {
		for _, h := range s.Holders {
			name, _ := whoAre(v.snap, []int32{h.PID})
			switch {
			case h.PID == 1 && v.snap.Host.OS != "windows":
				return fmt.Sprintf("stop the container of %s, or let it close the port: with process 1 everything ends, so portwho kill leaves it alone", name)
			case v.startedViewer(h.PID):
				return fmt.Sprintf("stop %s from elsewhere: portwho runs in it, so portwho kill leaves it alone", name)
			}
		}
	}
	return ""
}

// stopped names what the command of a manager stops: a service goes together
// with the socket units that would start it again.
func stopped(m *host.Manager) string {
	if i := slices.Index(m.Stop, "stop"); i >= 0 && len(m.Stop) > i+2 && (m.Kind == host.ManagerUnit || m.Kind == host.ManagerSocketUnit) {
		return joinAnd(m.Stop[i+1:])
	}
	return m.Name
}

// managerCommand is what to run about a manager: what stops it, or where only
// its engine knows its name, what tells that.
func (v *view) managerCommand(m *host.Manager) []string {
	switch {
	case len(m.Stop) > 0:
		return m.Stop
	case strings.HasPrefix(m.Evidence, "docker-proxy "):
		return v.publishing()
	}
	return nil
}

// publishing is the command that tells which container publishes the port.
func (v *view) publishing() []string {
	return []string{"docker", "ps", "--filter", fmt.Sprintf("publish=%d/%s", v.number, v.protocol)}
}

// charge is the manager to stop instead of the process, or nil.
func charge(s *host.Socket) *host.Manager {
	for i, m := range s.Managers {
		switch m.Kind {
		case host.ManagerContainer, host.ManagerUnit, host.ManagerSocketUnit:
			return &s.Managers[i]
		}
	}
	return nil
}

// taskOf is the supervisor whose command stops what has the socket, and no
// more than that; nil where there is none, or where a container is in charge.
func taskOf(s *host.Socket) *host.Manager {
	var task *host.Manager
	for i := range s.Managers {
		m := &s.Managers[i]
		if m.Kind == host.ManagerContainer {
			return nil
		}
		if m.Kind == host.ManagerSupervisor && len(m.Stop) > 0 && task == nil {
			task = m
		}
	}
	return task
}

// mine reports whether the viewer may signal every holder.
func (v *view) mine(s *host.Socket) bool {
	viewer := v.snap.Viewer.UID
	if viewer == nil || *viewer == 0 {
		return true
	}
	for _, h := range s.Holders {
		if p := v.snap.Process(h.PID); p == nil || p.UID == nil || *p.UID != *viewer {
			return false
		}
	}
	return true
}
