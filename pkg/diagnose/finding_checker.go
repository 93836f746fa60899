package diagnose

import (
	"net/netip"
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// checker has what the rules of findings share.
type checker struct {
	judge
	preflight Preflight
	results   map[seat]*report.Result
	sockets   map[string]*host.Socket
	wanted    []*wanted
	opts      Options
	// declared are the declarations that must have their port, by number.
	declared map[place][]*wanted
	// numbers are those that anybody declares or has; better those that were
	// advised already.
	numbers map[uint16]bool
	better  map[uint16]bool
	// set is what ip_local_reserved_ports should be; empty until it is asked
	// for.
	set string
}

func newChecker(snap *host.Snapshot, rep report.Report, p Preflight, opts Options) *checker {
	c := &checker{
		judge: judge{snap: snap}, preflight: p, opts: opts,
		results: make(map[seat]*report.Result, len(rep.Results)), sockets: make(map[string]*host.Socket, len(snap.Sockets)),
		declared: make(map[place][]*wanted), numbers: make(map[uint16]bool), better: make(map[uint16]bool),
	}
	for i := range rep.Results {
		r := &rep.Results[i]
		c.results[seat{r.Target.Protocol, r.Target.Address, r.Target.Port}] = r
	}
	for i := range snap.Sockets {
		c.sockets[snap.Sockets[i].ID] = &snap.Sockets[i]
		c.numbers[snap.Sockets[i].Local.Port()] = true
	}
	for _, t := range p.Asked {
		for n := int(t.Ports.First); n <= int(t.Ports.Last); n++ {
			for _, protocol := range certainProtocols(t, opts) {
				if r := c.results[seat{protocol, t.Host, uint16(n)}]; r != nil {
					c.wanted = append(c.wanted, &wanted{
						protocol: protocol, ports: port.One(uint16(n)), address: t.Host, result: r, alone: t.Ports.Len() == 1,
					})
				}
			}
		}
	}
	for i := range p.Declarations {
		d := &p.Declarations[i]
		for n := int(d.Port); n <= int(portsOf(d).Last); n++ {
			c.numbers[uint16(n)] = true
		}
		if !isChecked(d) {
			continue
		}
		w := &wanted{declaration: d, protocol: protocolOf(d), ports: portsOf(d), address: d.Address, alone: true, inactive: !p.starts(d)}
		w.result = c.best(w)
		c.wanted = append(c.wanted, w)
		if !w.isRange() {
			at := place{w.protocol, w.ports.First}
			c.declared[at] = append(c.declared[at], w)
		}
	}
	for _, w := range c.wanted {
		w.expected = slices.ContainsFunc(p.Expectations, func(e report.Expectation) bool { return c.tells(e, w) })
	}
	return c
}

// best is the result of the port that suits best: one that the project has
// already, one that is free, one that may be, else the first.
func (c *checker) best(w *wanted) *report.Result {
	var best *report.Result
	rank := 0
	for n := int(w.ports.First); n <= int(w.ports.Last); n++ {
		r := c.results[seat{w.protocol, w.address, uint16(n)}]
		if r == nil {
			continue
		}
		of := 1
		switch {
		case c.isMine(w, r):
			of = 4
		case r.Status == report.StatusFree:
			of = 3
		case r.Status == report.StatusUnknown:
			of = 2
		}
		if of > rank {
			best, rank = r, of
		}
	}
	return best
}

// tells reports whether an expectation says what should be true of a wanted
// port, so that nothing else has to be said about who has it. One about a single
// address says nothing about who is in the way elsewhere.
func (c *checker) tells(e report.Expectation, w *wanted) bool {
	t := e.Target
	if t.Ports.First == 0 || w.isRange() || !t.Ports.Contains(w.ports.First) || certainProtocols(t, c.opts)[0] != w.protocol {
		return false
	}
	if t.Host == "" || t.Host == w.address {
		return true
	}
	if w.address != "" {
		addresses, _ := addressesNamed(w.address)
		return slices.ContainsFunc(addresses, func(a netip.Addr) bool { return slices.Contains(t.Addresses, a) })
	}
	expected := c.results[seat{w.protocol, t.Host, w.ports.First}]
	if expected == nil || w.result == nil {
		return false
	}
	serving := servingOf(c.snap, *expected)
	blockers, all := c.blockersOf(w.result)
	return all && !slices.ContainsFunc(blockers, func(s *host.Socket) bool { return !slices.Contains(serving, s) })
}

// asRoot is a command that takes root, with sudo for who is not.
func (c *checker) asRoot(command ...string) []string {
	if uid := c.snap.Viewer.UID; uid != nil && *uid == 0 {
		return command
	}
	return append([]string{"sudo"}, command...)
}

// blockersOf are the sockets that stand in the way of a result's binds. It
// fails where a bind is refused and not every reason is known.
func (c *checker) blockersOf(r *report.Result) (blockers []*host.Socket, all bool) {
	all = true
	seen := make(map[string]bool)
	for _, b := range r.Binds {
		all = all && (b.Errno != host.EADDRINUSE || len(b.BlockedBy) > 0)
		for _, id := range b.BlockedBy {
			if s := c.sockets[id]; s != nil && !seen[id] {
				seen[id] = true
				blockers = append(blockers, s)
			}
		}
	}
	return blockers, all && len(blockers) > 0
}

// inUse reports whether somebody has the port, for at least one of the
// addresses.
func inUse(r *report.Result) bool {
	switch r.Status {
	case report.StatusTaken:
		return true
	case report.StatusPartlyFree:
		return slices.ContainsFunc(r.Binds, func(b report.Bind) bool { return b.Errno == host.EADDRINUSE })
	}
	return false
}

// hasCause reports whether a result has one of the causes.
func hasCause(r *report.Result, ids ...report.CauseID) bool {
	return slices.ContainsFunc(r.Causes, func(c report.Cause) bool { return slices.Contains(ids, c.ID) })
}

// explained adds to a finding the causes that explain it, and what they say to
// do.
func explained(f report.Finding, r *report.Result, explains func(report.CauseID) bool) report.Finding {
	for _, c := range r.Causes {
		if !explains(c.ID) {
			continue
		}
		f.Causes = append(f.Causes, c.ID)
		for _, remedy := range c.Remedies {
			if !slices.ContainsFunc(f.Remedies, func(o report.Remedy) bool {
				return o.Summary == remedy.Summary || len(o.Command) > 0 && slices.Equal(o.Command, remedy.Command)
			}) {
				f.Remedies = append(f.Remedies, remedy)
			}
		}
	}
	return f
}
