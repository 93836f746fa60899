package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// job is the pid of what the shell of a terminal runs.
func (m *tmuxTerminal) job() int {
	m.t.Helper()
	pid := strings.TrimSpace(m.tmux("display-message", "-p", "#{pane_pid}"))
	children, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
	if err != nil {
		m.t.Skip(err)
	}
	number, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil {
		m.t.Fatal(err)
	}
	return number
}

// TestWatchIsStopped: whoever stops it from elsewhere leaves the screen to the
// shell, and fg has it all again.
func TestWatchIsStopped(t *testing.T) {
	m := oddMachine(t)
	m.write()
	term := newTerminal(t, 80, 24)
	term.run("clear; portwho watch --interval 100ms --snapshot " + m.file)
	term.see("9 listeners")
	before := term.screen()
	for _, signal := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGTSTP} {
		if err := syscall.Kill(term.job(), signal); err != nil {
			t.Fatal(err)
		}
		term.see("Stopped")
		term.run(`echo drawn over; printf '\033[?1049l\033[?25h'; stty sane; fg`)
		term.wait("the screen of before", func(s string) bool { return s == before })
		if modes := strings.TrimSpace(term.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag}")); modes != "1 0" {
			t.Errorf("after %s alternate screen and cursor are %s", signal, modes)
		}
	}
	term.keys("q")
	term.wait("a prompt", func(s string) bool { return strings.Contains(s, "$") && !strings.Contains(s, "9 listeners") })
}

// TestWatchHasNoShell: where nobody could have it go on, Ctrl-Z does not stop it.
func TestWatchHasNoShell(t *testing.T) {
	m := oddMachine(t)
	m.write()
	term := newTerminal(t, 80, 24)
	term.tmux("set", "-g", "remain-on-exit", "on")
	term.run("clear; exec portwho watch --interval 100ms --snapshot " + m.file)
	term.see("9 listeners")
	term.keys("C-z")
	term.see("not suspended: there is no shell here to come back from")
	term.see("9 listeners")
	term.keys("j")
	term.wait("an answer to a key", func(s string) bool { return !strings.Contains(s, "not suspended") })
	term.keys("q")
	term.wait("the end", func(string) bool { return strings.TrimSpace(term.tmux("display-message", "-p", "#{pane_dead}")) == "1" })
}

// TestChoiceIsStopped: after fg the choice stands below what the shell wrote, and
// takes keys.
func TestChoiceIsStopped(t *testing.T) {
	_, first, _ := watchedServer(t)
	_, second, _ := watchedServer(t)
	term := newTerminal(t, 100, 30)
	term.run(fmt.Sprintf("clear; portwho kill %d %d", first, second))
	term.see("0 of 2 chosen")
	if err := syscall.Kill(term.job(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	term.see("Stopped")
	term.run("clear; echo written meanwhile; fg")
	screen := term.wait("the choice", func(s string) bool { return strings.Count(s, "0 of 2 chosen") == 1 })
	if at := strings.Index(screen, "written meanwhile"); at < 0 || at > strings.Index(screen, "Which to stop") {
		t.Errorf("what the shell wrote does not stand above the choice:\n%s", screen)
	}
	term.keys("Space")
	term.see("1 of 2 chosen")
	term.keys("Escape")
	term.wait("a prompt", func(s string) bool {
		return strings.Contains(s, "nothing was stopped") && !strings.Contains(s, "Which to stop")
	})
}
