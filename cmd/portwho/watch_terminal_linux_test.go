package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

var updateScreens = flag.Bool("update", false, "write the golden screens anew")

// screenPatience bounds every wait for a screen. It is long, because what is
// waited for has no deadline on a machine that is busy.
const screenPatience = 20 * time.Second

// tmuxTerminal is a terminal of so many columns and lines, in a tmux server of
// its own, with a shell in it that finds portwho.
type tmuxTerminal struct {
	t      *testing.T
	socket string
}

func newTerminal(t *testing.T, width, height int, env ...string) *tmuxTerminal {
	t.Helper()
	_, err := exec.LookPath("tmux")
	require(t, err == nil, "tmux")
	dir, err := os.MkdirTemp("", "portwho-tmux-") // short: the path of a socket has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	program, err := filepath.Abs(os.Args[0])
	if err == nil {
		err = os.Symlink(program, filepath.Join(dir, "portwho"))
	}
	config := "set -g status off\nset -g default-terminal screen-256color\nset -g escape-time 0\nset -g set-clipboard on\n"
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "tmux.conf"), []byte(config), 0o600)
	}
	rc := filepath.Join(dir, "rc")
	if err == nil {
		err = os.WriteFile(rc, []byte("PS1='$ '\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	term := &tmuxTerminal{t, filepath.Join(dir, "s")}
	cmd := exec.Command("tmux", "-S", term.socket, "-f", filepath.Join(dir, "tmux.conf"), "-u",
		"new-session", "-d", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height), "exec bash --noprofile --rcfile "+rc+" -i")
	cmd.Env = append([]string{"PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=" + dir, "SHELL=/bin/sh", "TERM=screen-256color", "TZ=UTC", "LC_ALL=C.UTF-8", "HISTFILE="}, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", term.socket, "kill-server").Run() })
	term.wait("a prompt", func(s string) bool { return strings.HasPrefix(s, "$") })
	return term
}

func (m *tmuxTerminal) tmux(args ...string) string {
	m.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", m.socket}, args...)...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

// keys presses keys, by tmux's names for them.
func (m *tmuxTerminal) keys(keys ...string) {
	m.t.Helper()
	m.tmux(append([]string{"send-keys"}, keys...)...)
}

// run types a command.
func (m *tmuxTerminal) run(command string) {
	m.t.Helper()
	m.tmux("send-keys", "-l", command)
	m.keys("Enter")
}

// screen is what is seen.
func (m *tmuxTerminal) screen() string {
	m.t.Helper()
	return m.tmux("capture-pane", "-p")
}

// wait waits until the screen is as wanted and returns it.
func (m *tmuxTerminal) wait(what string, wanted func(screen string) bool) string {
	m.t.Helper()
	deadline := time.Now().Add(screenPatience)
	for {
		screen := m.screen()
		if wanted(screen) {
			return screen
		}
		if time.Now().After(deadline) {
			m.t.Fatalf("no screen with %s:\n%s", what, screen)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// see waits until the screen contains something.
func (m *tmuxTerminal) see(text string) string {
	m.t.Helper()
	return m.wait(strconv.Quote(text), func(s string) bool { return strings.Contains(s, text) })
}

// golden waits until the screen is the one in the file.
func (m *tmuxTerminal) golden(name, marker string) {
	m.t.Helper()
	file := filepath.Join("testdata", "watch", name+".txt")
	if *updateScreens {
		m.see(marker)
		last, same := "", 0
		for same < 10 {
			time.Sleep(50 * time.Millisecond)
			if now := m.screen(); now == last {
				same++
			} else {
				last, same = now, 0
			}
		}
		if err := os.WriteFile(file, []byte(last), 0o644); err != nil {
			m.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		m.t.Fatal(err)
	}
	deadline := time.Now().Add(screenPatience)
	for {
		got := m.screen()
		if got == string(want) {
			return
		}
		if time.Now().After(deadline) {
			m.t.Fatalf("the screen is not that of %s:\n%s\nbut:\n%s", file, want, got)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
