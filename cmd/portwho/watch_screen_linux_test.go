package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/testserver"
	"github.com/portwho/portwho/pkg/port"
)

// watchSizes are the terminals every screen is looked at in.
func watchSizes() [][2]int { return [][2]int{{40, 15}, {80, 24}, {200, 50}} }

// TestWatchScreens drives the program in a real terminal, and compares what is
// seen with testdata/watch.
func TestWatchScreens(t *testing.T) {
	for _, size := range watchSizes() {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			t.Parallel()
			m := oddMachine(t)
			m.write()
			term := newTerminal(t, size[0], size[1], "NO_COLOR=1")
			golden := func(name, marker string) {
				t.Helper()
				term.golden(fmt.Sprintf("%dx%d-%s", size[0], size[1], name), marker)
			}
			term.run("clear; portwho watch --interval 100ms --snapshot " + m.file)
			golden("list", "9 listeners")
			term.keys("?")
			golden("help", "filter as you type")
			term.keys("q", "/")
			term.keys("-l", "node")
			golden("filter-typed", "filter: node")
			term.keys("Enter")
			golden("filter", `1 with "node"`)
			term.keys("Enter")
			golden("details", "3000/tcp is taken")
			term.keys("x")
			golden("stop", "cannot be acted on")
			term.keys("q", "Escape")
			term.wait("all listeners", func(s string) bool { return strings.Contains(s, "9 listeners") && !strings.Contains(s, "with \"") })
			term.keys("g")

			m.later(65 * time.Second)
			m.drop(6379)
			m.listen(port.TCP, "127.0.0.1:5173", 9001, "vite", 0, 1000)
			m.snap.Sockets[4].Holders[0].PID = 5001 // 3000 has passed to another process
			m.write()
			term.see("1 new, 1 gone")
			term.keys("p")
			golden("changed", "paused")
			term.keys("h")
			golden("history", "who had which port")
			term.keys("q", "s", "s", "r")
			golden("sorted", "↑")
			term.keys("q")
			term.wait("a prompt", func(s string) bool { return strings.HasPrefix(s, "$") })
		})
	}
}

// watchedServer starts a server. The channel is closed when it has ended, which
// it does with the test at the latest.
func watchedServer(t *testing.T) (server *exec.Cmd, number int, ended <-chan struct{}) {
	t.Helper()
	server = exec.Command(os.Args[0], "listen")
	server.Args[0] = testserver.Program
	stdin, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		_ = server.Wait()
		close(gone)
	}()
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = server.Process.Kill()
		<-gone
	})
	if _, err := fmt.Fscanf(stdout, "ready %d\n", &number); err != nil {
		t.Fatal(err)
	}
	return server, number, gone
}

// TestWatchSeesTheEnd: a server that is killed is gone from the screen.
func TestWatchSeesTheEnd(t *testing.T) {
	server, number, ended := watchedServer(t)
	term := newTerminal(t, 100, 24)
	term.run(fmt.Sprintf("clear; portwho watch --interval 200ms %d", number))
	row := func(sign string) func(string) bool {
		return func(screen string) bool {
			for line := range strings.Lines(screen) {
				fields := strings.Fields(strings.TrimPrefix(line, ">"))
				if sign != "" && len(fields) > 0 && fields[0] == sign {
					fields = fields[1:]
				} else if sign != "" {
					continue
				}
				if len(fields) > 1 && fields[0] == fmt.Sprint(number) && strings.Contains(line, fmt.Sprint(server.Process.Pid)) {
					return true
				}
			}
			return false
		}
	}
	term.wait("the server", row(""))
	if err := server.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-ended
	term.wait("the server gone", row("-"))
	term.wait("a free port", func(s string) bool { return strings.Contains(s, "free") && !row("-")(s) })
}

// TestWatchStops: nothing is stopped before y, and then it is.
func TestWatchStops(t *testing.T) {
	server, number, ended := watchedServer(t)
	term := newTerminal(t, 100, 24)
	term.run(fmt.Sprintf("clear; portwho watch --interval 200ms %d", number))
	term.see(fmt.Sprint(server.Process.Pid))
	term.keys("x")
	term.see("y stop it")
	term.keys("Enter", "n")
	term.see("nothing was stopped")
	select {
	case <-ended:
		t.Fatal("it was stopped without a y")
	default:
	}
	term.keys("x")
	term.see("y stop it")
	term.keys("y")
	term.see("is free: bound")
	<-ended
	term.keys("q", "q")
	term.wait("a prompt", func(s string) bool { return strings.HasPrefix(s, "$") })
}

