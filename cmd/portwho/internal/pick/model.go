package pick

import (
	"slices"

	tea "charm.land/bubbletea/v2"
)

// ending is how the choice came to its end.
type ending int

const (
	open ending = iota
	agreed
	left
	interrupted
)

// model is the state of the choice. It is a value: each key makes a new one.
type model struct {
	config        Config
	width, height int
	at, top       int // the line of the cursor, and the first line shown
	chosen        []bool
	remark        string // what to say about the last key
	end           ending
}

func newModel(config Config) model {
	m := model{config: config, chosen: make([]bool, len(config.Items)), width: 80, height: 24}
	m.at = max(slices.IndexFunc(config.Items, func(item Item) bool { return !item.Refused }), 0)
	return m
}

// The words about keys that did nothing.
const (
	remarkNothing = "nothing is chosen yet: space chooses this line, a chooses all"
	remarkRefused = "this one cannot be stopped from here; the reason is above"
)

func (m model) Init() tea.Cmd { return nil }

func (m model) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch message := message.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = message.Width, message.Height
	case continuedMsg:
		return m, m.retake()
	case tea.KeyPressMsg:
		m = m.press(message.String())
	}
	m.top = m.layout().top
	if m.end != open {
		return m, tea.Quit
	}
	return m, nil
}

func (m model) press(key string) model {
	m.remark = ""
	last := len(m.config.Items) - 1
	switch key {
	case "up", "k":
		m.at = max(m.at-1, 0)
	case "down", "j":
		m.at = min(m.at+1, last)
	case "home", "g":
		m.at = 0
	case "end", "G", "shift+g":
		m.at = last
	case "pgup":
		m.at = max(m.at-m.layout().rows, 0)
	case "pgdown":
		m.at = min(m.at+m.layout().rows, last)
	case "space", "x":
		m = m.toggle()
	case "a":
		m = m.toggleAll()
	case "enter":
		if m.end = agreed; len(m.places()) == 0 {
			m.end, m.remark = open, remarkNothing
		}
	case "esc", "q", "ctrl+d":
		m.end = left
	case "ctrl+c":
		m.end = interrupted
	}
	return m
}

func (m model) toggle() model {
	if m.config.Items[m.at].Refused {
		m.remark = remarkRefused
		return m
	}
	m.chosen = slices.Clone(m.chosen)
	m.chosen[m.at] = !m.chosen[m.at]
	return m
}

// toggleAll chooses all that can be, or none if all of them are.
func (m model) toggleAll() model {
	all := len(m.places()) < m.choosable()
	m.chosen = make([]bool, len(m.chosen))
	for i, item := range m.config.Items {
		m.chosen[i] = all && !item.Refused
	}
	return m
}

func (m model) choosable() int {
	n := 0
	for _, item := range m.config.Items {
		if !item.Refused {
			n++
		}
	}
	return n
}

// places are the chosen items.
func (m model) places() []int {
	var out []int
	for i, chosen := range m.chosen {
		if chosen {
			out = append(out, i)
		}
	}
	return out
}
