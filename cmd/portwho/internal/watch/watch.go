package watch

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// framesPerSecond is how often the terminal is written to at most. Nothing is
// written when nothing has changed.
const framesPerSecond = 20

// Run shows the screen until the person leaves it, or the terminal is gone, or ctx
// ends, which is its error then. The terminal is as it was afterwards, whatever happened.
func Run(ctx context.Context, config Config) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel() // what still runs has nobody to tell
	var program *tea.Program
	input := term.UntilGone(config.In, func() { program.Quit() })
	program = tea.NewProgram(newScreen(inner, config),
		tea.WithContext(ctx), tea.WithInput(input), tea.WithOutput(config.Out),
		tea.WithEnvironment(environment(config)), tea.WithFPS(framesPerSecond), tea.WithoutSignalHandler())
	if config.Continued != nil {
		defer config.Continued(func() { program.Send(continuedMsg{}) })()
	}
	_, err := program.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// environment is what the library may know. It looks for NO_COLOR as well, and
// what was decided about colours stands.
func environment(config Config) []string {
	var out []string
	for _, e := range config.Env {
		if !config.Color || !strings.HasPrefix(e, "NO_COLOR=") {
			out = append(out, e)
		}
	}
	return out
}

// screen is all that is shown, and where the person is in it.
type screen struct {
	config        Config
	ctx           context.Context // ends when the screen is left
	width, height int

	table   table
	history history
	gaps    []term.Text
	pane    pane
	// failed is why the last look failed; message is what to tell until the
	// next key.
	failed, message term.Text

	// suspended says that the program has stopped itself.
	suspended bool

	looking, paused bool
	looks           int
	at              time.Time // of the last look
	// pauses counts those before a look. The end of an earlier one says nothing:
	// a look was taken since.
	pauses int
}

func newScreen(ctx context.Context, config Config) *screen {
	s := &screen{config: config, ctx: ctx, width: 80, height: 24}
	s.table.fade = fadeLooks(config.Every)
	return s
}

type (
	lookMsg struct {
		look Look
		err  error
	}
	tickMsg struct{ pause int }
	beatMsg struct{}
)

// Init takes the first look.
func (s *screen) Init() tea.Cmd { return tea.Batch(s.look(), s.beat()) }

// beat has the ages drawn anew every second where the looks are further apart.
func (s *screen) beat() tea.Cmd {
	if s.config.Every <= time.Second || !s.config.Live {
		return nil
	}
	return tea.Tick(time.Second, func(time.Time) tea.Msg { return beatMsg{} })
}

func (s *screen) fit() { s.table.fit(s.config, s.tableWidth(), s.now()) }

// look takes a look, unless one is being taken.
func (s *screen) look() tea.Cmd {
	if s.looking {
		return nil
	}
	s.looking = true
	return func() tea.Msg {
		look, err := s.config.Refresh(s.ctx)
		return lookMsg{look, err}
	}
}

// Update takes in what has happened.
func (s *screen) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch m := message.(type) {
	case tea.WindowSizeMsg:
		s.width, s.height = m.Width, m.Height
		s.fit()
		return s, s.pane.resize(s)
	case continuedMsg:
		if s.suspended {
			return s, nil // it has the terminal again by itself
		}
		return s, s.retake()
	case suspendedMsg:
		return s, s.resumed(m.err)
	case beatMsg:
		s.fit()
		return s, s.beat()
	case tickMsg:
		if s.paused || m.pause != s.pauses {
			return s, nil
		}
		return s, s.look()
	case lookMsg:
		return s, s.take(m)
	case tea.KeyPressMsg:
		return s, s.press(m)
	case tea.PasteMsg:
		s.paste(m.Content)
	case tea.MouseWheelMsg, tea.MouseClickMsg:
		return s, s.mouse(m.(tea.MouseMsg))
	case detailMsg, planMsg, stepMsg, stoppedMsg:
		return s, s.pane.take(s, m)
	}
	return s, nil
}

// take shows a look, and has the next one taken after the pause.
func (s *screen) take(m lookMsg) tea.Cmd {
	s.looking = false
	s.pauses++
	pause := s.pauses
	next := tea.Tick(s.config.Every, func(time.Time) tea.Msg { return tickMsg{pause} })
	if m.err != nil {
		s.failed = term.Cleanf("cannot look: %v", m.err)
		return next
	}
	s.failed = term.Text{}
	s.looks++
	s.at = m.look.At
	s.gaps = m.look.Gaps
	s.history.note(s.at, s.table.take(m.look))
	s.table.arrange()
	s.fit()
	return tea.Batch(next, s.pane.looked(s))
}

// now is what ages are counted from.
func (s *screen) now() time.Time {
	if s.config.Live && !s.paused {
		return s.config.Now()
	}
	return s.at
}
