package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/preflight"
	"github.com/portwho/portwho/pkg/report"
)

const waitLong = `Wait until every port is as wanted, all at the same time: free, so that a server
could bind it, or with --for until a server is there.

With --for listening, each address that localhost stands for must accept a
connection, or the one that the target names. With --for http:/health, a GET
must be answered with 200 to 299. With --owner, it must be your server, and not
a leftover of yesterday.`

const waitExample = `portwho wait 4000 && npm test   # start once the port is free
portwho wait 8080 --for listening --timeout 60s
npm start & portwho wait 3000 --for http:/health --owner pid:$!`

// waitFlags are the flags of portwho wait.
type waitFlags struct {
	forWhat, owner, status string
	timeout, interval      time.Duration
	quiet                  bool
	protocols              protocolFlags
	bind                   bindFlags
}

func (a *app) waitCommand() *cobra.Command {
	var f waitFlags
	cmd := &cobra.Command{
		Use:     "wait TARGET...",
		Short:   "Wait until ports are free, or a server answers",
		Long:    waitLong,
		Example: waitExample,
		Args:    someTargets,
		RunE: func(cmd *cobra.Command, args []string) error {
			targets, err := parseTargets(cmd, args)
			if err != nil {
				return err
			}
			w, err := a.newWaiter(cmd, targets, f)
			if err != nil {
				return err
			}
			return a.wait(cmd.Context(), w, f)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.forWhat, "for", "free", "`WHAT` to wait for: free, listening, http:/PATH")
	flags.StringVar(&f.owner, "owner", "", "`WHO` must serve it: pid:4711, unit:nginx, user:me")
	flags.StringVar(&f.status, "status", "", "accept these HTTP `CODES`: 200, or 200-399")
	flags.DurationVar(&f.timeout, "timeout", 30*time.Second, "`TIME` to wait; 0 is as long as it takes")
	flags.DurationVar(&f.interval, "interval", 0, "`TIME` between looks (default 20ms, later 250ms)")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "say nothing; the exit code is the answer")
	f.protocols.add(flags)
	f.bind.add(flags)
	return cmd
}

// newWaiter reads the flags.
func (a *app) newWaiter(cmd *cobra.Command, targets []port.Target, f waitFlags) (*waiter, error) {
	defaults, err := f.bind.defaults(cmd)
	if err != nil {
		return nil, err
	}
	if f.protocols.v4 && f.protocols.v6 {
		f.protocols.v4, f.protocols.v6 = false, false // both is all
	}
	switch {
	case a.replayed():
		return nil, usage(errors.New("a saved snapshot never changes"), "leave out --snapshot")
	case f.timeout < 0 || f.interval < 0:
		return nil, usage(errors.New("a duration must not be negative"), "for example: --timeout 30s")
	}
	w := &waiter{
		app: a, mostAnswer: mostAnswer, forWhat: f.forWhat, interval: f.interval, protocols: checked(f.protocols.list()),
		opts: diagnose.Options{Tool: tool(), Defaults: defaults, Protocols: checked(f.protocols.list()), Family: f.protocols.family()},
	}
	w.localhost = localhostOf(a.etcRoot, w.opts.Family)
	if w.source, err = a.sourceFlag(); err != nil {
		return nil, err
	}
	if err := w.want(f); err != nil {
		return nil, err
	}
	for _, t := range targets {
		for n := int(t.Ports.First); n <= int(t.Ports.Last); n++ {
			protocols := w.opts.Protocols
			if t.Protocol != "" {
				protocols = []port.Protocol{t.Protocol}
			}
			for _, protocol := range protocols {
				if w.path != "" && protocol != port.TCP {
					return nil, usage(fmt.Errorf("%s: HTTP goes over TCP", t), "for UDP: --for listening")
				}
				one := t
				one.Protocol, one.Ports = protocol, port.One(uint16(n))
				w.ports = append(w.ports, &waited{target: one})
			}
		}
	}
	return w, nil
}

// want reads what is waited for.
func (w *waiter) want(f waitFlags) error {
	kind, path, _ := strings.Cut(f.forWhat, ":")
	switch {
	case f.forWhat == "free":
		w.reached = w.isFree
	case f.forWhat == "listening":
		w.reached = w.isListening
	case kind == "http" && strings.HasPrefix(path, "//"):
		return usage(fmt.Errorf("--for %s names a host", quoted(f.forWhat)), "the target says where, as in: portwho wait localhost:3000 --for http:/health")
	case kind == "http" && strings.HasPrefix(path, "/") && !strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		w.path, w.reached = path, w.answers
	default:
		return usage(fmt.Errorf("--for does not take %s", quoted(f.forWhat)), oneOf("--for", f.forWhat, "free", "listening", "http:/PATH"))
	}
	var err error
	if w.least, w.most, err = statusRange(f.status); err != nil {
		return usage(err, "for example: --status 200 or --status 200-399")
	}
	if f.status != "" && w.path == "" {
		return usage(errors.New("--status is about HTTP"), "add --for http:/PATH")
	}
	if f.owner == "" {
		return nil
	}
	if f.forWhat == "free" {
		return usage(errors.New("nobody owns a free port"), "with --owner: --for listening or --for http:/PATH")
	}
	owner, err := preflight.ParseOwner(f.owner)
	var bad *preflight.SyntaxError
	if errors.As(err, &bad) {
		hint := "for example: --owner pid:4711 or --owner unit:postgresql.service"
		if bad.Suggestion != "" {
			hint = fmt.Sprintf("did you mean %s?", bad.Suggestion)
		}
		return usage(err, hint)
	}
	w.owner, w.ownerText = &owner, f.owner
	return err
}

// statusRange reads HTTP status codes: 200, 200-399, or nothing for success.
func statusRange(text string) (least, most int, err error) {
	if text == "" {
		return 200, 299, nil
	}
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	least, errLeast := strconv.Atoi(first)
	most, errMost := strconv.Atoi(last)
	if errLeast != nil || errMost != nil || least < 200 || most > 999 || most < least {
		return 0, 0, fmt.Errorf("%s is no HTTP status code", quoted(text))
	}
	return least, most, nil
}

// wait waits and tells what came of it.
func (a *app) wait(ctx context.Context, w *waiter, f waitFlags) error {
	talk := a.newTalk(f.quiet)
	rep, err := w.run(ctx, f.timeout, talk)
	talk.end()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	if err := a.printWait(rep, f.quiet); err != nil {
		return err
	}
	switch {
	case rep.Outcome == report.WaitMet:
		return nil
	case slices.ContainsFunc(w.ports, func(p *waited) bool { return !p.met && p.unsure }):
		return exitWith(exitUnknown)
	}
	return exitWith(exitRefused)
}
