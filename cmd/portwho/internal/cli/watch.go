package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	xterm "golang.org/x/term"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/cmd/portwho/internal/text"
	"github.com/portwho/portwho/cmd/portwho/internal/watch"
	"github.com/portwho/portwho/pkg/port"
)

const watchLong = `Listeners, or how the ports of the targets stand, kept up to date on a screen.
What is new and what is gone is marked, by a sign and by colour. Press ? for the
keys: enter for details, / to filter, h for the history, x to stop what holds a
port by the plan of portwho kill, q to leave.

Without a terminal each change is a line, with --json one of JSON.`

const watchExample = `portwho watch
portwho watch 3000 5432
portwho watch --mine --interval 500ms
portwho watch --exposed --json   # a line for each change`

// watchFlags are the flags of portwho watch.
type watchFlags struct {
	listFlags
	interval    time.Duration
	mouse       bool
	changesOnly bool
	chosen      string // the flags that choose what is watched, as they were given
}

// leastInterval is how often a person can follow.
const leastInterval = 100 * time.Millisecond

func (a *app) watchCommand() *cobra.Command {
	var f watchFlags
	cmd := &cobra.Command{
		Use:     "watch [TARGET...]",
		Short:   "Show listeners as they come and go, live",
		Long:    watchLong,
		Example: watchExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.valid(); err != nil {
				return err
			}
			targets, err := parseTargets(cmd, args)
			if err != nil {
				return err
			}
			if a.snapshotFile == "-" {
				return usage(errors.New("stdin cannot be read again and again"), "give --snapshot a file")
			}
			if a.json || !a.onScreen() {
				if a.replayed() {
					return a.nothingToWatch(args)
				}
				return a.watchStream(cmd.Context(), targets, f)
			}
			f.chosen = given(cmd.LocalNonPersistentFlags())
			return a.watchScreen(cmd.Context(), targets, f)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.DurationVar(&f.interval, "interval", time.Second, "`TIME` from look to look")
	f.listFlags.add(flags)
	flags.BoolVar(&f.changesOnly, "changes-only", false, "without a terminal, leave out what was there before")
	flags.BoolVar(&f.mouse, "mouse", false, "scroll and choose with the mouse too")
	return cmd
}

// nothingToWatch says that no line would ever follow those of what was saved.
func (a *app) nothingToWatch(args []string) error {
	list := term.QuoteCommand(append(append([]string{"portwho"}, args...), "--snapshot", a.snapshotFile))
	return usage(errors.New("a saved snapshot never changes"), list+" tells what it holds; on a terminal, watch without --json shows it")
}

func (f *watchFlags) valid() error {
	if f.interval <= 0 {
		return usage(errors.New("--interval must be more than 0"), "for example: --interval 500ms")
	}
	return f.listFlags.valid()
}

// given writes the flags that choose what is watched.
func given(flags *pflag.FlagSet) string {
	var out []string
	flags.Visit(func(flag *pflag.Flag) {
		switch flag.Name {
		case "interval", "mouse", "changes-only":
			return
		}
		word := "--" + flag.Name
		if flag.Value.Type() != "bool" {
			word += " " + strings.Trim(flag.Value.String(), "[]")
		}
		out = append(out, word)
	})
	return strings.Join(out, " ")
}

// onScreen reports whether a person sits before a terminal that a screen can be
// drawn on.
func (a *app) onScreen() bool {
	in, ok := a.stdin.(*os.File)
	kind, _ := a.lookup("TERM")
	return ok && kind != "dumb" && xterm.IsTerminal(int(in.Fd())) && term.Detect(a.stdout, a.lookup, a.color).IsTTY
}

func (a *app) watchScreen(ctx context.Context, targets []port.Target, f watchFlags) error {
	if f.interval < leastInterval {
		return usage(fmt.Errorf("an interval of %s is too short for a screen", f.interval), "--interval takes 100ms or more")
	}
	looks := watchLooks{app: a, targets: targets, watchFlags: f}
	if _, err := looks.read(ctx); err != nil {
		return err // the first look tells mistakes before the screen is taken
	}
	subject := f.chosen
	if len(targets) > 0 {
		subject = strings.TrimSpace(targetList(targets) + " " + subject)
	}
	detail := &watchDetail{app: a}
	ctx, ended := a.heedEnd(ctx)
	err := watch.Run(ctx, watch.Config{
		In: a.stdin, Out: a.stdout, Continued: heedContinue, Suspend: suspend,
		Env: a.env, Mouse: f.mouse, Every: f.interval, Now: a.now,
		Color: a.looks(lookFlags{}).Color, Live: !a.replayed(), Subject: subject,
		Refresh: looks.take,
		Slots:   watchSlots, Age: text.Age, Detail: detail.text, Plan: a.watchPlan,
	})
	if code := ended(); code != 0 {
		return childExit(code)
	}
	return err
}

// heedEnd ends the context at a signal that would end the program, so that the
// terminal is put in order. The code is that of a program which the signal has
// ended, as shells count it; 0 where none came.
func (a *app) heedEnd(ctx context.Context) (context.Context, func() int) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 1)
	for _, s := range []os.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) { // as nohup has it
			signal.Notify(signals, s)
		}
	}
	code := make(chan int, 1)
	go func() {
		select {
		case s := <-signals:
			if number, ok := s.(syscall.Signal); ok {
				code <- 128 + int(number)
			}
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() int {
		signal.Stop(signals)
		cancel()
		select {
		case c := <-code:
			return c
		default:
			return 0
		}
	}
}
