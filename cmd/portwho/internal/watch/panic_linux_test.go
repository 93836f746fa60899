package watch

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// panicsIn names where a re-run of the test binary is to panic.
const panicsIn = "PORTWHO_WATCH_PANICS_IN"

func TestMain(m *testing.M) {
	if where := os.Getenv(panicsIn); where != "" {
		if err := panicking(where); err != nil {
			fmt.Println("error:", err)
			os.Exit(5)
		}
		return
	}
	os.Exit(m.Run())
}

// panicking shows a screen that panics once there is a file.
func panicking(where string) error {
	where, file, _ := strings.Cut(where, ":")
	due := func() bool {
		_, err := os.Stat(file)
		return err == nil
	}
	return Run(context.Background(), Config{
		In: os.Stdin, Out: os.Stdout, Env: os.Environ(), Every: 10 * time.Millisecond, Now: time.Now, Mouse: true,
		Refresh: func(context.Context) (Look, error) {
			if where == "look" && due() {
				panic("on purpose")
			}
			return Look{At: time.Now(), Rows: []Row{server(80, "0.0.0.0", "nginx", 812)}}, nil
		},
		Slots: func(rows []Row, width int) []Slot {
			if where == "drawing" && due() {
				panic("on purpose")
			}
			return plainSlots(rows, width)
		},
		Age: func(time.Duration) string { return "" },
	})
}

// TestPanic: a panic ends the program with an error, and the terminal is as it
// was.
func TestPanic(t *testing.T) {
	for _, where := range []string{"look", "drawing"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			master, slave, err := pty.Open()
			if err != nil {
				if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
					t.Fatal(err)
				}
				t.Skip("needs a terminal: ", err)
			}
			defer master.Close()
			defer slave.Close()
			if err := pty.Setsize(master, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
				t.Fatal(err)
			}
			before, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			file := filepath.Join(t.TempDir(), "now")
			cmd.Env = append(os.Environ(), panicsIn+"="+where+":"+file, "TERM=xterm-256color")
			cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			// The slave stays open here, so that the master goes on after the program.
			output := make(chan string, 1)
			go func() {
				var all strings.Builder
				one := make([]byte, 1)
				for drawn := false; ; {
					if _, err := master.Read(one); err != nil {
						break
					}
					all.Write(one)
					if !drawn && strings.Contains(all.String(), "nginx") {
						drawn = true
						_ = os.WriteFile(file, nil, 0o600)
					}
				}
				output <- all.String()
			}()
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != 5 {
				t.Errorf("exit %d", code)
			}
			after, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
			if err != nil {
				t.Fatal(err)
			}
			if *after != *before {
				t.Errorf("the terminal is %+v, was %+v", after, before)
			}
			_ = slave.Close()
			got := <-output
			for on, off := range map[string]string{
				"\x1b[?1049h": "\x1b[?1049l", // the alternate screen
				"\x1b[?25l":   "\x1b[?25h",   // the cursor
				"\x1b[?1002h": "\x1b[?1002l", // the mouse
				"\x1b[?2004h": "\x1b[?2004l", // marked pasting
			} {
				if i, j := strings.LastIndex(got, on), strings.LastIndex(got, off); i < 0 || j < i {
					t.Errorf("%q at %d, %q at %d", on, i, off, j)
				}
			}
			if !strings.Contains(term.Sanitize(got), "on purpose") {
				t.Errorf("the panic is not told: %q", got)
			}
		})
	}
}
