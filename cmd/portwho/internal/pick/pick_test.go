package pick

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sizes are the terminals that golden files show.
var sizes = [][2]int{{40, 15}, {80, 24}, {200, 50}}

func item(port, who, address, user, up, does string, detail ...string) Item {
	name, pid := who, ""
	if i := strings.LastIndex(who, " "); i >= 0 {
		name, pid = who[:i], who[i:]
	}
	out := Item{
		Port: term.Clean(port), Who: term.Clean(name).Plus(term.Clean(pid)), Address: term.Clean(address), User: term.Clean(user),
		Up: term.Clean(up), Does: term.Clean(does), Refused: strings.HasPrefix(does, "refused"),
	}
	for _, d := range detail {
		out.Detail = append(out.Detail, term.Clean(d))
	}
	return out
}

func several() []Item {
	return []Item{
		item("3000", "node 41233", "127.0.0.1", "ana", "2h 14m", "end 1 process",
			"command: node server.js --port 3000 in ~/src/blog", "beside it: node (pid 41300) on [::1]:3000; to stop this alone frees the port on 127.0.0.1 and 0.0.0.0 only"),
		item("3000", "node 41300", "::1", "ana", "12m", "end 1 process", "command: node old.js in ~/src/attic"),
		item("3000, 3001", "container shop-web-1", "0.0.0.0, ::", "root", "3d 4h", "run docker stop shop-web-1",
			"docker-proxy (pid 2204) only forwards the port to container shop-web-1, which is what has it"),
		item("5432", "postgres 99", "127.0.0.1", "postgres", "90d", "refused: postgres (pid 99) belongs to user postgres (uid 101)",
			"refused: postgres (pid 99) belongs to user postgres (uid 101)", "run instead: sudo portwho kill 5432"),
	}
}

// hostile are names that try to draw, to break lines and to take all the room.
func hostile() []Item {
	return []Item{
		item("3000", "\x1b[2J\x1b[31mred\r\n> [x] 22 sshd 1 812", "127.0.0.1", "a\u202eb", "1s", "end 1 process", "command: \x1b]0;title\x07 rm -rf /\nsecond line"),
		item("3001", strings.Repeat("long", 60)+" 813", strings.Repeat("fe80::1%eth0, ", 20), strings.Repeat("u", 80), "2s", strings.Repeat("run ", 90),
			strings.Repeat("detail ", 200)),
		item("3002", "日本語のサーバー 814", "127.0.0.1", "花子", "3s", "end 1 process", "command: "+strings.Repeat("日本", 60)),
	}
}

func many(n int) []Item {
	var out []Item
	for i := range n {
		out = append(out, item(fmt.Sprint(3000+i), fmt.Sprintf("node %d", 500+i), "127.0.0.1", "ana", "5m", "end 1 process", "command: node"))
	}
	return out
}

// press is the model after some keys; a word of more than one letter is a key's
// name.
func press(m model, keys string) model {
	codes := map[string]tea.KeyPressMsg{
		"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "space": {Code: tea.KeySpace, Text: " "}, "enter": {Code: tea.KeyEnter},
		"esc": {Code: tea.KeyEscape}, "end": {Code: tea.KeyEnd}, "home": {Code: tea.KeyHome}, "pgdown": {Code: tea.KeyPgDown},
		"pgup": {Code: tea.KeyPgUp}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl},
	}
	for _, key := range strings.Fields(keys) {
		message, named := codes[key]
		if !named {
			message = tea.KeyPressMsg{Code: rune(key[0]), Text: key}
		}
		next, _ := m.Update(message)
		m = next.(model)
	}
	return m
}

func start(items []Item, width, height int) model {
	m := newModel(Config{Title: fmt.Sprintf("%d things have 3000, 3001, 5432. Which to stop?", len(items)), Items: items})
	next, _ := m.Update(tea.WindowSizeMsg{Width: width, Height: height})
	return next.(model)
}

func screen(m model) string { return m.View().Content }

