package diagnose

import (
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// Options say how targets are read.
type Options struct {
	Tool     report.Tool
	Defaults BindDefaults
	// Protocols are meant when a target names none. Empty means TCP, and
	// every other protocol that has a socket on the port.
	Protocols []port.Protocol
	// Family limits the usual binds and the sockets told: 4, 6 or 0 for both.
	Family int
}

// Diagnose answers the targets from the snapshot. Results come in the order
// of the targets, their ports ascending, TCP first.
func Diagnose(snap *host.Snapshot, targets []port.Target, opts Options) report.Report {
	index := indexSockets(snap, opts.Family)
	j := judge{snap, indexProbes(snap)}
	rep := newReport(snap, opts.Tool)
	for _, t := range targets {
		for n := int(t.Ports.First); n <= int(t.Ports.Last); n++ {
			number := uint16(n)
			for _, protocol := range protocolsOf(t, number, index, opts) {
				v := newView(j, t, protocol, number, index[place{protocol, number}], opts)
				v.index = index
				rep.Results = append(rep.Results, v.result())
			}
		}
	}
	return rep
}

// Candidates returns the binds that Diagnose judges for the targets, so that
// they can be probed beforehand.
func (o Options) Candidates(os string, targets []port.Target) []host.Candidate {
	var out []host.Candidate
	for _, t := range targets {
		for n := int(t.Ports.First); n <= int(t.Ports.Last); n++ {
			for _, protocol := range certainProtocols(t, o) {
				out = append(out, o.candidates(os, protocol, t, uint16(n))...)
			}
		}
	}
	return out
}

func (o Options) candidates(os string, protocol port.Protocol, t port.Target, number uint16) []host.Candidate {
	all := candidates(os, protocol, t, number, o.Defaults)
	if o.Family == 0 || len(t.Addresses) > 0 {
		return all
	}
	kept := all[:0]
	for _, c := range all {
		if c.Local.Addr().Is4() == (o.Family == 4) {
			kept = append(kept, c)
		}
	}
	return kept
}

// certainProtocols are the protocols a target is about whatever the machine
// holds. A number alone means TCP.
func certainProtocols(t port.Target, o Options) []port.Protocol {
	switch {
	case t.Protocol != "":
		return []port.Protocol{t.Protocol}
	case len(o.Protocols) > 0:
		return o.Protocols
	}
	return []port.Protocol{port.TCP}
}

func protocolsOf(t port.Target, number uint16, index map[place][]*host.Socket, o Options) []port.Protocol {
	out := certainProtocols(t, o)
	if t.Protocol != "" || len(o.Protocols) > 0 {
		return out
	}
	for _, p := range port.Protocols() {
		if p != port.TCP && len(index[place{p, number}]) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// place is a port of one protocol.
type place struct {
	protocol port.Protocol
	number   uint16
}

func indexSockets(snap *host.Snapshot, family int) map[place][]*host.Socket {
	index := make(map[place][]*host.Socket)
	for i := range snap.Sockets {
		s := &snap.Sockets[i]
		if family == 4 && !speaksIPv4(s) || family == 6 && !s.Local.Addr().Is6() {
			continue
		}
		at := place{s.Protocol, s.Local.Port()}
		index[at] = append(index[at], s)
	}
	return index
}

// speaksIPv4 reports whether IPv4 peers can meet the socket. A dual-stack
// socket counts; one whose flag is unknown does too, since leaving it out
// could hide who is in the way.
func speaksIPv4(s *host.Socket) bool {
	a := s.Local.Addr()
	return a.Is4() || a.Is4In6() || a.IsUnspecified() && effectiveV6Only(s) != yes
}

func newReport(snap *host.Snapshot, tool report.Tool) report.Report {
	return report.Report{
		Schema:  report.Schema,
		Tool:    tool,
		Host:    snap.Host,
		TakenAt: snap.TakenAt,
		Gaps:    append([]host.Gap{}, snap.Gaps...),
		Results: []report.Result{},
	}
}
