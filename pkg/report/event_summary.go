package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

// eventSummary says in one sentence what happened to a listener.
func eventSummary(kind EventKind, socket, was *Socket) string {
	switch kind {
	case EventPresent:
		return fmt.Sprintf("%s is held by %s", eventSubject(socket), holdersOf(socket))
	case EventOpened:
		return fmt.Sprintf("%s was opened, and is held by %s", eventSubject(socket), holdersOf(socket))
	case EventClosed:
		subject := eventSubject(was)
		if was.Group > 1 {
			subject = fmt.Sprintf("one of %d sockets of %s", was.Group, subject)
		}
		if socket != nil {
			return fmt.Sprintf("%s is connected to %s now and takes datagrams of nobody else; %s holds it", subject, socket.Remote, holdersOf(was))
		}
		return fmt.Sprintf("%s was closed; %s held it", subject, holdersOf(was))
	case EventHolder:
		if was.HolderStatus == host.HoldersHidden {
			return fmt.Sprintf("%s is now known to be held by %s", eventSubject(socket), holdersOf(socket))
		}
		return fmt.Sprintf("%s is held by %s now, and was by %s", eventSubject(socket), holdersOf(socket), holdersOf(was))
	}
	return ""
}

// eventSubject is what an event is about: 8080/tcp on 127.0.0.1.
func eventSubject(s *Socket) string {
	text := fmt.Sprintf("%d/%s on %s", s.Local.Port(), s.Protocol, s.Local.Addr())
	if s.Interface != "" {
		text += " of " + s.Interface
	}
	return text
}

// holdersOf names who holds a socket. Past a few it counts.
func holdersOf(s *Socket) string {
	const most = 4
	names := make([]string, 0, most)
	for i, h := range s.Holders {
		if i == most-1 && len(s.Holders) > most {
			names = append(names, fmt.Sprintf("%d more", len(s.Holders)-i))
			break
		}
		name := h.Name
		if name == "" {
			name = "a process"
		}
		names = append(names, fmt.Sprintf("%s (pid %d)", name, h.PID))
	}
	switch len(names) {
	case 0:
		return nobodyOf(s)
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// nobodyOf says who holds a socket that has no holder with a name.
func nobodyOf(s *Socket) string {
	switch {
	case s.HolderStatus == host.HoldersKernel:
		return "the kernel"
	case s.HolderStatus == host.HoldersNone:
		return "no process"
	case s.User != "":
		return "a process of user " + s.User
	case s.UID != nil:
		return "a process of uid " + strconv.FormatUint(uint64(*s.UID), 10)
	}
	return "a process that could not be named"
}
