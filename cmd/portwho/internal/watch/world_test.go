package watch

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

var begin = time.Date(2026, 5, 4, 10, 20, 30, 0, time.UTC)

// world is what a screen is shown: rows that a test changes, and a clock that
// stands still unless it is moved.
type world struct {
	t              *testing.T
	rows           []Row
	gaps           []term.Text
	fail           error
	now            time.Time
	unsure, others []string

	asked   []string // the targets of details and plans
	plan    Plan
	stopped int

	screen *screen
}

func newWorld(t *testing.T, width, height int, color bool) *world {
	w := &world{t: t, now: begin}
	w.screen = newScreen(t.Context(), Config{
		Color: color, Every: time.Second, Live: true, Now: func() time.Time { return w.now },
		Refresh: func(context.Context) (Look, error) {
			return Look{At: w.now, Rows: w.rows, Gaps: w.gaps, Unsure: w.unsure, Others: w.others}, w.fail
		},
		Slots: plainSlots,
		Age:   func(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) },
		Detail: func(_ context.Context, target report.Target, width int, again bool) (string, error) {
			w.asked = append(w.asked, fmt.Sprintf("detail %s %d %v", target.Text, width, again))
			return "\x1b[1m" + target.Text + "/tcp is taken\x1b[0m\n\nby somebody\n", nil
		},
		Plan: func(_ context.Context, target report.Target, _ int) (Plan, error) {
			w.asked = append(w.asked, "plan "+target.Text)
			return w.plan, nil
		},
	})
	w.send(tea.WindowSizeMsg{Width: width, Height: height})
	return w
}

// plainSlots has every column that is used, as wide as its widest cell.
func plainSlots(rows []Row, _ int) []Slot {
	var out []Slot
	for _, c := range []struct {
		title string
		cell  int
	}{{"PORT", cellPort}, {"ADDRESS", cellAddress}, {"HOLDER", cellHolder}, {"UP", cellUp}} {
		width := len(c.title)
		for _, r := range rows {
			width = max(width, r.Cells[c.cell].Width())
		}
		out = append(out, Slot{Title: c.title, Cell: c.cell, Width: width, Fit: func(t term.Text) term.Text {
			t = t.Cut(width)
			return t.Plus(term.Clean(strings.Repeat(" ", width-t.Width())))
		}})
	}
	return out
}

// server is a row of a server that started at the beginning.
func server(number uint16, address, name string, pid int32) Row {
	cells := make([]term.Text, 10)
	cells[cellPort] = term.Clean(fmt.Sprint(number))
	cells[cellAddress] = term.Clean(address)
	cells[cellHolder] = term.Cleanf("%s %d", name, pid)
	cells[cellUp] = term.Clean("0s")
	return Row{
		Target:  report.Target{Text: fmt.Sprintf("tcp/%d", number), Protocol: port.TCP, Port: number},
		Sockets: []string{fmt.Sprintf("tcp/%s:%d#%d", address, number, pid)}, Holders: []int32{pid},
		Address: netip.MustParseAddr(address), Started: begin, Cells: cells,
	}
}

// send hands the screen a message and carries out what it asks for, but for
// waiting: the next look is taken by the test.
func (w *world) send(m tea.Msg) (quit bool) {
	w.t.Helper()
	_, cmd := w.screen.Update(m)
	return w.do(cmd)
}

func (w *world) do(cmd tea.Cmd) (quit bool) {
	if cmd == nil {
		return false
	}
	done := make(chan tea.Msg, 1)
	go func() { done <- cmd() }()
	select {
	case m := <-done:
		switch m := m.(type) {
		case nil:
		case tea.BatchMsg:
			for _, c := range m {
				quit = w.do(c) || quit
			}
		case tea.QuitMsg:
			return true
		case tickMsg:
		default:
			return w.send(m) || quit
		}
	case <-time.After(w.screen.config.Every / 4): // the pause before the next look
	}
	return quit
}

// look takes a look, a second later.
func (w *world) look() {
	w.now = w.now.Add(time.Second)
	w.screen.looking = true
	look, err := w.screen.config.Refresh(w.t.Context())
	_, cmd := w.screen.Update(lookMsg{look, err})
	if w.screen.pane.kind == detailPane {
		w.do(cmd)
	}
}

func (w *world) keys(names ...string) (quit bool) {
	for _, name := range names {
		quit = w.send(key(name)) || quit
	}
	return quit
}

// key is the message of a key by its name.
func key(name string) tea.KeyPressMsg {
	switch name {
	case "enter":
		return tea.KeyPressMsg{Code: tea.KeyEnter}
	case "esc":
		return tea.KeyPressMsg{Code: tea.KeyEscape}
	case "left":
		return tea.KeyPressMsg{Code: tea.KeyLeft}
	case "backspace":
		return tea.KeyPressMsg{Code: tea.KeyBackspace}
	case "pgdown":
		return tea.KeyPressMsg{Code: tea.KeyPgDown}
	case "end":
		return tea.KeyPressMsg{Code: tea.KeyEnd}
	case "ctrl+c":
		return tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
	}
	r := []rune(name)
	return tea.KeyPressMsg{Code: r[0], Text: name}
}

func (w *world) view() string { return w.screen.View().Content }

// golden compares the screen with a file. Escape codes are written as ^[ there.
func (w *world) golden(name string) {
	w.t.Helper()
	view := w.view()
	lines := strings.Split(view, "\n")
	if len(lines) != w.screen.height {
		w.t.Errorf("%s: %d lines, want %d", name, len(lines), w.screen.height)
	}
	for _, line := range lines {
		if width := term.Width(bare(line)); width > w.screen.width {
			w.t.Errorf("%s: a line of %d columns: %q", name, width, line)
		}
	}
	got := strings.ReplaceAll(view, "\x1b", "^[") + "\n"
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	if got != string(want) {
		w.t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
	}
}

// bare is a line without colours.
func bare(line string) string {
	var b strings.Builder
	for i := 0; i < len(line); {
		if n := styleEnd(line[i:]); n > 0 {
			i += n
			continue
		}
		b.WriteByte(line[i])
		i++
	}
	return b.String()
}
