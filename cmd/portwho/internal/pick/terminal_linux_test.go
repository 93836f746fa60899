package pick

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// broken panics at the first key.
type broken struct{ model }

func (b broken) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	if _, pressed := message.(tea.KeyPressMsg); pressed {
		panic("broken")
	}
	return b, nil
}

// TestTerminalIsRestored ends the choice in every way on a real terminal, which
// must be as it was.
func TestTerminalIsRestored(t *testing.T) {
	config := Config{Title: "2 things. Which to stop?", Items: many(2), Env: []string{"TERM=xterm"}}
	for _, tt := range []struct {
		name  string
		first tea.Model
		keys  string
		want  error // nil is a choice
	}{
		{"chosen", newModel(config), " \r", nil},
		{"left", newModel(config), "q", ErrNothing},
		{"Ctrl-C", newModel(config), "\x03", ErrInterrupted},
		{"panic", broken{newModel(config)}, "x", tea.ErrProgramPanic},
	} {
		t.Run(tt.name, func(t *testing.T) {
			master, terminal, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer terminal.Close()
			before := settings(t, terminal)
			var written bytes.Buffer
			drawn, read := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(read)
				buffer := make([]byte, 4096)
				for open := true; ; {
					n, err := master.Read(buffer)
					written.Write(buffer[:n])
					if open && strings.Contains(written.String(), "stop nothing") {
						open = false
						close(drawn)
					}
					if err != nil {
						return
					}
				}
			}()
			go func() {
				<-drawn
				_, _ = io.WriteString(master, tt.keys)
			}()
			config := config
			config.In, config.Out = terminal, terminal
			places, err := run(context.Background(), config, tt.first)
			if tt.want == nil && (err != nil || !reflect.DeepEqual(places, []int{0})) {
				t.Errorf("chose %v: %v", places, err)
			}
			if tt.want != nil && !strings.Contains(err.Error(), tt.want.Error()) {
				t.Errorf("ended with %v", err)
			}
			if after := settings(t, terminal); after != before {
				t.Errorf("the terminal was %+v and is %+v", before, after)
			}
			terminal.Close()
			<-read
			master.Close()
			out := written.String()
			if hidden, shown := strings.LastIndex(out, "\x1b[?25l"), strings.LastIndex(out, "\x1b[?25h"); hidden > shown {
				t.Errorf("the cursor stays hidden: %q", out)
			}
		})
	}
}

// TestTerminalIsGone: nothing is chosen where nobody can choose any more.
func TestTerminalIsGone(t *testing.T) {
	master, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	go func() {
		var all []byte
		one := make([]byte, 1)
		for !strings.Contains(string(all), "stop nothing") {
			if _, err := master.Read(one); err != nil {
				break
			}
			all = append(all, one[0])
		}
		master.Close()
	}()
	config := Config{Title: "2 things. Which to stop?", Items: many(2), Env: []string{"TERM=xterm"}, In: terminal, Out: terminal}
	if places, err := Run(t.Context(), config); len(places) > 0 || !errors.Is(err, ErrNothing) {
		t.Errorf("%v, %v", places, err)
	}
}

func settings(t *testing.T, terminal *os.File) unix.Termios {
	t.Helper()
	got, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *got
}
