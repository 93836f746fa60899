package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// children finds the processes below the ones that are stopped. With --tree
// those that may be taken too become victims; the others are returned.
// Whoever talks to the port and portwho's own line are never taken.
func (p *planner) children(spared []report.Holder) []report.Holder {
	out := []report.Holder{}
	below := make(map[int32]bool)
	for _, v := range p.victims {
		below[v.PID] = true
	}
	for _, c := range p.commands {
		for _, v := range c.Processes {
			below[v.PID] = v.PID != 1
		}
	}
	var found []*host.Process
	for more := true; more; {
		more = false
		for i := range p.opts.Descendants {
			d := &p.opts.Descendants[i]
			if below[d.PPID] && !below[d.PID] {
				below[d.PID], more = true, true
				if !p.stops(d.PID) {
					found = append(found, d)
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b *host.Process) int { return cmp.Compare(a.PID, b.PID) })
	for _, d := range found {
		child := joinProcess(p.snap, d)
		talks := slices.ContainsFunc(spared, func(h report.Holder) bool { return h.PID == d.PID })
		own := d.PID == p.snap.Viewer.PID || p.isAncestor(d.PID)
		if p.opts.Tree && !talks && !own && !p.isForeign(d) && d.StartTicks != 0 && p.below(d, p.victims) {
			p.victims = append(p.victims, report.Victim{
				Holder: child, Role: report.RoleChild, UID: d.UID, StartTicks: d.StartTicks, Cgroup: d.Cgroup,
				Sockets: []string{}, Inodes: []uint64{},
			})
			continue
		}
		if !own {
			out = append(out, child)
		}
	}
	p.sortVictims()
	return out
}

// below reports whether a process descends from one of the list.
func (p *planner) below(d *host.Process, list []report.Victim) bool {
	parents := make(map[int32]int32, len(p.opts.Descendants))
	for i := range p.opts.Descendants {
		parents[p.opts.Descendants[i].PID] = p.opts.Descendants[i].PPID
	}
	pid := d.PPID
	for range len(parents) + 1 {
		if hasVictim(list, pid) {
			return true
		}
		pid = parents[pid]
	}
	return false
}

// joinProcess names a process that is not in the snapshot.
func joinProcess(snap *host.Snapshot, d *host.Process) report.Holder {
	one := &host.Snapshot{Processes: []host.Process{*d}, Users: snap.Users}
	return joinHolder(one, host.Holder{PID: d.PID})
}

// blast is what the stop touches beside the port.
func (p *planner) blast(children []report.Holder) report.Blast {
	b := report.Blast{Ports: []string{}, Children: children}
	if len(p.commands) == 0 && len(p.victims) == 0 {
		return b
	}
	b.Ports = p.otherPorts()
	b.Clients = p.clients()
	b.Restart = p.restart()
	return b
}

// otherPorts are the ports that close as well: other sockets of the processes
// that are stopped, and of whatever a command stops.
func (p *planner) otherPorts() []string {
	type closed struct {
		number uint16
		text   string
	}
	var list []closed
	add := func(number uint16, text string) {
		if c := (closed{number, text}); !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	listing := p.opts.Listing
	if listing == nil {
		listing = p.snap
	}
	for i := range listing.Sockets {
		s := &listing.Sockets[i]
		target := slices.ContainsFunc(p.holding, func(h *host.Socket) bool { return h.ID == s.ID })
		if s.Serves() && !target && p.closes(listing, s) {
			add(s.Local.Port(), fmt.Sprintf("%s/%s", s.Protocol, s.Local))
		}
	}
	for _, c := range p.commands {
		if c.Manager.Container == nil {
			continue
		}
		for _, published := range c.Manager.Container.Published {
			same := published.Protocol == string(p.protocol) && published.HostPort == p.number
			shown := slices.ContainsFunc(list, func(c closed) bool { return c.number == published.HostPort })
			if published.HostPort != 0 && !same && !shown {
				add(published.HostPort, publishedText(published))
			}
		}
	}
	slices.SortStableFunc(list, func(a, b closed) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.text, b.text))
	})
	out := make([]string, 0, len(list))
	for _, c := range list {
		out = append(out, c.text)
	}
	return out
}

func publishedText(p host.PublishedPort) string {
	at := p.HostIP
	if at == "" {
		at = "*"
	}
	return p.Protocol + "/" + at + ":" + strconv.Itoa(int(p.HostPort))
}

