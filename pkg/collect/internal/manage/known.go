package manage

import (
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/collect/internal/systemd"
	"github.com/portwho/portwho/pkg/host"
)

// Asks names the units to ask the machine's systemd and the viewer's own
// about, beside what is known already. What is told about them may raise
// another question, and that is all.
func Asks(snap *host.Snapshot, known Known) (system, user []string) {
	v := newView(snap)
	v.known = known
	asked := map[*[]string]map[string]bool{&system: {}, &user: {}}
	ask := func(p place, names ...string) {
		list := v.managerOf(p, &system, &user)
		for _, name := range names {
			if list != nil && !asked[list][name] && v.facts(p).Unit(name) == nil {
				asked[list][name] = true
				*list = append(*list, name)
			}
		}
	}
	for i := range snap.Sockets {
		s := &snap.Sockets[i]
		for _, p := range v.placesOf(s) {
			switch {
			case p.unit != "":
				ask(p, p.unit)
				if v.facts(p) == nil {
					ask(p, systemd.Sockets)
				}
				ask(p, v.triggering(p, p.unit)...)
			case p.manager && v.facts(p) == nil:
				ask(p, systemd.Sockets)
			case p.manager:
				for _, u := range v.facts(p).Listening(s.Protocol, s.Local) {
					ask(p, u.Triggers...)
				}
			}
		}
	}
	return system, user
}

// placesOf are the places of a socket's holders, or its own.
func (v *view) placesOf(s *host.Socket) []place {
	var out []place
	for _, h := range s.Holders {
		p := v.snap.Process(h.PID)
		if p == nil || p.Cgroup == "" {
			continue
		}
		at := v.place(p.Cgroup)
		if by, ok := v.serviceManager(p); ok {
			at = by
		} else {
			at.manager = false
		}
		out = append(out, at)
	}
	if len(out) == 0 && s.Cgroup != "" {
		out = append(out, v.place(s.Cgroup))
	}
	return out
}

// managerOf chooses between what belongs to the machine's systemd and to the
// viewer's own; nil for a place that neither knows.
func (v *view) managerOf(p place, system, user *[]string) *[]string {
	switch viewer := v.snap.Viewer.UID; {
	case p.outside:
		return nil
	case p.owner == nil:
		return system
	case viewer != nil && *viewer == *p.owner:
		return user
	}
	return nil
}

// facts are what the service manager of a place told; nil for nothing.
func (v *view) facts(p place) *systemd.Facts {
	switch viewer := v.snap.Viewer.UID; {
	case p.outside:
		return nil
	case p.owner == nil:
		return v.known.System
	case viewer != nil && *viewer == *p.owner:
		return v.known.User
	}
	return nil
}

// triggering lists the units that start a service when somebody connects or a
// file appears. A timer does so too, at its own time, and is left alone.
func (v *view) triggering(p place, service string) []string {
	u := v.facts(p).Unit(service)
	if u == nil {
		return nil
	}
	var out []string
	for _, name := range u.TriggeredBy {
		if isUnitName(name, ".socket") || isUnitName(name, ".path") {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// control is how the units of a place are stopped.
type control struct {
	// units are stopped together: stopping a service alone leaves the sockets
	// that start it again.
	units []string
	// starts says that starting them again brings the server back.
	starts bool
	// why says why there is no command; empty where there is one.
	why string
}

// controlOf tells how the service of a place is stopped, and fills in what
// systemd knows about it. The process is nil, where only the socket's cgroup
// is known.
func (v *view) controlOf(m *host.Manager, p place, process *host.Process, cgroup string) control {
	c := control{units: []string{p.unit}}
	u := v.facts(p).Unit(p.unit)
	if u == nil {
		c.why = v.keep(p, c.units)
		return c
	}
	// Whoever may make cgroups may give them the name of any unit.
	if u.ControlGroup == "" || !isWithin(cgroup, u.ControlGroup) && !isWithin(cgroup, v.top()+u.ControlGroup) {
		c.why = "systemd does not run the unit there"
		return c
	}
	m.Restarts, m.Policy = restarts(u)
	c.starts = !u.Transient && u.LoadState == "loaded"
	var sockets []string
	for _, name := range v.triggering(p, p.unit) {
		t := v.facts(p).Unit(name)
		switch {
		case t == nil || !t.IsActive():
		case t.Accept:
			c.starts = false // it serves one connection
		default:
			sockets = append(sockets, name)
			m.Restarts, m.Policy = new(true), m.Policy+", TriggeredBy="+name
		}
	}
	m.Policy = strings.TrimPrefix(m.Policy, ", ")
	c.units = append(sockets, c.units...)
	switch {
	case u.CannotStop:
		c.why = "systemd refuses to stop it on request"
	case (u.KillMode == "process" || u.KillMode == "none") && (process == nil || process.PID != u.MainPID):
		c.why = "KillMode=" + u.KillMode + ", so that stopping it leaves this process"
	default:
		c.why = v.keep(p, c.units)
	}
	return c
}

// top is the cgroup below which systemd makes its own: that of a container
// which portwho runs in without a view of cgroups of its own; else empty.
func (v *view) top() string {
	if init := v.snap.Process(1); init != nil {
		if top, ok := strings.CutSuffix(init.Cgroup, "/init.scope"); ok {
			return top
		}
	}
	return ""
}

// isWithin reports whether a cgroup is the other or below it.
func isWithin(cgroup, top string) bool {
	cgroup = strings.TrimSuffix(cgroup, " (deleted)")
	return !strings.HasSuffix(top, "/") && top != "" && (cgroup == top || strings.HasPrefix(cgroup, top+"/"))
}

// restarts tells whether systemd starts a service again when that ends by
// itself or by a signal (the table of Restart= in systemd.service(5)); nil
// where the unit is of a kind that does not.
func restarts(u *systemd.Unit) (*bool, string) {
	policy := "Restart=" + u.Restart
	switch u.Restart {
	case "":
		return nil, ""
	case "no", "on-watchdog":
		return new(false), policy
	case "always", "on-success", "on-failure", "on-abnormal", "on-abort":
		return new(true), policy
	}
	return nil, policy
}
