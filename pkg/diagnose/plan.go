package diagnose

import (
	"cmp"
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// PlanOptions say how far a stop may go.
type PlanOptions struct {
	// Force lifts the refusals that name --force: it stops processes although
	// a debugger has them, or it is not certain that they hold this very port.
	Force bool
	// ProcessOnly acts on the processes even where something else is in charge
	// of them.
	ProcessOnly bool
	// Tree also stops the processes that descend from the ones that are
	// stopped.
	Tree bool
	// Forwarder allows to close a tunnel.
	Forwarder bool
	// Yes says that somebody has agreed: it lifts the refusals that name
	// --yes.
	Yes bool
	// Alone says that nobody can be asked. Then only what is plainly the
	// viewer's own goes without Yes.
	Alone bool
	// Folder is where the viewer works; containers of the project in it are
	// the viewer's own. Empty is no folder.
	Folder string
	// Ancestors are the pids above the viewer, in any order. The snapshot
	// holds the viewer's own line only where that touches a socket.
	Ancestors []int32
	// Descendants are the processes below the holders, which a snapshot does
	// not hold.
	Descendants []host.Process
	// Listing has the listeners of every port, for what else a stop closes.
	// Nil stands for the snapshot itself.
	Listing *host.Snapshot
	// Peers has the other ends of the connections to the port, as far as they
	// are on this machine: a snapshot of one port lacks them. May be nil.
	Peers *host.Snapshot
	// Only limits a plan to some of the things that have the port, by the names
	// that [Choices] gives them; empty is all of them.
	Only []string
}

// Plan says what stopping the servers on one port would take: what to run,
// which processes to stop, which to leave alone, and what stands against it. A
// target without a protocol means TCP; one without an address means every
// socket on the port.
//
// Only sockets that serve the port or keep it bound are stopped, by whatever
// is in charge of their holders. A process that has the port in a connection
// only, at either end, is never stopped.
func Plan(snap *host.Snapshot, target port.Target, number uint16, opts PlanOptions) report.Action {
	protocol := target.Protocol
	if protocol == "" {
		protocol = port.TCP
	}
	return indexEnds(snap).plan(snap, target, protocol, number, opts)
}

// Plans makes the plan for every port of the targets, and for every one of the
// protocols where a target names none. Of a range, only ports that somebody
// holds have one.
func Plans(snap *host.Snapshot, targets []port.Target, protocols []port.Protocol, opts PlanOptions) []report.Action {
	out := []report.Action{}
	for _, p := range plans(snap, indexEnds(snap), targets, protocols, opts) {
		out = append(out, p.action)
	}
	return out
}

// planned is a plan with the target it was made for.
type planned struct {
	target port.Target
	action report.Action
}

func plans(snap *host.Snapshot, ends ends, targets []port.Target, protocols []port.Protocol, opts PlanOptions) []planned {
	var out []planned
	for _, t := range targets {
		kinds := protocols
		if t.Protocol != "" {
			kinds = []port.Protocol{t.Protocol}
		}
		for n := int(t.Ports.First); n <= int(t.Ports.Last); n++ {
			for _, protocol := range kinds {
				if t.Ports.Len() > 1 && len(ends.local[place{protocol, uint16(n)}]) == 0 {
					continue
				}
				action := ends.plan(snap, t, protocol, uint16(n), opts)
				if t.Ports.Len() == 1 || action.Level != "" || len(action.Refusals) > 0 {
					out = append(out, planned{t, action})
				}
			}
		}
	}
	return out
}

// Nothing is the action without anything to do, for a port that came free
// before its turn.
func Nothing(action report.Action) report.Action {
	action.Level = ""
	action.Commands, action.Victims, action.Refusals = []report.Command{}, []report.Victim{}, []report.Refusal{}
	action.Blast = report.Blast{Ports: []string{}, Children: []report.Holder{}}
	action.Again = []report.Remedy{}
	return action
}

// ends has the sockets of a snapshot by the port of either end.
type ends struct {
	local, remote map[place][]*host.Socket
}

func indexEnds(snap *host.Snapshot) ends {
	e := ends{local: indexSockets(snap, 0), remote: make(map[place][]*host.Socket)}
	for i := range snap.Sockets {
		if s := &snap.Sockets[i]; s.Remote.IsValid() {
			at := place{s.Protocol, s.Remote.Port()}
			e.remote[at] = append(e.remote[at], s)
		}
	}
	return e
}

// planner finds what has the port and what is in charge of that.
func (e ends) planner(snap *host.Snapshot, target port.Target, protocol port.Protocol, number uint16, opts PlanOptions) *planner {
	at := place{protocol, number}
	p := &planner{
		view:    newView(judge{snap: snap}, target, protocol, number, e.local[at], Options{}),
		opts:    opts,
		charges: make(map[*host.Socket]charged),
		peers:   e.remote[at],
	}
	if opts.Peers != nil {
		p.peers = slices.Concat(p.peers, indexEnds(opts.Peers).remote[at])
	}
	p.index = e.local
	p.place()
	for _, s := range p.holding {
		p.charges[s] = p.chargeOf(s)
	}
	p.choose()
	return p
}

func (e ends) plan(snap *host.Snapshot, target port.Target, protocol port.Protocol, number uint16, opts PlanOptions) report.Action {
	p := e.planner(snap, target, protocol, number, opts)
	p.findCommands()
	p.findVictims()
	spared := p.spared()
	children := p.children(spared)

	action := report.Action{
		Target:     report.Target{Text: target.Text, Protocol: protocol, Address: target.Host, Port: number},
		Level:      p.level(),
		Commands:   p.commands,
		Victims:    p.victims,
		Blast:      p.blast(children),
		Again:      p.again(),
		Spared:     spared,
		Candidates: p.candidates(),
		Only:       p.chosen,
		Left:       p.leftPhrases(),
	}
	if len(action.Left) > 0 {
		action.Candidates = p.provable(action.Candidates)
	}
	action.Refusals = p.refusals(action)
	return action
}

// planner makes one Action from a view.
type planner struct {
	*view
	opts PlanOptions

	peers    []*host.Socket // have the port at their other end
	holding  []*host.Socket // serve or block, and meet the target
	unsure   []*host.Socket // the same, but whether they meet it is unknown
	left     []*host.Socket // would be holding, and were not chosen
	chosen   []string       // the names of what was chosen
	charges  map[*host.Socket]charged
	commands []report.Command
	victims  []report.Victim
}

// place finds the sockets that a stop is about. A socket whose overlap with
// the target cannot be told belongs to it when a probe has shown that it is in
// the way.
func (p *planner) place() {
	blocking := p.blocking()
	for _, s := range p.sockets {
		if !s.Serves() && s.State != host.StateBound {
			continue
		}
		meets := p.meets(s)
		switch {
		case meets == yes, meets == unknown && (blocking[s] || p.opts.Force):
			p.holding = append(p.holding, s)
		case meets == unknown:
			p.unsure = append(p.unsure, s)
		}
	}
}

// meets tells whether a socket on the port covers one of the target's
// addresses.
func (p *planner) meets(s *host.Socket) trilean {
	if len(p.target.Addresses) == 0 {
		return yes
	}
	meets := no
	for _, v := range p.verdicts {
		meets = meets.or(overlap(v.Candidate, s))
	}
	return meets
}

// spared are the processes that talk to the port, at either end, and stop
// nothing for it.
func (p *planner) spared() []report.Holder {
	out := []report.Holder{}
	add := func(s *host.Socket) {
		for _, h := range s.Holders {
			if h.Via == host.ViaBacklog {
				continue // it does not talk, it has not even accepted
			}
			known := slices.ContainsFunc(out, func(o report.Holder) bool { return o.PID == h.PID })
			if !p.stops(h.PID) && !known {
				out = append(out, p.joinPeer(h))
			}
		}
	}
	for _, s := range p.linked {
		if p.meets(s) != no {
			add(s)
		}
	}
	for _, s := range p.peers {
		if p.isHere(s) {
			add(s)
		}
	}
	slices.SortFunc(out, func(a, b report.Holder) int { return cmp.Compare(a.PID, b.PID) })
	return out
}

func (p *planner) joinPeer(h host.Holder) report.Holder {
	if p.snap.Process(h.PID) == nil && p.opts.Peers != nil {
		return joinHolder(p.opts.Peers, h)
	}
	return joinHolder(p.snap, h)
}

// isHere reports whether a socket's peer is known to be on this machine.
func (p *planner) isHere(s *host.Socket) bool {
	peer := s.Remote.Addr().Unmap()
	if !peer.IsValid() || peer.IsUnspecified() {
		return false
	}
	local, known := p.snap.Network.IsLocal(p.snap.Host.OS, peer)
	return peer.IsLoopback() || known && local
}

// candidates are the binds that prove the port free: those of the target that
// this machine has an address for.
func (p *planner) candidates() []host.Candidate {
	all := make([]host.Candidate, 0, len(p.verdicts))
	here := make([]host.Candidate, 0, len(p.verdicts))
	for _, v := range p.verdicts {
		all = append(all, v.Candidate)
		if p.mayExist(v.Candidate) {
			here = append(here, v.Candidate)
		}
	}
	if len(here) == 0 {
		return all
	}
	return here
}
