package pick

import (
	"context"
	"errors"
	"io"

	tea "charm.land/bubbletea/v2"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// The ways to leave without a choice.
var (
	// ErrNothing says that the person chose to stop nothing.
	ErrNothing = errors.New("nothing was chosen")
	// ErrInterrupted says that Ctrl-C was pressed.
	ErrInterrupted = errors.New("interrupted")
)

// Item is a thing that may be chosen.
type Item struct {
	Port, Who, Address, User, Up, Does term.Text
	// Detail is shown of the line that the cursor is on, a paragraph each.
	Detail []term.Text
	// Refused says that it cannot be chosen.
	Refused bool
}

// Config is all that the choice knows of the world.
type Config struct {
	// In and Out are the terminal.
	In  io.Reader
	Out io.Writer
	// Continued has tell called whenever the program goes on after it was
	// stopped, until stop is called; nil where that cannot be.
	Continued func(tell func()) (stop func())
	// Env is the program's environment, as of [os.Environ].
	Env []string
	// Color says that colours may be used.
	Color bool
	// Title is the question.
	Title string
	Items []Item
}

// Run shows the things until some are chosen, and returns their places in
// Config.Items. Nothing is chosen beforehand, so a key pressed too early does
// no harm. The terminal is as it was afterwards, whatever happened. Who leaves
// gets [ErrNothing] or [ErrInterrupted], and [ErrNothing] comes of a terminal that
// is gone as well.
func Run(ctx context.Context, config Config) ([]int, error) {
	return run(ctx, config, newModel(config))
}

// run is Run for any model that ends as a choice.
func run(ctx context.Context, config Config, first tea.Model) ([]int, error) {
	var program *tea.Program
	input := term.UntilGone(config.In, func() { program.Quit() })
	program = tea.NewProgram(first,
		tea.WithContext(ctx), tea.WithInput(input), tea.WithOutput(config.Out), tea.WithEnvironment(config.Env))
	if config.Continued != nil {
		defer config.Continued(func() { program.Send(continuedMsg{}) })()
	}
	last, err := program.Run()
	if errors.Is(err, tea.ErrInterrupted) {
		return nil, ErrInterrupted
	}
	if err != nil {
		return nil, err
	}
	m, ok := last.(model)
	switch {
	case ok && m.end == agreed:
		return m.places(), nil
	case ok && m.end == interrupted:
		return nil, ErrInterrupted
	}
	return nil, ErrNothing // left, or told to end by a signal
}
