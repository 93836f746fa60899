package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/report"
)

const checkLong = `Try to bind each target the way a server would, and say who is in the way. The
bind is real: the socket is closed at once and never listens. A port alone
stands for 127.0.0.1, 0.0.0.0, ::1 and ::, and is TCP.

Without a target, the ports are those that the files of this folder declare:
compose files, .env, Procfile, package.json, devcontainer.json,
launchSettings.json, Kubernetes, kind, portwho.yaml (docs/preflight.md).`

const checkExample = `portwho check                       # what this folder declares
portwho check 8000 udp/53 4000-4010
portwho check --file compose.yaml --profile dev
portwho check 8080 --expect 8080=project:.   # free, or ours
portwho check --format junit > ports.xml`

// checkFlags are the flags of portwho check.
type checkFlags struct {
	protocols             protocolFlags
	bind                  bindFlags
	look                  lookFlags
	format                formatFlags
	noProbe, list, strict bool
	files, profiles       []string
	expect, allow         []string
}

func (f *checkFlags) add(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringArrayVar(&f.files, "file", nil, "check the ports that this `FILE` declares; repeat for more")
	flags.BoolVar(&f.list, "list", false, "list the ports that files declare, and look no further")
	flags.StringArrayVar(&f.profiles, "profile", nil, "start this compose profile `NAME` too; * for all")
	flags.StringArrayVar(&f.expect, "expect", nil, "demand `PORT=WHAT`: 80=unit:nginx, or 80=free")
	flags.StringArrayVar(&f.allow, "allow", nil, "agree to a finding `ID[:PORT]`, as exposed:80")
	flags.BoolVar(&f.strict, "strict", false, "fail for warnings too")
	f.format.add(flags)
	f.protocols.add(flags)
	f.bind.add(flags)
	flags.BoolVar(&f.noProbe, "no-probe", false, "predict from what is read, without touching the port")
	flags.BoolVar(&f.look.wide, "wide", false, "nothing shortened")
}

func (a *app) checkCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:     "check [TARGET...]",
		Short:   "Try to bind ports, or those that a project declares",
		Long:    checkLong,
		Example: checkExample,
		Args:    cobra.ArbitraryArgs,
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runCheck(cmd, args, f) },
	}
	f.add(cmd.Flags())
	return cmd
}

func (a *app) runCheck(cmd *cobra.Command, args []string, f checkFlags) error {
	if f.list && len(args) > 0 {
		return usage(fmt.Errorf("--list takes no targets, got %s", quoted(args[0])), "it lists what the files of a project declare; name them with --file")
	}
	if err := f.format.valid(a.json); err != nil {
		return err
	}
	targets, err := parseTargets(cmd, args)
	if err != nil {
		return err
	}
	defaults, err := f.bind.defaults(cmd)
	if err != nil {
		return err
	}
	p, err := a.preflight(cmd.Context(), f, targets)
	if err != nil {
		return err
	}
	opts := diagnose.Options{Tool: tool(), Defaults: defaults, Protocols: checked(f.protocols.list()), Family: f.protocols.family()}
	return a.answerCheck(cmd.Context(), p, opts, f)
}

// answerCheck tells what there is to say about a preflight.
func (a *app) answerCheck(ctx context.Context, p diagnose.Preflight, opts diagnose.Options, f checkFlags) error {
	var rep report.Report
	var err error
	if f.list {
		rep = a.listing(p, opts)
	} else if rep, err = a.checkAll(ctx, p, opts, f.noProbe); err != nil {
		return err
	}
	if err := a.printCheck(rep, f, onlyAsked(p)); err != nil {
		return err
	}
	return exitWith(findingsCode(rep.Findings, f.strict))
}

// onlyAsked reports whether a check is about nothing but targets, so that it is
// told as a list of binds.
func onlyAsked(p diagnose.Preflight) bool {
	return len(p.Asked) > 0 && len(p.Files)+len(p.Expectations)+len(p.Allowances) == 0
}
