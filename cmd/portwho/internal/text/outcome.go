package text

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// Outcome writes what came of a stop: what was done, step by step, and in the
// end whether the port is free or who has it now.
func Outcome(w io.Writer, outcome report.Outcome, opts Options) error {
	p := newPage(opts)
	if err := p.steps(outcome); err != nil {
		return err
	}
	if len(outcome.Steps) == 0 {
		p.refusals(outcome.Action.Refusals)
	}
	p.gap()
	p.verdictAfter(outcome)
	if slices.ContainsFunc(outcome.Steps, stops) {
		p.again(outcome.Action.Again, "start it again:")
	}
	return p.writeTo(w)
}

// stops reports whether a step stopped something.
func stops(s report.Step) bool {
	return s.Do == "signal" || s.Do == "command" && s.Detail == ""
}

// steps tells what was done and when, counted from the first step.
func (p *page) steps(outcome report.Outcome) error {
	if len(outcome.Steps) == 0 {
		return nil
	}
	names := victimNames(outcome.Action)
	start := outcome.Steps[0].At
	t := &table{columns: []*column{{}, {least: 30}, {least: 20}}}
	for _, s := range outcome.Steps {
		if s.Do == "free" {
			continue // the last sentence
		}
		t.add(
			term.Clean(elapsed(s.At.Sub(start))).In(term.Label),
			term.Clean(stepText(s, names[s.PID])),
			term.Clean(s.Detail),
		)
	}
	return p.table(2, t, false)
}

// victimNames are the processes that an action ends, by pid.
func victimNames(action report.Action) map[int32]string {
	names := map[int32]string{}
	name := func(victims []report.Victim) {
		for _, v := range victims {
			names[v.PID] = holderName(v.Holder) + fmt.Sprintf(" %d", v.PID)
		}
	}
	name(action.Victims)
	for _, c := range action.Commands {
		name(c.Processes)
	}
	return names
}

func elapsed(d time.Duration) string { return fmt.Sprintf("%.1fs", max(d, 0).Seconds()) }

// stepText is a step in words.
func stepText(s report.Step, name string) string {
	if name == "" && s.PID != 0 {
		name = fmt.Sprintf("pid %d", s.PID)
	}
	switch s.Do {
	case "command":
		return "ran " + term.QuoteCommand(s.Command)
	case "signal":
		return fmt.Sprintf("sent SIG%s to %s", s.Signal, name)
	case "exited":
		return name + " exited"
	case "gone":
		return name + " was gone already"
	case "changed":
		if name == "" {
			return "things have changed, and nothing was run"
		}
		return name + " is not what it was, and was left alone"
	case "released":
		return name + " closed the port"
	case "denied":
		return name + " may not be signalled"
	case "retaken":
		return "the port was free, and is taken again"
	case "timeout":
		return name + " did not exit in time"
	}
	if name == "" {
		return s.Do
	}
	return s.Do + " " + name
}

// verdictAfter is the last sentence: free and proved, or who has the port now.
func (p *page) verdictAfter(o report.Outcome) {
	name := portName(o.Action.Target.Port, o.Action.Target.Protocol)
	acts := len(o.Action.Victims) > 0 || len(o.Action.Commands) > 0
	if o.Free && acts {
		sentence := term.Clean(name + " is ").In(term.Bold).Plus(term.Clean("free").In(term.Good))
		if bound := provedOn(o.Probes); len(o.Action.Left) > 0 {
			sentence = sentence.Plus(term.Cleanf(" on %s, bound to prove it; not chosen: %s", bound, joinAnd(o.Action.Left)))
		} else if bound != "" {
			sentence = sentence.Plus(term.Cleanf(": bound %s to prove it", bound))
		}
		p.prose(0, 2, sentence)
		return
	}
	if !acts && len(o.Action.Refusals) == 0 {
		p.prose(0, 2, term.Clean("nothing to stop: ").Plus(headline(o.Result)))
		return
	}
	refused := len(o.Steps) == 0 && len(o.Action.Refusals) > 0 // and said so above
	if o.Error != "" && !refused {
		p.prose(0, 2, term.Clean("not freed: ").In(term.Bad).Plus(term.Clean(o.Error)))
	}
	if o.Result.Summary != "" {
		p.prose(0, 2, headline(o.Result))
	}
}

// provedOn lists the addresses that were really bound.
func provedOn(probes []host.Probe) string {
	var addresses []string
	for _, probe := range probes {
		if probe.Errno == host.OK {
			addresses = append(addresses, probe.Candidate.Local.Addr().String())
		}
	}
	return joinAnd(addresses)
}
