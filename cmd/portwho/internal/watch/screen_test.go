package watch

import (
	"context"
	"errors"
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
	t      *testing.T
	rows   []Row
	gaps   []term.Text
	fail   error
	now    time.Time
	unsure []string

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
			return Look{At: w.now, Rows: w.rows, Gaps: w.gaps, Unsure: w.unsure}, w.fail
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

// TestScreens shows a run at every size, with and without colour.
func TestScreens(t *testing.T) {
	time.Local = time.UTC // of this test binary
	for _, size := range [][2]int{{40, 15}, {80, 24}, {200, 50}} {
		for _, color := range []bool{false, true} {
			name := fmt.Sprintf("%dx%d", size[0], size[1])
			if color {
				name += "-color"
			}
			w := newWorld(t, size[0], size[1], color)
			w.golden(name + "-before")
			w.rows = []Row{server(80, "0.0.0.0", "nginx", 812), server(3000, "127.0.0.1", "日本語サーバ", 4411), server(8080, "127.0.0.1", "\x1b[31mred", 5001)}
			w.gaps = []term.Text{term.Clean("not seen: open files of 31 processes: permission denied; run with sudo to see them")}
			w.look()
			w.look()
			w.golden(name + "-start")
			other := server(8080, "127.0.0.1", "heir", 5002)
			other.Sockets = w.rows[2].Sockets
			w.rows = []Row{server(80, "0.0.0.0", "nginx", 812), server(5173, "::1", "vite", 9001), other}
			w.look()
			w.keys("j")
			w.golden(name + "-changed")
			for range 3 {
				w.look()
			}
			w.golden(name + "-fading")
			for range 3 {
				w.look()
			}
			w.golden(name + "-faded")
			w.keys("h")
			w.golden(name + "-history")
			w.keys("esc", "/", "v", "i")
			w.golden(name + "-filter")
			w.keys("enter", "enter")
			w.golden(name + "-details")
			w.keys("esc", "esc")
			w.fail = errors.New("the machine could not be read")
			w.look()
			w.golden(name + "-failed")
		}
	}
}

func TestQuits(t *testing.T) {
	for _, name := range []string{"q", "ctrl+c"} {
		if w := newWorld(t, 80, 24, false); !w.keys(name) {
			t.Errorf("%s does not quit", name)
		}
	}
	w := newWorld(t, 80, 24, false)
	if w.keys("?", "q", "h", "q", "/", "q") {
		t.Error("q quits where it means something else")
	}
	if !w.keys("ctrl+c") {
		t.Error("ctrl+c does not quit while a filter is typed")
	}
}

// chosenPort is the port under the cursor.
func (w *world) chosenPort() uint16 {
	if l := w.screen.table.current(); l != nil {
		return l.Target.Port
	}
	return 0
}

// TestCursorStays: on its socket, whatever comes, goes, and is sorted.
func TestCursorStays(t *testing.T) {
	w := newWorld(t, 80, 24, false)
	for n := range uint16(10) {
		w.rows = append(w.rows, server(3000+n, "127.0.0.1", fmt.Sprintf("p%d", 9-n), int32(n)+1))
	}
	w.look()
	w.keys("j", "j", "j", "j")
	want := func(step string, number uint16) {
		t.Helper()
		if got := w.chosenPort(); got != number {
			t.Errorf("%s: the cursor is on %d, want %d", step, got, number)
		}
	}
	want("down", 3004)
	w.rows = append([]Row{server(10, "127.0.0.1", "first", 99)}, w.rows[1:]...)
	w.look()
	want("another look", 3004)
	w.keys("s", "s")
	want("sorted", 3004)
	w.keys("r")
	want("reversed", 3004)
	w.keys("/", "p", "5")
	want("filtered", 3004)
	w.keys("esc")
	want("all", 3004)
	w.keys("end")
	last := w.chosenPort()
	w.keys("/", "p", "5")
	want("filtered out", 3004)
	if w.keys("esc"); last == 3004 || w.chosenPort() != 3004 {
		t.Errorf("the cursor is on %d", w.chosenPort())
	}
}

// TestUnsure: what a look could not show is not called gone.
func TestUnsure(t *testing.T) {
	w := newWorld(t, 80, 24, false)
	w.rows = []Row{server(80, "0.0.0.0", "nginx", 812)}
	w.look()
	w.unsure = w.rows[0].Sockets
	w.rows = nil
	w.look()
	if view := w.view(); !strings.Contains(view, ">? 80") || strings.Contains(view, "gone") {
		t.Errorf("not in doubt:\n%s", view)
	}
	w.unsure = nil
	w.look()
	if view := w.view(); !strings.Contains(view, ">- 80") {
		t.Errorf("not gone:\n%s", view)
	}
}

// TestHiddenHolders: that a look could not name the holder is no change of it.
func TestHiddenHolders(t *testing.T) {
	w := newWorld(t, 80, 24, false)
	known := server(80, "0.0.0.0", "nginx", 812)
	hidden := known
	hidden.Holders = nil
	for _, rows := range [][]Row{{known}, {hidden}, {known}} {
		w.rows = rows
		w.look()
		if view := w.view(); strings.Contains(view, "~") {
			t.Errorf("a change:\n%s", view)
		}
	}
}

// TestStopAsks: only y stops, once, and a refusal has no y.
func TestStopAsks(t *testing.T) {
	w := newWorld(t, 80, 24, false)
	w.rows = []Row{server(80, "0.0.0.0", "nginx", 812), server(80, "127.0.0.1", "other", 813)}
	w.plan = Plan{Text: "will stop 1 process", Ready: true, Stop: func(_ context.Context, tell func(term.Text)) (string, error) {
		w.stopped++
		return "80/tcp is free", nil
	}}
	w.look()
	w.keys("x", "enter", "j", "x", "c", "n", "y")
	if w.stopped > 0 {
		t.Fatal("stopped without a y")
	}
	w.keys("x", "esc", "j", "x", "y", "y")
	if w.stopped != 1 || !strings.Contains(w.view(), "80/tcp is free") {
		t.Errorf("stopped %d times:\n%s", w.stopped, w.view())
	}
	if last := w.asked[len(w.asked)-1]; last != "plan 127.0.0.1:80" {
		t.Errorf("%s, want the address where a port has two servers", last)
	}
	w.plan.Ready = false
	w.keys("esc", "x", "y")
	if w.stopped != 1 {
		t.Error("a refused plan was carried out")
	}
}

// TestLatePlan: the answer to an earlier question is not taken for the one to
// the last.
func TestLatePlan(t *testing.T) {
	w := newWorld(t, 80, 24, false)
	w.rows = []Row{server(80, "0.0.0.0", "nginx", 812)}
	w.look()
	_, first := w.screen.Update(key("x"))
	w.screen.Update(key("esc"))
	_, _ = w.screen.Update(key("x"))
	w.plan = Plan{Text: "late", Ready: true}
	w.send(first())
	if w.screen.pane.asks() {
		t.Error("a plan that came late is asked about")
	}
}

// TestLooksDoNotOverlap: the next look waits for the one before.
func TestLooksDoNotOverlap(t *testing.T) {
	w := newWorld(t, 80, 24, false)
	if w.screen.look() == nil {
		t.Fatal("no first look")
	}
	if _, cmd := w.screen.Update(tickMsg{}); cmd != nil {
		t.Error("a look while one is taken")
	}
	w.look()
	w.keys("p")
	if _, cmd := w.screen.Update(tickMsg{}); cmd != nil {
		t.Error("a look while paused")
	}
}

// TestUpTicks: ages go on between two looks, and stand still while paused.
func TestUpTicks(t *testing.T) {
	w := newWorld(t, 80, 24, false)
	w.rows = []Row{server(80, "0.0.0.0", "nginx", 812)}
	w.look()
	w.now = begin.Add(9 * time.Second)
	if !strings.Contains(w.view(), "9s") {
		t.Errorf("no tick:\n%s", w.view())
	}
	w.screen.Update(beatMsg{})
	if w.now = begin.Add(3 * time.Hour); !strings.Contains(w.view(), "10800s") {
		w.screen.Update(beatMsg{})
		if !strings.Contains(w.view(), "10800s") {
			t.Errorf("the column did not grow:\n%s", w.view())
		}
	}
	w.keys("p")
	if strings.Contains(w.view(), "10800s") {
		t.Errorf("a tick while paused:\n%s", w.view())
	}
}

// TestCopy: the command for the line, or the right one where it is refused.
func TestCopy(t *testing.T) {
	w := newWorld(t, 80, 24, false)
	w.rows = []Row{server(80, "0.0.0.0", "nginx", 812)}
	w.look()
	w.keys("c")
	if !strings.Contains(w.view(), "portwho kill 80") {
		t.Errorf("not said:\n%s", w.view())
	}
	w.plan = Plan{Text: "refused", Instead: []string{"sudo", "systemctl", "stop", "nginx.service"}}
	w.keys("x", "c")
	if !strings.Contains(w.view(), "sudo systemctl stop nginx.service") {
		t.Errorf("not said:\n%s", w.view())
	}
}

// TestEverySize: no size makes it panic, or draw more than there is room for.
func TestEverySize(t *testing.T) {
	for width := 1; width < 60; width += 3 {
		for height := 1; height < 20; height++ {
			w := newWorld(t, width, height, true)
			w.rows = []Row{server(80, "0.0.0.0", "日本語サーバ", 812), server(81, "::1", "b", 813)}
			w.gaps = []term.Text{term.Clean("not seen: everything, for many reasons")}
			w.look()
			for _, name := range []string{"j", "?", "j", "esc", "h", "esc", "/", "日", "enter"} {
				w.screen.Update(key(name))
				lines := strings.Split(w.view(), "\n")
				if len(lines) != height {
					t.Fatalf("%dx%d after %s: %d lines", width, height, name, len(lines))
				}
				for _, line := range lines {
					if got := term.Width(bare(line)); got > width {
						t.Fatalf("%dx%d after %s: %d columns: %q", width, height, name, got, line)
					}
				}
			}
		}
	}
}

func TestWrapStyled(t *testing.T) {
	const red = "\x1b[31m"
	for _, tt := range []struct {
		in    string
		width int
		want  []string
	}{
		{"one two\n", 20, []string{"one two"}},
		{"one two three", 8, []string{"one two", "three"}},
		{"onetwothree", 4, []string{"onet", "woth", "ree"}},
		{red + "one two" + reset + " three", 4, []string{red + "one" + reset, red + "two" + reset, "thre", "e"}},
		{"日本語", 4, []string{"日本", "語"}},
		{"", 4, []string{""}},
		{"a\n\nb", 4, []string{"a", "", "b"}},
	} {
		if got := wrapStyled(tt.in, tt.width); strings.Join(got, "|") != strings.Join(tt.want, "|") {
			t.Errorf("wrapStyled(%q, %d) = %q, want %q", tt.in, tt.width, got, tt.want)
		}
	}
}

func BenchmarkScreen(b *testing.B) {
	const listeners = 5000
	rows := make([]Row, listeners)
	for i := range rows {
		rows[i] = server(uint16(i+1), "127.0.0.1", fmt.Sprintf("server-%d", i%100), int32(i+1))
	}
	s := newScreen(context.Background(), Config{
		Color: true, Every: time.Second, Live: true, Now: func() time.Time { return begin },
		Slots: plainSlots, Age: func(time.Duration) string { return "2h 14m" },
	})
	s.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	s.Update(lookMsg{Look{At: begin, Rows: rows}, nil})
	b.Run("key", func(b *testing.B) {
		for i := range b.N {
			if i%listeners == 0 {
				s.Update(key("g"))
			}
			s.Update(key("j"))
			_ = s.View()
		}
	})
	b.Run("filter", func(b *testing.B) {
		s.pane.typing = true
		for range b.N {
			s.Update(key("7"))
			_ = s.View()
			s.Update(key("backspace"))
			_ = s.View()
		}
		s.pane.typing = false
	})
	b.Run("look", func(b *testing.B) {
		for range b.N {
			s.Update(lookMsg{Look{At: begin, Rows: rows}, nil})
			_ = s.View()
		}
	})
}
