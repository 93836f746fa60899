package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

const rootLong = `portwho tells who holds a port, why a bind fails, and how to get the port back.

A target is what you have in hand: 8080, :8080, 8000-8010, 127.0.0.1:8080,
[::1]:8080, localhost:3000, udp/53, postgres, http://localhost:3000/.
Without a target, portwho lists every listener: on a terminal by project, with
those of the system in a line, elsewhere as one table.

Exit codes: 0 somebody holds it, 1 nobody does, 2 usage, 3 could not tell.`

const rootExample = `  portwho 8080             who holds port 8080, and could I bind it?
  portwho                  who listens on this machine, by project; --all for everybody
  portwho --all-loopback   everything that listens and is reachable over loopback
  portwho --exposed        everything that is reachable from outside
  portwho --project .      what the project in this folder serves
  portwho kill 8080        stop what is in charge of it, and prove that it is free
  portwho check 8080 5432  can I bind these? for scripts and CI`

func (a *app) rootCommand(args []string) *cobra.Command {
	var f rootFlags
	root := &cobra.Command{
		Use:           "portwho [TARGET...]",
		Short:         "Who holds this port, why can't I bind it, and how do I get it back?",
		Long:          rootLong,
		Example:       rootExample,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, args []string) error { return a.runRoot(cmd, args, f) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagFailure)
	root.SuggestionsMinimumDistance = 2

	all := root.PersistentFlags()
	all.SortFlags = false
	all.BoolVar(&a.json, "json", false, "print JSON (docs/json.md)")
	all.StringVar(&a.color, "color", "auto", "colour `WHEN`: auto, always or never")
	all.StringVar(&a.source, "source", "auto", "`HOW` sockets are listed: auto, sock_diag (Linux) or portable")
	all.StringVar(&a.snapshotFile, "snapshot", "", "answer from a `FILE` that portwho snapshot saved; - is stdin")
	all.StringVar(&a.procRoot, "proc-root", "", "where procfs is mounted")
	all.StringVar(&a.etcRoot, "etc-root", "", "where hosts and gai.conf are")
	_ = all.MarkHidden("proc-root")
	all.StringVar(&a.sysRoot, "sys-root", "", "where sysfs is mounted")
	_ = all.MarkHidden("sys-root")
	_ = all.MarkHidden("etc-root")
	all.StringVar(&a.runtimeRoot, "run-root", "", "where the sockets of container engines are")
	_ = all.MarkHidden("run-root")

	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		heedInterrupts(cmd)
		return a.validColor()
	}

	f.add(root.Flags())
	root.Flags().SortFlags = false
	if onlyTargets(args) {
		return root
	}
	shortHelp(root)
	root.AddCommand(a.checkCommand(), a.killCommand(), a.waitCommand(), a.freeCommand(), a.runCommand(), a.explainCommand(), a.snapshotCommand(), a.watchCommand(), a.versionCommand(),
		a.runChildCommand(), a.runRelayCommand())
	return root
}

// onlyTargets reports whether the arguments are flags and targets that no
// command could be named, so that the commands need not be made: that takes as
// long as listing the sockets. Help tells them, and what is in doubt has them.
func onlyTargets(args []string) bool {
	for _, arg := range args {
		switch {
		case strings.HasPrefix(arg, "--"):
			if strings.HasPrefix(arg, "--help") || arg == "--" {
				return false
			}
		case strings.HasPrefix(arg, "-"):
			if strings.Contains(arg, "h") {
				return false
			}
		case !strings.ContainsAny(arg, "0123456789:/"):
			return false
		}
	}
	return true
}

// rootFlags are the flags of portwho itself.
type rootFlags struct {
	listFlags
	bind           bindFlags
	look           lookFlags
	noProbe, quick bool
	all            bool
}

// depth is what is read beside the sockets where the flags do not say less.
func (f *rootFlags) depth(usual depth) depth {
	if f.quick {
		return quick
	}
	return usual
}

func (a *app) runRoot(cmd *cobra.Command, args []string, f rootFlags) error {
	if err := f.valid(); err != nil {
		return err
	}
	targets, err := parseTargets(cmd, args)
	if err != nil {
		return err
	}
	if len(targets) == 0 || f.filters() {
		if len(targets) == 0 && f.isBare() && a.grouping() {
			return a.listGroups(cmd.Context(), f)
		}
		return a.list(cmd, targets, f)
	}
	if f.all {
		return usage(errors.New("--all lists every listener, so it takes no target"), "leave out the target, or --all")
	}
	return a.verdict(cmd, targets, f)
}

