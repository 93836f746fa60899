package cli

import (
	"fmt"
	"os"

	xterm "golang.org/x/term"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/cmd/portwho/internal/text"
	"github.com/portwho/portwho/pkg/report"
)

// printVerdict writes the answer to portwho TARGET.
func (a *app) printVerdict(rep report.Report, look lookFlags) error {
	if a.json {
		return report.WriteJSON(a.stdout, rep)
	}
	return text.Verdict(a.stdout, rep, a.looks(look))
}

func (a *app) printList(rep report.Report, look lookFlags) error {
	if a.json {
		return report.WriteJSON(a.stdout, rep)
	}
	return text.List(a.stdout, rep, a.looks(look))
}

// printCheck writes the answer to portwho check in the format that was asked
// for. The exit code does not depend on it.
func (a *app) printCheck(rep report.Report, f checkFlags, onlyAsked bool) error {
	switch format := a.formatOf(f.format); format {
	case formatJSON:
		return report.WriteJSON(a.stdout, rep)
	case formatJUnit:
		return report.WriteJUnit(a.stdout, a.fromRoot(rep), f.strict)
	case formatSARIF:
		return report.WriteSARIF(a.stdout, a.fromRoot(rep))
	case formatMarkdown:
		return report.WriteMarkdown(a.stdout, a.fromRoot(rep))
	case formatGitHub:
		return a.printGitHub(rep, func() error { return a.printCheckText(rep, f.look, onlyAsked) })
	}
	return a.printCheckText(rep, f.look, onlyAsked)
}

// printCheckText writes a list of binds where nothing but targets was asked
// about.
func (a *app) printCheckText(rep report.Report, look lookFlags, onlyAsked bool) error {
	if onlyAsked {
		return text.Check(a.stdout, rep, a.looks(look))
	}
	return text.Preflight(a.stdout, rep, a.looks(look))
}

// printExplanation writes the answer to portwho explain. list asks for a line
// a cause.
func (a *app) printExplanation(e report.Explanation, list bool) error {
	if a.json {
		return report.WriteExplanationJSON(a.stdout, e)
	}
	opts := a.looks(lookFlags{})
	if !list {
		return text.Explain(a.stdout, e, opts)
	}
	causes := e.Causes
	e.Causes = nil
	if len(e.Ports)+len(e.Findings) > 0 {
		if err := text.Explain(a.stdout, e, opts); err != nil {
			return err
		}
		fmt.Fprintln(a.stdout)
	}
	return text.Causes(a.stdout, causes, opts)
}

// printPlans shows what is about to be stopped, on stderr beside the question.
func (a *app) printPlans(plans []report.Action) error {
	opts := a.looks(lookFlags{})
	opts.Color = opts.Color && term.Detect(a.stderr, a.lookup, a.color).Color
	for i, p := range plans {
		if i > 0 {
			fmt.Fprintln(a.stderr)
		}
		if err := text.Plan(a.stderr, p, opts); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printStop(rep report.StopReport) error {
	if a.json {
		return report.WriteStopJSON(a.stdout, rep)
	}
	opts := a.looks(lookFlags{})
	for i, o := range rep.Outcomes {
		if i > 0 {
			fmt.Fprintln(a.stdout)
		}
		write := func() error { return text.Outcome(a.stdout, o, opts) }
		if rep.DryRun && !idle(o.Action) {
			write = func() error { return text.Plan(a.stdout, o.Action, opts) }
		}
		if err := write(); err != nil {
			return err
		}
	}
	for _, o := range rep.Outcomes {
		if len(o.Action.Refusals) > 0 || !o.Free && !rep.DryRun {
			return text.Gaps(a.stdout, rep.Gaps, opts)
		}
	}
	return nil
}

// printWait writes the answer to portwho wait. Who wants quiet still gets JSON.
func (a *app) printWait(rep report.WaitReport, quiet bool) error {
	switch {
	case a.json:
		return report.WriteWaitJSON(a.stdout, rep)
	case quiet:
		return nil
	}
	return text.Waited(a.stdout, rep, a.looks(lookFlags{}))
}

// looks are the options of text for this run. Ages are counted from the
// clock, in a replay from the moment the snapshot was taken.
func (a *app) looks(look lookFlags) text.Options {
	t := term.Detect(a.stdout, a.lookup, a.color)
	home, _ := a.lookup("HOME")
	opts := text.Options{
		Width: t.Width, Color: t.Color, Home: home,
		Wide: look.wide, NoHeader: look.noHeader, Sort: look.sort,
	}
	if !a.replayed() {
		opts.Now = a.now()
	}
	return opts
}

// interactive reports whether a person can be asked.
func (a *app) interactive() bool {
	in, ok := a.stdin.(*os.File)
	out, okOut := a.stderr.(*os.File)
	return ok && okOut && xterm.IsTerminal(int(in.Fd())) && xterm.IsTerminal(int(out.Fd()))
}
