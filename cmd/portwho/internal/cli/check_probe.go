package cli

import (
	"context"
	"runtime"
	"slices"

	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/probe"
	"github.com/portwho/portwho/pkg/report"
)

// checked are the protocols a check is about: a port to be declared free means
// TCP unless something else was said.
func checked(protocols []port.Protocol) []port.Protocol {
	if len(protocols) == 0 {
		return []port.Protocol{port.TCP}
	}
	return protocols
}

// checkTries is how often an answer that the reading does not explain is looked
// at again: a server may start or end between the bind and the reading of the
// machine.
const checkTries = 3

// check asks the kernel for every candidate and joins the answers with who
// blocks them. A TCP bind with SO_REUSEPORT that succeeds changes what the
// kernel answers to the next one, so it is made last, and only where reading
// could not tell.
func (a *app) check(ctx context.Context, targets []port.Target, opts diagnose.Options, noProbe bool) (report.Report, *host.Snapshot, error) {
	scope := host.Scope{Ports: portRanges(targets), Protocols: wanted(targets, opts.Protocols)}
	for try := 1; ; try++ {
		var probes []host.Probe
		if !noProbe && !a.replayed() {
			for _, c := range opts.Candidates(runtime.GOOS, targets) {
				if err := ctx.Err(); err != nil {
					return report.Report{}, nil, err
				}
				if leavesAMark(c) {
					continue
				}
				probes = append(probes, probe.Bind(ctx, c))
			}
		}
		snap, err := a.snapshot(ctx, scope, asked)
		if err != nil {
			return report.Report{}, nil, err
		}
		if probes != nil {
			snap.Probes = probes
			snap.Gaps = append(snap.Gaps, untried(probes)...)
		}
		a.deepen(ctx, snap, targets, opts)
		rep := diagnose.Diagnose(snap, targets, opts)
		if !noProbe && !a.replayed() {
			rep = a.tryUnknown(ctx, snap, rep, targets, opts)
		}
		if try == checkTries || a.replayed() || !mayHaveChanged(rep) {
			return a.confined(ctx, snap, rep, targets, opts), snap, nil
		}
	}
}

// leavesAMark reports whether a bind that succeeds changes later answers: TCP
// remembers who shared a port last (see package probe).
func leavesAMark(c host.Candidate) bool {
	return c.Options.ReusePort && c.Protocol == port.TCP
}

// tryUnknown makes the binds that nobody has made and whose answer is not
// known.
func (a *app) tryUnknown(ctx context.Context, snap *host.Snapshot, rep report.Report, targets []port.Target, opts diagnose.Options) report.Report {
	for _, r := range rep.Results {
		for _, b := range r.Binds {
			if c := b.Candidate(r.Target); leavesAMark(c) && b.Errno == host.ErrnoUnknown && ctx.Err() == nil {
				p := probe.Bind(ctx, c)
				snap.Probes = append(snap.Probes, p)
				snap.Gaps = append(snap.Gaps, untried([]host.Probe{p})...)
				rep = diagnose.Diagnose(snap, targets, opts)
			}
		}
	}
	return rep
}

// untried tells why candidates could not be tried, each reason once.
func untried(probes []host.Probe) []host.Gap {
	var gaps []host.Gap
	for _, p := range probes {
		gap := host.Gap{Source: "probe", Subject: "a real bind", Reason: p.Reason}
		if p.Errno == host.ErrnoUnknown && p.Reason != "" && !slices.Contains(gaps, gap) {
			gaps = append(gaps, gap)
		}
	}
	return gaps
}

// mayHaveChanged reports whether the kernel's answer differs from what was read
// in a way that a change between the two explains.
func mayHaveChanged(rep report.Report) bool {
	for _, r := range rep.Results {
		for _, b := range r.Binds {
			switch {
			case b.Proof != report.ProofProbe:
			case b.Errno == host.EADDRINUSE && len(b.BlockedBy) == 0,
				b.Errno == host.OK && b.Predicted == host.EADDRINUSE,
				b.Errno == host.EADDRNOTAVAIL && b.Predicted == host.OK,
				b.Errno == host.OK && b.Predicted == host.EADDRNOTAVAIL:
				return true
			}
		}
	}
	return false
}
