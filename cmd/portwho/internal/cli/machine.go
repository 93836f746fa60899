package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/probe"
	"github.com/portwho/portwho/pkg/report"
)

// depth is how much is read beside the sockets and their holders.
type depth int

const (
	quick   depth = iota // less: the first holder, of listeners if that will do
	listed               // nothing: a listing
	grouped              // the projects: a listing by project
	judged               // what a verdict needs
	asked                // and who answers a client
)

// snapshot reads the machine, or the file that --snapshot names.
func (a *app) snapshot(ctx context.Context, scope host.Scope, depth depth) (*host.Snapshot, error) {
	if a.snapshotFile != "" {
		return a.loadSnapshot()
	}
	cfg, err := a.config(scope, depth)
	if err != nil {
		return nil, err
	}
	snap, err := collect.Collect(ctx, cfg)
	if err != nil {
		return nil, unreadable(ctx, err)
	}
	return snap, nil
}

// config says what is read of the machine.
func (a *app) config(scope host.Scope, depth depth) (collect.Config, error) {
	source, err := a.sourceFlag()
	return collect.Config{
		Scope:           scope,
		Source:          source,
		ProcRoot:        a.procRoot,
		EtcRoot:         a.etcRoot,
		Now:             a.now,
		Quick:           depth == quick,
		Managers:        !scope.ListenersOnly && depth > quick,
		Environ:         a.env,
		ReuseBits:       depth >= judged || depth == quick && !scope.ListenersOnly,
		Redirects:       depth >= asked,
		OtherNamespaces: depth >= asked,
		Projects:        depth >= grouped,
		Engines:         a.engines(depth),
	}, err
}

// unreadable is the failure of a look at the machine.
func unreadable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &failure{exitUnknown, err, "the machine could not be read; nothing is known about the port"}
}

// engines says where the container engines of the person who asks may be. A
// quick look asks none.
func (a *app) engines(depth depth) *collect.Engines {
	if depth == quick {
		return nil
	}
	home, _ := a.lookup("HOME")
	return &collect.Engines{Environment: a.env, Home: home, RunRoot: a.runtimeRoot}
}

func (a *app) loadSnapshot() (*host.Snapshot, error) {
	in := a.stdin
	if a.snapshotFile != "-" {
		f, err := os.Open(a.snapshotFile)
		if err != nil {
			return nil, usage(err, "save one with: portwho snapshot --output FILE")
		}
		defer f.Close()
		in = f
	}
	snap, err := host.Read(in)
	if errors.Is(err, host.ErrNotSnapshot) || errors.Is(err, io.EOF) {
		return nil, usage(err, "save one with: portwho snapshot --output FILE")
	}
	return snap, err
}

func (a *app) sourceFlag() (host.Source, error) {
	switch a.source {
	case "", "auto":
		return "", nil
	case string(host.SourcePortable), string(host.SourceSockDiag):
		return host.Source(a.source), nil
	}
	return "", usage(fmt.Errorf("--source does not take %s", quoted(a.source)),
		oneOf("--source", a.source, "auto", string(host.SourceSockDiag), string(host.SourcePortable)))
}

// replayed reports whether the answers come from a file, so that the machine
// must be left alone.
func (a *app) replayed() bool { return a.snapshotFile != "" }

// settle answers the targets. What the answers hang on and no table shows is
// first read from the kernel, which changes nothing; for what is left the
// kernel is asked by a bind, unless that was forbidden. The bind is given up at
// once and never listens.
func (a *app) settle(ctx context.Context, snap *host.Snapshot, targets []port.Target, opts diagnose.Options, noProbe bool) report.Report {
	a.deepen(ctx, snap, targets, opts)
	rep := diagnose.Diagnose(snap, targets, opts)
	if a.replayed() || noProbe {
		return rep
	}
	try := func(wanted host.Errno) {
		tried := false
		for _, r := range rep.Results {
			for _, b := range r.Binds {
				if b.Errno == wanted && b.Proof != report.ProofProbe && ctx.Err() == nil {
					snap.Probes = append(snap.Probes, probe.Bind(ctx, b.Candidate(r.Target)))
					tried = true
				}
			}
		}
		if tried {
			rep = diagnose.Diagnose(snap, targets, opts)
		}
	}
	try(host.ErrnoUnknown)
	if saysFree(rep) && (refusedAnyway(rep) || collect.Confined()) {
		// Where something can refuse what no rule forbids, the rule alone
		// calls nothing free.
		try(host.OK)
	}
	return a.confined(ctx, snap, rep, targets, opts)
}

// saysFree reports whether a bind is called possible by the rule alone.
func saysFree(rep report.Report) bool {
	for _, r := range rep.Results {
		for _, b := range r.Binds {
			if b.Errno == host.OK && b.Proof != report.ProofProbe {
				return true
			}
		}
	}
	return false
}

// confined reads what confines this process where the kernel refused a bind
// and nothing that was read explains that, and answers again with it.
func (a *app) confined(ctx context.Context, snap *host.Snapshot, rep report.Report, targets []port.Target, opts diagnose.Options) report.Report {
	if a.replayed() || snap.Confinement != nil || !refusedAnyway(rep) {
		return rep
	}
	confinement, gaps := collect.Confine(ctx, collect.Config{ProcRoot: a.procRoot, SysRoot: a.sysRoot})
	snap.Confinement = &confinement
	snap.Gaps = append(snap.Gaps, gaps...)
	return diagnose.Diagnose(snap, targets, opts)
}

// refusedAnyway reports whether a refusal is unexplained.
func refusedAnyway(rep report.Report) bool {
	for _, r := range rep.Results {
		for _, c := range r.Causes {
			if c.ID == diagnose.CauseUnexplainedRefusal {
				return true
			}
		}
	}
	return false
}

// deepen reads the options of sockets that no process shows, such as those in
// TIME_WAIT, where a verdict or the names of who is in the way hang on them.
func (a *app) deepen(ctx context.Context, snap *host.Snapshot, targets []port.Target, opts diagnose.Options) {
	if a.replayed() || !diagnose.HangsOnOptions(snap, targets, opts) {
		return
	}
	_ = collect.Deepen(ctx, snap) // only the context's, which the caller looks at
}
