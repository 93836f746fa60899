package watch

import (
	"context"
	"io"
	"time"

	"github.com/portwho/portwho/pkg/report"
)

// Config is all that the screen knows of the world.
type Config struct {
	// In and Out are the terminal.
	In  io.Reader
	Out io.Writer
	// Env is the program's environment, as of [os.Environ].
	Env []string
	// Color says that colours may be used.
	Color bool
	// Mouse says that the mouse may be used; the terminal then no longer
	// marks text with it.
	Mouse bool
	// Every is how long to wait between two looks.
	Every time.Duration
	// Now is the clock.
	Now func() time.Time
	// Refresh reads the listeners. An error is shown, and the screen goes on.
	Refresh func(ctx context.Context) (report.Report, error)
	// Detail returns what portwho TARGET prints, for so many columns.
	Detail func(ctx context.Context, target report.Target, width int) (string, error)
	// Plan makes the plan to stop what holds the target, and its text for so
	// many columns. It changes nothing.
	Plan func(ctx context.Context, target report.Target, width int) (report.Action, string, error)
	// Stop carries out a plan that the person agreed to. Each step is told as
	// it is done.
	Stop func(ctx context.Context, action report.Action, tell func(report.Step)) (report.Outcome, error)
}