// TestWatchGivesTheTerminalBack: whatever ends the screen, the terminal is as
// it was, and the code says what it was.
func TestWatchGivesTheTerminalBack(t *testing.T) {
	for name, tt := range map[string]struct {
		key    string
		signal string
		code   int
	}{
		"q":      {key: "q"},
		"ctrl+c": {key: "C-c"},
		"INT":    {signal: "INT", code: 130},
		"TERM":   {signal: "TERM", code: 143},
		"HUP":    {signal: "HUP", code: 129},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := oddMachine(t)
			m.write()
			term := newTerminal(t, 80, 24)
			term.run("clear; before=$(stty -g)")
			// The shell ends nothing by itself: it waits for the program, whose pid
			// the subshell has.
			term.run("clear; sh -c 'echo $$ >" + m.file + ".pid; exec portwho watch --mouse --snapshot " + m.file + "'; echo code $? $([ \"$before\" = \"$(stty -g)\" ] && echo same)")
			term.see("9 listeners")
			if tt.key != "" {
				term.keys(tt.key)
			} else {
				pid, err := os.ReadFile(m.file + ".pid")
				if err != nil {
					t.Fatal(err)
				}
				if out, err := exec.Command("kill", "-"+tt.signal, strings.TrimSpace(string(pid))).CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			screen := term.see(fmt.Sprintf("code %d same", tt.code))
			if strings.Contains(screen, "9 listeners") {
				t.Errorf("the screen is still there:\n%s", screen)
			}
			if modes := term.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}"); strings.TrimSpace(modes) != "0 1 0" {
				t.Errorf("alternate screen, cursor, mouse: %s", modes)
			}
		})
	}
}

// TestWatchSuspends: Ctrl-Z gives the terminal to the shell, fg takes it again.
func TestWatchSuspends(t *testing.T) {
	m := oddMachine(t)
	m.write()
	term := newTerminal(t, 80, 24)
	term.run("clear; portwho watch --interval 100ms --snapshot " + m.file)
	term.see("9 listeners")
	term.keys("C-z")
	term.wait("a shell", func(s string) bool { return strings.Contains(s, "Stopped") && !strings.Contains(s, "9 listeners") })
	m.listen(port.TCP, "127.0.0.1:5173", 9001, "vite", 0, 1000)
	m.write()
	term.run("fg")
	term.see("10 listeners")
	term.tmux("resize-window", "-x", "40", "-y", "15")
	term.wait("40 columns", func(s string) bool {
		return strings.Contains(s, "10 listeners") && !strings.Contains(s, "CHARGE") && strings.Contains(s, "? help")
	})
	term.keys("q")
	term.wait("a prompt", func(s string) bool { return strings.Contains(s, "$") && !strings.Contains(s, "10 listeners") })
}

// TestWatchTooOften: what no eye can follow is refused before the screen is
// taken.
func TestWatchTooOften(t *testing.T) {
	term := newTerminal(t, 80, 24)
	term.run("clear; portwho watch --interval 50ms; echo code $?")
	term.see("code 2")
	term.see("error: an interval of 50ms is too short")
}

// TestWatchThousands: keys move through 5,000 listeners, all of which are read
// anew ten times a second meanwhile.
func TestWatchThousands(t *testing.T) {
	const listeners = 5000
	m := newMachine(t)
	for i := range listeners {
		m.listen(port.TCP, fmt.Sprintf("127.0.0.1:%d", 10_000+i), int32(100+i/50), fmt.Sprintf("server-%d", i/50), time.Hour, 1000)
	}
	m.write()
	term := newTerminal(t, 80, 24, "NO_COLOR=1")
	cursor := func(number int) {
		t.Helper()
		term.wait(fmt.Sprintf("the cursor on %d", number), func(s string) bool { return strings.Contains(s, fmt.Sprintf("\n>  %d", number)) })
	}
	term.run("clear; portwho watch --interval 100ms --snapshot " + m.file)
	cursor(10_000)
	term.keys("G")
	cursor(14_999)
	for range 3 {
		term.keys(strings.Fields(strings.Repeat("k ", 100))...)
	}
	cursor(14_699)
	term.keys("/")
	term.keys("-l", "server-7")
	term.keys("Enter", "g")
	cursor(10_350)
	term.keys("G")
	cursor(13_999)
	term.keys("x")
	term.see("cannot be acted on")
	term.keys("q", "q")
	term.wait("a prompt", func(s string) bool { return strings.HasPrefix(s, "$") })
}
