package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

const rootLong = `Who holds this port, why can't I bind it, and how do I get it back?

A target is what you have in hand: 8080, 8000-8010, 127.0.0.1:8080, [::1]:8080,
localhost:3000, udp/53, postgres, http://localhost:3000/`

const rootExample = `portwho 8080        # who holds it, and could I bind it?
portwho --exposed   # what can be reached from outside
portwho kill 8080   # stop what is in charge, and prove that it is free`

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
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagFailure)

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
	setHelp(root)
	root.AddCommand(a.checkCommand(), a.killCommand(), a.waitCommand(), a.freeCommand(), a.runCommand(), a.explainCommand(), a.snapshotCommand(), a.watchCommand(), a.versionCommand(), completionCommand(),
		a.runChildCommand(), a.runRelayCommand())
	root.SetHelpCommand(helpCommand())
	root.CompletionOptions.DisableDefaultCmd = true
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		a.completions(root)
	}
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
	all, version   bool
}

// depth is what is read beside the sockets where the flags do not say less.
func (f *rootFlags) depth(usual depth) depth {
	if f.quick {
		return quick
	}
	return usual
}

func (a *app) runRoot(cmd *cobra.Command, args []string, f rootFlags) error {
	if f.version {
		if len(args) > 0 {
			return usage(fmt.Errorf("--version takes no target, got %q", args[0]), "portwho --version")
		}
		return a.printVersion()
	}
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
	return usage(fmt.Errorf("--color does not take %s", quoted(a.color)), oneOf("--color", a.color, term.ColorAuto, term.ColorAlways, term.ColorNever))
}

// flagFailure puts a mistake in the flags into one line with the next step.
func flagFailure(cmd *cobra.Command, err error) error {
	lists := fmt.Sprintf("%s --help lists the flags", cmd.CommandPath())
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name, letters := unknown.GetSpecifiedName(), unknown.GetSpecifiedShortnames()
		if letters == "" {
			whole := new(app).rootCommand([]string{"--help"}) // this one may know no commands
			return usage(fmt.Errorf("%s has no flag %s", cmd.CommandPath(), quoted("--"+name)), didYouMean(nearFlags(cmd, whole, name), lists))
		}
		if isDigits(letters) {
			return usage(fmt.Errorf("a port is never negative, got %s", quoted("-"+letters)), "ports go from 1 to 65535")
		}
		near := flagOf(cmd, letters) // -json
		if near == nil {
			return usage(fmt.Errorf("%s has no flag -%s", cmd.CommandPath(), name), lists)
		}
		return usage(fmt.Errorf("%s has no flag -%s", cmd.CommandPath(), name), didYouMean([]string{"--" + near.Name}, lists))
	case errors.As(err, &missing):
		return usage(fmt.Errorf("--%s needs a value", missing.GetFlag().Name), valueHint(missing.GetFlag()))
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		return usage(fmt.Errorf("--%s does not take %s", f.Name, quoted(invalid.GetValue())), valueHint(f))
	}
	return usage(err, lists)
}

// valueHint says what a flag takes.
func valueHint(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "bool":
		return fmt.Sprintf("--%s stands alone, or is --%s=true or --%s=false", f.Name, f.Name, f.Name)
	case "duration":
		return fmt.Sprintf("a duration is a number with a unit, as --%s 500ms, 30s or 5m", f.Name)
	case "int":
		return fmt.Sprintf("--%s takes a number", f.Name)
	case "int32Slice":
		return fmt.Sprintf("--%s takes numbers, as --%s 4711 or --%s 4711,4712", f.Name, f.Name, f.Name)
	}
	value, text := pflag.UnquoteUsage(f)
	return fmt.Sprintf("--%s %s: %s", f.Name, value, text)
}

// quoted is the beginning of what was typed, in quotes.
func quoted(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		return strconv.Quote(string(runes[:most])) + "..."
	}
	return strconv.Quote(text)
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// noArguments refuses arguments in words of our own.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(fmt.Errorf("%s takes no arguments, got %s", cmd.CommandPath(), quoted(args[0])), cmd.CommandPath()+" --help shows how it is called")
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
