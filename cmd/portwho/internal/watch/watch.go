package watch

import (
	"context"

	tea "charm.land/bubbletea/v2"
)

// Run shows the screen until the person leaves it or ctx ends. The terminal is
// as it was afterwards, whatever happened.
func Run(ctx context.Context, config Config) error {
	_, err := tea.NewProgram(screen{config}, tea.WithContext(ctx), tea.WithInput(config.In), tea.WithOutput(config.Out), tea.WithEnvironment(config.Env)).Run()
	return err
}

type screen struct{ config Config }

func (s screen) Init() tea.Cmd { return nil }

func (s screen) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	if _, pressed := message.(tea.KeyPressMsg); pressed {
		return s, tea.Quit
	}
	return s, nil
}

func (s screen) View() tea.View { return tea.NewView("portwho watch") }
