package manage

import (
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

// serviceManager recognises systemd itself, the machine's or a user's, and
// returns the place of its own process.
func (v *view) serviceManager(p *host.Process) (place, bool) {
	if p.Name != "systemd" {
		return place{}, false
	}
	if p.PID == 1 {
		return place{manager: true}, true
	}
	// A container's first process also calls itself so. A user's manager has
	// the unit user@UID.service, outside of every container.
	at := v.place(p.Cgroup)
	return at, p.PPID == 1 && at.manager && at.owner != nil
}

// socketUnit names the socket unit for which systemd, whose place is given,
// holds a socket for a service that it starts on demand (systemd.socket(5)).
// Where systemd was not asked, or says that several units may have made it,
// there is neither a name nor a command.
func (v *view) socketUnit(by place, s *host.Socket) host.Manager {
	m := host.Manager{Kind: host.ManagerSocketUnit, Name: "systemd", Evidence: "process 1 is systemd and holds the socket itself"}
	if by.owner != nil {
		m.Name = "systemd --user"
		m.Evidence = "the user's systemd holds the socket itself"
	}
	v.nameSocketUnit(&m, by, s)
	return m
}

// socketUnitBySocket does the same where the holder could not be read, by the
// cgroup that the socket was made in. Other processes begin there too, so that
// only a unit that listens on this address proves it.
func (v *view) socketUnitBySocket(s *host.Socket, at place) (host.Manager, bool) {
	if !at.manager || at.outside {
		return host.Manager{}, false
	}
	m := host.Manager{Kind: host.ManagerSocketUnit, Evidence: "systemd made the socket, cgroup of the socket: " + s.Cgroup}
	named := v.nameSocketUnit(&m, at, s)
	return m, named
}

// socketUnitByService names the socket unit that gave a service this socket.
// systemd keeps its own descriptor of it, which an ordinary user cannot see.
func (v *view) socketUnitByService(s *host.Socket, at place) (host.Manager, bool) {
	for _, name := range v.triggering(at, at.unit) {
		for _, u := range v.facts(at).Listening(s.Protocol, s.Local) {
			if u.ID == name && !u.Accept {
				m := host.Manager{Kind: host.ManagerSocketUnit, Evidence: "systemd starts " + unescape(at.unit) + " for it"}
				named := v.nameSocketUnit(&m, at, s)
				return m, named
			}
		}
	}
	return host.Manager{}, false
}

// nameSocketUnit fills in the one socket unit that listens on a socket's
// address, if there is one.
func (v *view) nameSocketUnit(m *host.Manager, by place, s *host.Socket) bool {
	facts := v.facts(by)
	if v.elsewhere {
		return false // an address of another network
	}
	units := facts.Listening(s.Protocol, s.Local)
	if len(units) != 1 || !isUnitName(units[0].ID, ".socket") {
		for _, u := range units {
			m.Evidence += "; " + unescape(u.ID) + " listens there"
		}
		return false
	}
	u := units[0]
	if m.Name = unescape(u.ID); m.Name != u.ID {
		m.ID = u.ID
	}
	m.Evidence += "; " + m.Name + " listens on " + s.Local.String()
	c := control{units: []string{u.ID}, starts: !u.Transient && u.LoadState == "loaded"}
	m.Restarts = new(true)
	if u.Accept {
		// The services of the connections go on; they hold no port.
		m.Policy = "Accept=yes"
		m.Evidence += " and starts a service for each connection"
	} else if len(u.Triggers) == 1 && isUnitName(u.Triggers[0], ".service") {
		service := u.Triggers[0]
		m.Policy = "Triggers=" + service
		running := ""
		if f := facts.Unit(service); f != nil {
			running = ", which is not running"
			if f.IsActive() {
				running = ", which is running"
			}
		}
		m.Evidence += " and starts " + unescape(service) + running
		for _, name := range v.triggering(by, service) {
			if t := facts.Unit(name); t != nil && t.IsActive() && !slices.Contains(c.units, name) {
				c.units = append(c.units, name)
			}
		}
		slices.Sort(c.units)
		c.units = append(c.units, service)
		if isEngine(service) {
			c.why = "its service runs containers"
		}
	} else {
		c.why = "which service it starts is not known"
	}
	if c.why == "" {
		c.why = v.keep(by, c.units)
	}
	switch {
	case u.CannotStop:
		m.Evidence += "; systemd refuses to stop it on request"
	case c.why != "":
		m.Evidence += "; " + c.why
	default:
		m.Stop = v.systemctl(by, "stop", c.units)
		if c.starts && m.Stop != nil {
			m.Start = v.systemctl(by, "start", startOrder(c.units))
		}
	}
	return true
}

// startOrder leaves out the services that sockets start by themselves: a
// socket unit cannot be started while its service runs.
func startOrder(units []string) []string {
	return slices.DeleteFunc(slices.Clone(units), func(name string) bool { return strings.HasSuffix(name, ".service") })
}