func TestScreens(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		items []Item
		keys  string
	}{
		"start":   {several(), ""},
		"chosen":  {several(), "space down down space"},
		"nothing": {several(), "enter"},
		"refused": {several(), "end space"},
		"all":     {several(), "a"},
		"hostile": {hostile(), "down"},
		"many":    {many(60), "pgdown pgdown down space"},
		"last":    {many(60), "end"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			for _, size := range sizes {
				m := press(start(tt.items, size[0], size[1]), tt.keys)
				fmt.Fprintf(&b, "==== %dx%d ====\n%s\n", size[0], size[1], screen(m))
			}
			m := start(tt.items, 80, 24)
			m.config.Color = true
			fmt.Fprintf(&b, "==== 80x24, colour ====\n%s\n", strings.ReplaceAll(screen(press(m, tt.keys)), "\x1b", `\e`))
			path := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("%s differs (go test -update writes it anew); got:\n%s", path, b.String())
			}
		})
	}
}

// TestFits holds every screen to its terminal, with a line to spare.
func TestFits(t *testing.T) {
	t.Parallel()
	for name, items := range map[string][]Item{"several": several(), "hostile": hostile(), "many": many(60)} {
		for width := 20; width <= 200; width += 7 {
			for _, height := range []int{15, 24, 50} {
				m := start(items, width, height)
				for range len(items) {
					m = press(m, "down")
					lines := strings.Split(screen(m), "\n")
					if len(lines) >= height && width >= 40 {
						t.Fatalf("%s at %dx%d: %d lines:\n%s", name, width, height, len(lines), screen(m))
					}
					cursors := 0
					for _, line := range lines {
						if w := term.Width(line); w > width {
							t.Fatalf("%s at %dx%d: a line takes %d: %q", name, width, height, w, line)
						}
						if term.Sanitize(line) != line {
							t.Fatalf("%s at %dx%d: not sanitised: %q", name, width, height, line)
						}
						if strings.HasPrefix(line, "> ") {
							cursors++
						}
					}
					if cursors != 1 {
						t.Fatalf("%s at %dx%d: %d cursors:\n%s", name, width, height, cursors, screen(m))
					}
				}
			}
		}
	}
}

// TestKeys: what each key comes to.
func TestKeys(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		keys   string
		end    ending
		places []int
		at     int
		remark string
	}{
		{keys: "", at: 0},
		{keys: "enter", remark: remarkNothing},
		{keys: "space enter", end: agreed, places: []int{0}},
		{keys: "space space enter", remark: remarkNothing},
		{keys: "j space k space enter", end: agreed, places: []int{0, 1}},
		{keys: "a enter", end: agreed, places: []int{0, 1, 2}},
		{keys: "a a enter", remark: remarkNothing},
		{keys: "space a enter", end: agreed, places: []int{0, 1, 2}},
		{keys: "end space", at: 3, remark: remarkRefused},
		{keys: "end space enter", at: 3, remark: remarkNothing},
		{keys: "up", at: 0},
		{keys: "down down down down down", at: 3},
		{keys: "end home", at: 0},
		{keys: "G g", at: 0},
		{keys: "space esc", end: left, places: []int{0}},
		{keys: "q", end: left},
		{keys: "ctrl+c", end: interrupted},
		{keys: "z y", at: 0},
	} {
		m := press(start(several(), 80, 24), tt.keys)
		if m.end != tt.end || fmt.Sprint(m.places()) != fmt.Sprint(tt.places) || m.at != tt.at || m.remark != tt.remark {
			t.Errorf("%q: end %d, places %v, at %d, remark %q; want %+v", tt.keys, m.end, m.places(), m.at, m.remark, tt)
		}
		if m.end != open && screen(m) != "" {
			t.Errorf("%q leaves something: %q", tt.keys, screen(m))
		}
	}
}

// TestStartsOnWhatCanBeChosen: the cursor is not on a line that is refused.
func TestStartsOnWhatCanBeChosen(t *testing.T) {
	t.Parallel()
	items := several()
	items[0], items[3] = items[3], items[0]
	if m := start(items, 80, 24); m.at != 1 {
		t.Errorf("at %d", m.at)
	}
}
