package systemd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Manager is one of the service managers of a machine.
type Manager struct {
	// User says that it is the manager of the user who asks, instead of the
	// machine's.
	User bool
	// Environ is the environment it is asked with, as os.Environ gives it.
	// PATH says where systemctl is; XDG_RUNTIME_DIR where the user's manager
	// is.
	Environ []string
}

// Sockets is a name for every socket unit that is loaded.
const Sockets = "*.socket"

// mostOutput bounds what systemctl may print.
const mostOutput = 1 << 20

// Show asks about units by their names; patterns are taken too, and name units
// that are loaded. A unit that does not exist is told as not-found. The
// context bounds the time. The error wraps exec.ErrNotFound where there is no
// systemctl.
func (m Manager) Show(ctx context.Context, names ...string) ([]Unit, error) {
	program, err := m.find("systemctl")
	if err != nil {
		return nil, err
	}
	args := []string{"--system"}
	if m.User {
		args[0] = "--user"
	}
	args = append(args, "show", "--no-pager", "--no-ask-password", "--property="+properties, "--")
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stdout, stderr := limited{most: mostOutput, full: cancel}, limited{most: mostOutput, full: cancel}
	cmd := exec.CommandContext(ctx, program, append(args, names...)...)
	cmd.Env = m.environ()
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = 50 * time.Millisecond
	err = cmd.Run()
	units := ParseShow(stdout.text)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("systemctl: %w", context.Cause(ctx))
	case err != nil && len(units) == 0:
		// One name that it does not like makes it fail after it has told
		// about the others.
		return nil, fmt.Errorf("systemctl: %s", firstLine(string(stderr.text), err))
	}
	return units, nil
}

func firstLine(text string, err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if line == "" {
		return err.Error()
	}
	return line
}

// environ is what systemctl gets to see: where the manager is, and nothing
// that changes what it prints.
func (m Manager) environ() []string {
	out := []string{"LC_ALL=C", "SYSTEMD_COLORS=0", "SYSTEMD_PAGER=", "SYSTEMD_URLIFY=0", "TERM=dumb"}
	for _, name := range []string{"PATH", "HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"} {
		if value := m.lookup(name); value != "" {
			out = append(out, name+"="+value)
		}
	}
	return out
}

func (m Manager) lookup(name string) string {
	value := ""
	for _, pair := range m.Environ {
		if v, ok := strings.CutPrefix(pair, name+"="); ok {
			value = v
		}
	}
	return value
}

// find looks for a program on the PATH. Relative folders are passed over: what
// is found must not depend on where portwho is run.
func (m Manager) find(name string) (string, error) {
	for _, dir := range filepath.SplitList(m.lookup("PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
}

// limited keeps what is written to it, and calls full when that is too much.
type limited struct {
	text []byte
	most int
	full context.CancelCauseFunc
}

var errTooMuch = errors.New("it prints too much")

func (l *limited) Write(p []byte) (int, error) {
	if len(l.text)+len(p) > l.most {
		l.full(errTooMuch)
		return 0, errTooMuch
	}
	l.text = append(l.text, p...)
	return len(p), nil
}
