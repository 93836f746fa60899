package diagnose

import (
	"fmt"
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// Choices makes the plans of [Plans] apart: one for each thing that a person
// could choose to stop by itself, with what names it in [report.Action.Only].
// Where nothing has a port, or whether it does could not be told, there is the
// plan of Plans.
//
// A thing is what a stop acts on, as a container, a unit or a watcher, or else
// the processes that hold the same sockets: to end one of those alone would
// free nothing.
func Choices(snap *host.Snapshot, targets []port.Target, protocols []port.Protocol, opts PlanOptions) []report.Action {
	ends := indexEnds(snap)
	out := []report.Action{}
	for _, whole := range plans(snap, ends, targets, protocols, opts) {
		things := [][]string{}
		if p := ends.planner(snap, whole.target, whole.action.Target.Protocol, whole.action.Target.Port, opts); len(p.unsure) == 0 {
			things = p.things()
		}
		if len(things) == 0 {
			out = append(out, whole.action)
		}
		for _, thing := range things {
			opts.Only = thing
			out = append(out, ends.plan(snap, whole.target, whole.action.Target.Protocol, whole.action.Target.Port, opts))
			opts.Only = nil
		}
	}
	return out
}

// names are what a socket's thing is known by. Sockets that share a name are
// one thing. The start of a process tells it from a later one with its pid.
func (p *planner) names(s *host.Socket) []string {
	c := p.charges[s]
	switch {
	case c.byCommand():
		return []string{fmt.Sprintf("run %q", c.manager.Stop)}
	case c.stuck():
		return []string{fmt.Sprintf("%s %q %q %d", c.manager.Kind, c.manager.Name, c.manager.ID, c.manager.PID)}
	}
	var out []string
	if c.level == levelWatcher {
		out = append(out, p.processKey(c.manager.PID))
	}
	for _, h := range s.Holders {
		out = append(out, p.processKey(h.PID))
	}
	if len(out) == 0 {
		out = append(out, "socket "+s.ID)
	}
	return out
}

func (p *planner) processKey(pid int32) string {
	var ticks uint64
	if process := p.snap.Process(pid); process != nil {
		ticks = process.StartTicks
	}
	return fmt.Sprintf("process %d %d", pid, ticks)
}

// things are the names of each thing, sorted, in the order of the sockets.
func (p *planner) things() [][]string {
	var out [][]string
	for _, s := range p.holding {
		thing := p.names(s)
		rest := out[:0:0]
		at := -1
		for _, other := range out {
			if !share(other, thing) {
				rest = append(rest, other)
				continue
			}
			if at < 0 {
				at = len(rest)
			}
			thing = append(thing, other...)
		}
		if at < 0 {
			at = len(rest)
		}
		slices.Sort(thing)
		out = slices.Insert(rest, at, slices.Compact(thing))
	}
	return out
}

func share(a, b []string) bool {
	return slices.ContainsFunc(a, func(name string) bool { return slices.Contains(b, name) })
}

// choose keeps the sockets of the chosen things; the others are left.
func (p *planner) choose() {
	if len(p.opts.Only) == 0 {
		return
	}
	chosen := slices.DeleteFunc(p.things(), func(thing []string) bool { return !share(thing, p.opts.Only) })
	all := p.holding
	p.holding, p.unsure = nil, nil
	for _, s := range all {
		if names := p.names(s); slices.ContainsFunc(chosen, func(thing []string) bool { return share(thing, names) }) {
			p.holding = append(p.holding, s)
		} else {
			p.left = append(p.left, s)
		}
	}
	p.chosen = slices.Concat(chosen...)
}

// leftPhrases name what was not chosen and goes on having the port.
func (p *planner) leftPhrases() []string {
	var out []string
	for _, s := range p.left {
		if len(s.Holders) > 0 && !slices.ContainsFunc(s.Holders, func(h host.Holder) bool { return !p.stops(h.PID) }) {
			continue
		}
		name, _ := who(p.snap, s)
		out = append(out, fmt.Sprintf("%s on %s", name, s.Local))
	}
	return out
}

// provable are the candidates that the chosen is in the way of, and nothing
// that was left. To prove another one would prove nothing.
func (p *planner) provable(all []host.Candidate) []host.Candidate {
	out := []host.Candidate{}
	for _, c := range all {
		i := slices.IndexFunc(p.verdicts, func(v Verdict) bool { return v.Candidate == c })
		if i >= 0 && p.verdicts[i].isBlockedBy(p.holding) && !p.verdicts[i].isBlockedBy(p.left) {
			out = append(out, c)
		}
	}
	return out
}

// isBlockedBy reports whether one of the sockets is, or may be, in the way.
func (v Verdict) isBlockedBy(sockets []*host.Socket) bool {
	return slices.ContainsFunc(sockets, func(s *host.Socket) bool {
		return slices.Contains(v.Blockers, s) || slices.Contains(v.Maybe, s)
	})
}
