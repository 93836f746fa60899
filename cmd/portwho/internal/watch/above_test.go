package watch

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

// TestDetailsBelow: a tall screen keeps the line with the cursor above the
// details, and the table stands as before when they are closed.
func TestDetailsBelow(t *testing.T) {
	w := newWorld(t, 80, 40, false)
	for n := range uint16(100) {
		w.rows = append(w.rows, server(3000+n, "127.0.0.1", "node", int32(n)+1))
	}
	w.look()
	w.keys(strings.Fields(strings.Repeat("j ", 80) + strings.Repeat("k ", 20))...)
	before := w.view()
	w.keys("enter")
	lines := strings.Split(w.view(), "\n")
	if len(lines) != 40 {
		t.Errorf("%d lines", len(lines))
	}
	cursor, title := -1, -1
	for i, line := range lines {
		if strings.HasPrefix(line, ">  3060") {
			cursor = i
		}
		if line == " portwho 3060" {
			title = i
		}
	}
	if cursor < 2 || title != 40/3 || cursor >= title-1 || lines[title-1] != "" {
		t.Errorf("the cursor is in line %d, the details begin in line %d:\n%s", cursor, title, w.view())
	}
	w.send(tea.WindowSizeMsg{Width: 80, Height: 29})
	if view := w.view(); !strings.HasPrefix(view, " portwho 3060\n") {
		t.Errorf("29 lines do not show details alone:\n%s", view)
	}
	w.send(tea.WindowSizeMsg{Width: 80, Height: 40})
	w.keys("esc")
	if got := w.view(); got != before {
		t.Errorf("after the details it is\n%s\nand was\n%s", got, before)
	}
}

// TestDetailsBelowScroll: to their last line, however much of the screen the
// table has.
func TestDetailsBelowScroll(t *testing.T) {
	for height := tall - 2; height < tall+3; height++ {
		w := newWorld(t, 80, height, false)
		w.rows = []Row{server(3000, "127.0.0.1", "node", 1)}
		w.look()
		w.keys("enter")
		var text []string
		for i := range 100 {
			text = append(text, fmt.Sprintf("line %d.", i))
		}
		w.send(detailMsg{number: w.screen.pane.number, text: strings.Join(text, "\n")})
		w.keys("end")
		view := strings.Split(w.view(), "\n")
		if len(view) != height || view[height-2] != " line 99." {
			t.Errorf("height %d: %d lines, the last is %q", height, len(view), view[height-2])
		}
	}
}
