package diagnose

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// Preflight is what a check is about: the ports that a person asks about, those
// that the files of a project declare, and what should be true of them.
type Preflight struct {
	// Asked are the targets of the command line.
	Asked []port.Target
	// Files are the names of the project's files in the order in which findings
	// are told.
	Files        []string
	Declarations []report.Declaration
	// FileFindings are about the files alone. They are told with the others.
	FileFindings []report.Finding
	Expectations []report.Expectation
	Allowances   []report.Allowance
	// Folders are the paths of the project's folder, with and without symbolic
	// links. What works in it is the project's own. Empty where nothing is.
	Folders []string
	// Profiles are the compose profiles that will be started; "*" for all.
	Profiles []string
}

// Findings says what there is to say about the ports of a preflight. The report
// is that of [Diagnose] for the [Preflight.Targets] with the same options.
// Findings come in the order of files, lines and ports; those of the command
// line first.
func Findings(snap *host.Snapshot, rep report.Report, p Preflight, opts Options) []report.Finding {
	c := newChecker(snap, rep, p, opts)
	findings := slices.Clone(p.FileFindings)
	for _, w := range c.wanted {
		rules := findingRules()
		if w.inactive {
			rules = []findingRule{declaredTwice}
		}
		for _, rule := range rules {
			if f, found := rule(c, w); found {
				findings = append(findings, w.placed(f))
			}
		}
	}
	for _, e := range p.Expectations {
		findings = append(findings, c.unmet(e)...)
	}
	rank := func(name string) int { return slices.Index(p.Files, name) }
	slices.SortStableFunc(findings, func(a, b report.Finding) int {
		return cmp.Or(cmp.Compare(rank(a.File), rank(b.File)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Port, b.Port))
	})
	for i := range findings {
		findings[i].Allowed = findings[i].Allowed || slices.ContainsFunc(p.Allowances, func(a report.Allowance) bool {
			return a.ID == findings[i].ID && (a.Port == 0 || a.Port == findings[i].Port)
		})
	}
	return findings
}

// findingRule looks for one finding. Each stands in a file of its own, named
// after the finding.
type findingRule func(*checker, *wanted) (report.Finding, bool)

// findingRules lists the rules in the order in which the findings about one
// port are told: whether it can be had now, and then what may go wrong later.
func findingRules() []findingRule {
	return []findingRule{
		takenFinding,
		mineFinding,
		privilegedFinding,
		addressNotLocalFinding,
		refusedFinding,
		unknownFinding,
		declaredTwice,
		tooFew,
		ephemeralFinding,
		reservedFinding,
		browserBlocked,
		shadowedFinding,
		exposedFinding,
	}
}

// wanted is one port, or a range any one of which will do, that somebody wants.
type wanted struct {
	// declaration is nil for a port of the command line.
	declaration *report.Declaration
	protocol    port.Protocol
	ports       port.Range
	// address is as written; empty for every address.
	address string
	// result is that of the port, and of a range that of the port that suits
	// best. It is nil where the address is a name that nobody looks up.
	result *report.Result
	// alone says that the person asked about this very port, and not about a
	// range of the command line that it is in.
	alone bool
	// inactive says that nobody starts what declares it: its compose profile was
	// not chosen.
	inactive bool
	// expected says that an expectation tells whether the port is as it should
	// be.
	expected bool
}

// placed fills in where a finding belongs.
func (w *wanted) placed(f report.Finding) report.Finding {
	f.Protocol, f.Address, f.Port = w.protocol, w.address, w.ports.First
	if d := w.declaration; d != nil {
		f.File, f.Line, f.Column, f.Name = d.File, d.Line, d.Column, d.Name
	}
	return f
}

// judged reports whether the rules about having the port now are to speak.
func (w *wanted) judged() bool { return !w.expected }

// isRange reports whether any one of several ports will do.
func (w *wanted) isRange() bool { return w.ports.Len() > 1 }

// name writes the port as a sentence does: 8080/tcp, 8000-8010/tcp.
func (w *wanted) name() string { return w.ports.String() + "/" + string(w.protocol) }

// everyAddress reports whether the file names the wildcard or no address.
func (w *wanted) everyAddress() bool {
	switch w.address {
	case "", "*", "0.0.0.0", "::", "[::]":
		return true
	}
	return false
}

// at says where the port is declared, to end an advice about what to write;
// empty for the command line.
func (w *wanted) at() string {
	if w.declaration == nil {
		return ""
	}
	return " at " + placeOf(w.declaration)
}

// placeOf is a place in a file, as compilers write it.
func placeOf(d *report.Declaration) string { return fmt.Sprintf("%s:%d", d.File, d.Line) }
