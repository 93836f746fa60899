package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// TestConfirm answers the question of portwho kill on a real terminal.
func TestConfirm(t *testing.T) {
	for answer, wantCode := range map[string]int{"y": 0, "yes": 0, "n": 4, "": 4, "\x04": 4, "\x03": 130} {
		t.Run(fmt.Sprintf("%q", answer), func(t *testing.T) {
			server := startServer(t, "127.0.0.1:quiet")
			cmd := exec.Command(os.Args[0], "kill", fmt.Sprint(server.port))
			cmd.Args[0] = "portwho"
			cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=1")
			terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
			require(t, err == nil, fmt.Sprint("a terminal: ", err))
			defer terminal.Close()
			// The terminal is closed when the program ends, which reads as EIO.
			var screen strings.Builder
			reader := bufio.NewReader(terminal)
			for !strings.HasSuffix(screen.String(), "[y/N] ") {
				b, err := reader.ReadByte()
				if err != nil {
					t.Fatalf("no question: %q", screen.String())
				}
				screen.WriteByte(b)
			}
			if !strings.Contains(screen.String(), fmt.Sprint(server.pid)) {
				t.Errorf("the question does not say who: %q", screen.String())
			}
			if answer < " " && answer != "" { // Ctrl-D and Ctrl-C need no Enter
				fmt.Fprint(terminal, answer)
			} else {
				fmt.Fprintln(terminal, answer)
			}
			for {
				b, err := reader.ReadByte()
				if err != nil {
					break
				}
				screen.WriteByte(b)
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != wantCode {
				t.Errorf("exit %d, want %d: %s", code, wantCode, screen.String())
			}
			if alive := processAlive(server.pid); alive != (wantCode != 0) {
				t.Errorf("alive %v: %s", alive, screen.String())
			}
		})
	}
}
