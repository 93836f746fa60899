package text

import (
	"io"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// Waited writes what came of portwho wait: a sentence for each port, and what to
// do where the time was up.
func Waited(w io.Writer, rep report.WaitReport, opts Options) error {
	p := newPage(opts.at(rep.TakenAt))
	took := (time.Duration(rep.ElapsedMS) * time.Millisecond).Round(100 * time.Millisecond)
	var causes []report.Cause
	var results []report.Result
	for _, wait := range rep.Waits {
		line := waitedLine(rep, wait)
		if took > 0 {
			line = line.Plus(term.Cleanf(" (after %s)", took).In(term.Label))
		}
		p.prose(0, 2, line)
		results = append(results, wait.Result)
		if !wait.Met && rep.For == "free" {
			causes = append(causes, wait.Result.Causes...)
		}
	}
	p.next(causes)
	if rep.Outcome != report.WaitMet {
		p.gaps(thatMatter(rep.Gaps, results))
	}
	return p.writeTo(w)
}

// waitedLine says how a port stands.
func waitedLine(rep report.WaitReport, wait report.Wait) term.Text {
	switch {
	case wait.Met && rep.For == "free":
		return headline(wait.Result)
	case wait.Met:
		return term.Clean(wait.Summary)
	case rep.Outcome == report.WaitHopeless:
		return term.Clean("waiting does not help: ").In(term.Bad).Plus(term.Clean(wait.Summary))
	}
	return term.Clean("time is up: ").In(term.Bad).Plus(term.Clean(wait.Summary))
}
