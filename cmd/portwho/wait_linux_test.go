package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// TestWaitOnTerminal waits on a real terminal: one line says what for, is
// rewritten, and is gone in the end.
func TestWaitOnTerminal(t *testing.T) {
	t.Parallel()
	server, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	number := server.Addr().(*net.TCPAddr).Port
	cmd := exec.Command(os.Args[0], "wait", fmt.Sprintf("127.0.0.1:%d", number), "--timeout", "60s")
	cmd.Args[0] = "portwho"
	cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=1", "COLUMNS=60")
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 60})
	require(t, err == nil, fmt.Sprint("a terminal: ", err))
	defer terminal.Close()

	var screen strings.Builder
	buffer := make([]byte, 256)
	for !strings.Contains(screen.String(), "waiting") {
		n, err := terminal.Read(buffer)
		if err != nil {
			t.Fatalf("no line: %q, %v", screen.String(), err)
		}
		screen.Write(buffer[:n])
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(&screen, terminal) // ends with EIO when the program does
	err = cmd.Wait()
	text := screen.String()
	if err != nil || strings.ContainsRune(text, '\x1b') {
		t.Errorf("%v: %q", err, text)
	}
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\r")
	// The last is the answer, on two lines where the port has five digits.
	for _, line := range lines[:len(lines)-1] {
		if term.Width(line) > 59 {
			t.Errorf("a line of %d columns: %q", term.Width(line), line)
		}
	}
	if n := len(lines); n < 3 || strings.TrimSpace(lines[n-2]) != "" || !strings.Contains(lines[n-1], "is free") {
		t.Errorf("the line was not taken away: %q", lines)
	}
}
