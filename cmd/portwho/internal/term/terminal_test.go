package term

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/creack/pty"
)

func environment(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}

// terminal opens a pseudo-terminal of 97 columns and returns its far end.
func terminal(t *testing.T) *os.File {
	t.Helper()
	near, far, err := pty.Open()
	if err != nil {
		if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
			t.Fatalf("open a pseudo-terminal: %v", err)
		}
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	if err := pty.Setsize(near, &pty.Winsize{Rows: 40, Cols: 97}); err != nil {
		t.Fatal(err)
	}
	return far
}

func TestDetectOnTerminal(t *testing.T) {
	tty := terminal(t)
	for _, tt := range []struct {
		name  string
		env   map[string]string
		color string
		want  Terminal
	}{
		{"plain", map[string]string{"TERM": "xterm"}, ColorAuto, Terminal{true, 97, true}},
		{"columns wins", map[string]string{"COLUMNS": "61"}, ColorAuto, Terminal{true, 61, true}},
		{"columns of nonsense", map[string]string{"COLUMNS": "wide"}, ColorAuto, Terminal{true, 97, true}},
		{"columns zero", map[string]string{"COLUMNS": "0"}, ColorAuto, Terminal{true, 97, true}},
		{"columns negative", map[string]string{"COLUMNS": "-5"}, ColorAuto, Terminal{true, 97, true}},
		{"dumb", map[string]string{"TERM": "dumb"}, ColorAuto, Terminal{true, 97, false}},
		{"NO_COLOR", map[string]string{"NO_COLOR": "1"}, ColorAuto, Terminal{true, 97, false}},
		{"empty NO_COLOR", map[string]string{"NO_COLOR": ""}, ColorAuto, Terminal{true, 97, true}},
		{"always beats NO_COLOR", map[string]string{"NO_COLOR": "1", "TERM": "dumb"}, ColorAlways, Terminal{true, 97, true}},
		{"never", nil, ColorNever, Terminal{true, 97, false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Detect(tty, environment(tt.env), tt.color); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestDetectElsewhere(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	none := environment(nil)
	if got := Detect(file, none, ColorAuto); got != (Terminal{}) {
		t.Errorf("a file: %+v", got)
	}
	if got := Detect(&bytes.Buffer{}, none, ColorAuto); got != (Terminal{}) {
		t.Errorf("a buffer: %+v", got)
	}
	if got := Detect(file, none, ColorAlways); got != (Terminal{Color: true}) {
		t.Errorf("a file with --color=always: %+v", got)
	}
	if got := Detect(file, environment(map[string]string{"COLUMNS": "80"}), ColorAuto); got != (Terminal{Width: 80}) {
		t.Errorf("a file with COLUMNS: %+v", got)
	}
}
