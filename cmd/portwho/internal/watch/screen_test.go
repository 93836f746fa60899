package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

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

// TestFlapping: a server that comes and goes all the time has one line that is gone,
// beside the one that is there.
func TestFlapping(t *testing.T) {
	w := newWorld(t, 80, 24, false)
	for i := range 8 {
		w.rows = []Row{server(80, "0.0.0.0", "nginx", 812), server(3000, "127.0.0.1", "node", int32(4711+i))}
		w.look()
		if got, most := len(w.screen.table.lines), 3; got > most {
			t.Fatalf("after %d servers there are %d lines", i+1, got)
		}
	}
	if got := len(w.screen.table.lines); got != 3 {
		t.Errorf("%d lines", got)
	}
}

// TestFilter: every word must be in some cell, in any order, and the time that a
// holder has been running is no cell to look in.
func TestFilter(t *testing.T) {
	w := newWorld(t, 80, 24, false)
	w.rows = []Row{server(80, "0.0.0.0", "nginx", 812), server(3000, "127.0.0.1", "node", 4711), server(8080, "0.0.0.0", "node", 4712)}
	w.look()
	for filter, want := range map[string]int{"": 3, "node": 2, "0.0.0.0 node": 1, "node 8080": 1, "NGINX": 1, "node nginx": 0, "day": 0} {
		w.screen.setFilter(filter)
		if got := len(w.screen.table.shown); got != want {
			t.Errorf("%q shows %d lines, want %d", filter, got, want)
		}
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

// TestOthers: what is there still, and is no longer asked about, is not called
// gone.
func TestOthers(t *testing.T) {
	w := newWorld(t, 80, 24, false)
	w.rows = []Row{server(80, "0.0.0.0", "nginx", 812)}
	w.look()
	w.others = w.rows[0].Sockets
	w.rows = nil
	w.look()
	if view := w.view(); strings.Contains(view, "-") || !strings.Contains(view, "no listener found") {
		t.Errorf("still shown:\n%s", view)
	}
	w.keys("h")
	if view := w.view(); !strings.Contains(view, "nginx 812") {
		t.Errorf("not in the history:\n%s", view)
	}
}

// TestMouse: a click chooses a line, the wheel moves.
func TestMouse(t *testing.T) {
	w := newWorld(t, 80, 10, false)
	for n := range uint16(30) {
		w.rows = append(w.rows, server(3000+n, "127.0.0.1", "p", int32(n)+1))
	}
	w.look()
	w.view()
	w.send(tea.MouseClickMsg{Button: tea.MouseLeft, Y: 4})
	if got := w.chosenPort(); got != 3002 {
		t.Errorf("the third line is %d", got)
	}
	w.send(tea.MouseClickMsg{Button: tea.MouseLeft, Y: 0})
	w.send(tea.MouseClickMsg{Button: tea.MouseLeft, Y: 9})
	if got := w.chosenPort(); got != 3002 {
		t.Errorf("a click beside the lines chose %d", got)
	}
	w.send(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	if got := w.chosenPort(); got != 3005 {
		t.Errorf("the wheel moved to %d", got)
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

// TestStopIsSeenThrough: no key but ctrl+c leaves a stop that is going on. It
// would wait for ever to tell its next step.
func TestStopIsSeenThrough(t *testing.T) {
	w := newWorld(t, 80, 24, false)
	w.rows = []Row{server(80, "0.0.0.0", "nginx", 812)}
	w.plan = Plan{Text: "will stop 1 process", Ready: true}
	w.look()
	w.keys("x")
	w.screen.Update(key("y")) // and it goes on
	for _, name := range []string{"q", "esc", "left", "backspace", "enter", "h", "?", "x", "/", "n", "y"} {
		if _, cmd := w.screen.Update(key(name)); cmd != nil || w.screen.pane.kind != stopPane || w.screen.pane.stop.state != running {
			t.Errorf("%s leaves it", name)
		}
	}
	if view := w.view(); strings.Contains(view, "back") {
		t.Errorf("a way back is told:\n%s", view)
	}
}

// TestLongHistory: it is bounded, and what is not seen is not drawn.
func TestLongHistory(t *testing.T) {
	w := newWorld(t, 80, 24, false)
	w.look()
	for i := range int32(mostSpans + 10) {
		w.rows = []Row{server(80, "0.0.0.0", "nginx", i+1)}
		w.screen.take(lookMsg{look: Look{At: w.now, Rows: w.rows}})
	}
	w.keys("h")
	if want := fmt.Sprintf("1-22 of %d", mostSpans); !strings.Contains(w.view(), want) {
		t.Errorf("not %s:\n%s", want, w.view())
	}
	if most, got := 5_000.0, testing.AllocsPerRun(3, func() { w.view() }); got > most {
		t.Errorf("%.0f allocations to draw 22 lines, want %.0f at most", got, most)
	}
	w.keys("end")
	if view := w.view(); !strings.Contains(view, "nginx 11") {
		t.Errorf("not the oldest:\n%s", view)
	}
}

// TestResizing: the details are asked for one after the other, and at the end
// for the width that the window has.
func TestResizing(t *testing.T) {
	w := newWorld(t, 80, 24, false)
	w.rows = []Row{server(80, "0.0.0.0", "nginx", 812)}
	w.look()
	_, first := w.screen.Update(key("enter"))
	for width := range 40 {
		if _, cmd := w.screen.Update(tea.WindowSizeMsg{Width: 60 + width, Height: 24}); cmd != nil {
			t.Fatal("asked while an answer is waited for")
		}
	}
	w.do(first)
	if want := []string{"detail 80 78 false", "detail 80 97 true"}; !slices.Equal(w.asked, want) {
		t.Errorf("asked %q, want %q", w.asked, want)
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
	if _, cmd := w.screen.Update(tickMsg{w.screen.pauses}); cmd != nil {
		t.Error("a look while one is taken")
	}
	w.look()
	w.keys("p")
	before := tickMsg{w.screen.pauses}
	if _, cmd := w.screen.Update(before); cmd != nil {
		t.Error("a look while paused")
	}
	w.keys("p") // takes a look at once, and the next one a pause later
	if _, cmd := w.screen.Update(before); cmd != nil {
		t.Error("each pause adds looks")
	}
	if _, cmd := w.screen.Update(tickMsg{w.screen.pauses}); cmd == nil {
		t.Error("no look after the pause")
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