// list tells listeners, those of the targets or all.
func (a *app) list(cmd *cobra.Command, targets []port.Target, f rootFlags) error {
	protocols := f.protocols.list()
	snap, err := a.snapshot(cmd.Context(), host.Scope{Ports: portRanges(targets), Protocols: protocols, ListenersOnly: true}, f.depth(listed))
	if err != nil {
		return err
	}
	filter, err := f.filter(targets)
	if err != nil {
		return err
	}
	rep := diagnose.List(snap, filter, tool())
	if err := a.printList(rep, f.look); err != nil {
		return err
	}
	return listCode(rep, snap)
}

// listCode is the code of a list.
func listCode(rep report.Report, snap *host.Snapshot) error {
	switch {
	case len(rep.Results) > 0:
		return nil
	case undecided(snap):
		return exitWith(exitUnknown)
	}
	return exitWith(exitNo)
}

// verdict answers the targets one by one.
func (a *app) verdict(cmd *cobra.Command, targets []port.Target, f rootFlags) error {
	protocols := f.protocols.list()
	defaults, err := f.bind.defaults(cmd)
	if err != nil {
		return err
	}
	scope := host.Scope{Ports: portRanges(targets), Protocols: wanted(targets, protocols)}
	opts := diagnose.Options{Tool: tool(), Defaults: defaults, Protocols: protocols, Family: f.protocols.family()}
	var rep report.Report
	if f.quick {
		rep, err = a.glance(cmd.Context(), scope, targets, opts)
	} else {
		rep, err = a.study(cmd.Context(), scope, targets, opts, f.noProbe)
	}
	if err != nil {
		return err
	}
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	if err := a.printVerdict(rep, f.look); err != nil {
		return err
	}
	return exitWith(worstHeld(rep, targets))
}

// study reads all that the answers may hang on, and tries what cannot be read.
func (a *app) study(ctx context.Context, scope host.Scope, targets []port.Target, opts diagnose.Options, noProbe bool) (report.Report, error) {
	snap, err := a.snapshot(ctx, scope, asked)
	if err != nil {
		return report.Report{}, err
	}
	return a.settle(ctx, snap, targets, opts, noProbe), nil
}

// wanted limits the protocols that are read to those that are told.
func wanted(targets []port.Target, flags []port.Protocol) []port.Protocol {
	var out []port.Protocol
	for _, t := range targets {
		switch {
		case t.Protocol != "":
			out = append(out, t.Protocol)
		case len(flags) > 0:
			out = append(out, flags...)
		default:
			return nil
		}
	}
	return out
}

func undecided(snap *host.Snapshot) bool {
	for _, g := range snap.Gaps {
		if g.Decides {
			return true
		}
	}
	return false
}

func (a *app) validColor() error {
	switch a.color {
	case term.ColorAuto, term.ColorAlways, term.ColorNever:
		return nil
	}
	return usage(fmt.Errorf("unknown colour choice %q", a.color), "--color takes auto, always or never")
}

// flagFailure puts a mistake in the flags into one line with the next step.
func flagFailure(cmd *cobra.Command, err error) error {
	negativePort := regexp.MustCompile(`in -[0-9]+$`)
	// How package strconv begins an error tells a person nothing.
	parsing := regexp.MustCompile(`strconv\.\w+: parsing "[^"]*": `)
	hint := fmt.Sprintf("%s --help lists the flags", cmd.CommandPath())
	if strings.Contains(err.Error(), "time: ") {
		hint = "a duration is a number with a unit, as 500ms, 30s or 5m"
	}
	if negativePort.MatchString(err.Error()) {
		return usage(errors.New("a port is never negative"), "ports go from 1 to 65535")
	}
	return usage(errors.New(parsing.ReplaceAllString(err.Error(), "")), hint)
}

// noArguments refuses arguments in words of our own.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(fmt.Errorf("%s takes no arguments, got %q", cmd.CommandPath(), args[0]), cmd.CommandPath()+" --help")
	}
	return nil
}

// someTargets demands at least one.
func someTargets(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usage(fmt.Errorf("%s needs a target", cmd.CommandPath()), fmt.Sprintf("for example: %s 8080", cmd.CommandPath()))
	}
	return nil
}
