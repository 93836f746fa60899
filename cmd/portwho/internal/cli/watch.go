package cli

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/cmd/portwho/internal/watch"
)

// watchFlags are the flags of portwho watch.
type watchFlags struct {
	listFlags
	interval    time.Duration
	changesOnly bool
}

func (a *app) watchCommand() *cobra.Command {
	var f watchFlags
	cmd := &cobra.Command{
		Use:   "watch [TARGET...]",
		Short: "Listeners as they come and go, live",
		RunE: func(cmd *cobra.Command, args []string) error {
			targets, err := parseTargets(cmd, args)
			if err != nil {
				return err
			}
			if err := a.validWatch(&f); err != nil {
				return err
			}
			if a.json || !term.Detect(a.stdout, a.lookup, a.color).IsTTY {
				return a.watchStream(cmd.Context(), targets, f)
			}
			return watch.Run(cmd.Context(), watch.Config{In: a.stdin, Out: a.stdout, Env: a.env})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.DurationVar(&f.interval, "interval", time.Second, "how often to look")
	flags.BoolVar(&f.changesOnly, "changes-only", false, "without a terminal: leave out what was there before")
	f.listFlags.add(flags)
	return cmd
}

func (a *app) validWatch(f *watchFlags) error {
	switch {
	case a.replayed():
		return usage(errors.New("a saved snapshot never changes"), "leave out --snapshot")
	case f.interval <= 0:
		return usage(errors.New("--interval must be more than nothing"), "for example: --interval 500ms")
	}
	return f.listFlags.valid()
}