// closes reports whether a socket of a listing goes with what is stopped: all
// its holders do. The listing was read at another moment, so a pid alone does
// not identify a process.
func (p *planner) closes(listing *host.Snapshot, s *host.Socket) bool {
	for _, c := range p.commands {
		if slices.ContainsFunc(s.Managers, func(m host.Manager) bool { return sameManager(&m, &c.Manager) }) {
			return true
		}
	}
	stopped := slices.Concat(p.victims, p.led())
	for _, c := range p.commands {
		stopped = slices.Concat(stopped, c.Processes)
	}
	for _, h := range s.Holders {
		process := listing.Process(h.PID)
		goes := slices.ContainsFunc(stopped, func(v report.Victim) bool {
			return v.PID == h.PID && v.PID != 1 && process != nil && v.StartTicks == process.StartTicks
		})
		if !goes {
			return false
		}
	}
	return len(s.Holders) > 0
}

// led are the processes below a watcher that ends: it takes all it has started
// with it, and not this server alone.
func (p *planner) led() []report.Victim {
	var out []report.Victim
	var watchers []report.Victim
	for _, v := range p.victims {
		if v.Role == report.RoleWatcher {
			watchers = append(watchers, v)
		}
	}
	for i := range p.opts.Descendants {
		d := &p.opts.Descendants[i]
		if p.below(d, watchers) {
			out = append(out, report.Victim{Holder: report.Holder{PID: d.PID}, StartTicks: d.StartTicks})
		}
	}
	return out
}

// clients counts the open connections to the port: those that a server on it
// accepted, and others of the processes that are stopped, but for their own
// ends.
func (p *planner) clients() int {
	count := 0
	for _, s := range p.linked {
		if s.State != host.StateEstablished || p.meets(s) == no || p.ofStopped(s) {
			continue
		}
		out := outgoing(p.view, s)
		stopped := slices.ContainsFunc(s.Holders, func(h host.Holder) bool { return p.stops(h.PID) })
		if out == no || out == unknown && stopped {
			count++
		}
	}
	return count
}

// ofStopped reports whether the other end of a connection is known to belong
// to a process that is stopped itself.
func (p *planner) ofStopped(s *host.Socket) bool {
	for _, peer := range p.peers {
		if peer.Local != s.Remote || peer.Remote != s.Local || len(peer.Holders) == 0 {
			continue
		}
		if !slices.ContainsFunc(peer.Holders, func(h host.Holder) bool { return !p.stops(h.PID) }) {
			return true
		}
	}
	return false
}

// restart says what will bring the server back because the plan does not act
// on it; empty where nothing is known to.
func (p *planner) restart() string {
	var out []string
	for _, s := range p.holding {
		for i := range s.Managers {
			m := &s.Managers[i]
			if !brings(m) || p.charges[s].handles(s, m) {
				continue
			}
			text := managerPhrase(m) + " starts it again"
			if m.Restarts == nil {
				text = managerPhrase(m) + " may start it again"
			}
			if m.Policy != "" {
				text += " (" + m.Policy + ")"
			}
			if !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return joinAnd(out)
}

// brings reports whether a manager could bring the server back.
func brings(m *host.Manager) bool {
	if m.Restarts != nil {
		return *m.Restarts
	}
	switch m.Kind {
	case host.ManagerContainer, host.ManagerUnit, host.ManagerSocketUnit, host.ManagerSupervisor, host.ManagerWatcher:
		return true
	}
	return false
}

// handles reports whether acting on what is in charge keeps another manager of
// the socket from starting the server again: it is within the one that stops,
// or around it and respects that it was told to stop. A unit around a container
// takes that for a failure.
func (c charged) handles(s *host.Socket, m *host.Manager) bool {
	if c.manager == nil {
		return false
	}
	place := func(m *host.Manager) int {
		return slices.IndexFunc(s.Managers, func(o host.Manager) bool { return sameManager(&o, m) })
	}
	within := place(m) <= place(c.manager) // the nearest come first
	switch {
	case within:
		return c.byCommand() || m.Kind == host.ManagerWatcher
	case c.level == levelContainer:
		return !restarts(m)
	case c.level == levelWatcher:
		return m.Kind == host.ManagerWatcher
	}
	return c.byCommand()
}

// managerPhrase names a manager in a sentence.
func managerPhrase(m *host.Manager) string {
	switch m.Kind {
	case host.ManagerContainer:
		return "the engine of container " + m.Name
	case host.ManagerUnit, host.ManagerSocketUnit:
		return "systemd (" + m.Name + ")"
	}
	if m.PID > 0 {
		return fmt.Sprintf("%s (pid %d)", m.Name, m.PID)
	}
	return m.Name
}
