// Package systemdtest gives tests a machine with systemd as process 1: a
// container of systemd-nspawn with a network, cgroups and processes of its own,
// on the programs of the machine the test runs on. It is never part of portwho.
//
//	m := systemdtest.Start(t, systemdtest.Config{
//		Units:    map[string]string{"web.service": "[Service]\nExecStart=/opt/pw/testserver listen 127.0.0.1:8080\n"},
//		Programs: map[string]string{"portwho": exe, "testserver": exe},
//	})
//	m.MustRun(t, "systemctl", "start", "web.service")
//	got := m.Run(t, "portwho", "8080")             // as root
//	got = m.RunAs(t, systemdtest.Nobody, "portwho", "8080")
//
// A machine takes about a second to start and ends with the test, or with the
// test's process however that ends.
package systemdtest

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ProgramDir is where the programs of a Config are, inside the machine. It
// comes first in the PATH of what is run there.
const ProgramDir = "/opt/pw"

// The users that commands run as inside. The machine has the users that
// systemd makes by itself.
const (
	Root   uint32 = 0
	Nobody uint32 = 65534
)

// Config says what is in a machine.
type Config struct {
	// Units are unit files by name, as in /run/systemd/system.
	Units map[string]string
	// Programs are programs of this machine by the name they get in
	// ProgramDir. They are shown read-only.
	Programs map[string]string
	// Folders are folders of this machine by the absolute path they get
	// inside, read-only as well.
	Folders map[string]string
	// Timeout bounds the start; 0 means 60 s.
	Timeout time.Duration
}

// Result is what a command did inside a machine.
type Result struct {
	Stdout, Stderr string
	Code           int
}

// Start starts a machine that ends with the test. The test is skipped where
// there can be none, or fails when nothing may be skipped. It fails when
// anything of the machine is left after it.
func Start(t testing.TB, cfg Config) *Machine {
	t.Helper()
	if why := Unavailable(); why != nil {
		if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
			t.Fatalf("required, and not available: %v", why)
		}
		t.Skip(why)
	}
	m, err := Boot(cfg)
	if err != nil {
		t.Fatalf("start a machine with systemd: %v", err)
	}
	t.Cleanup(func() {
		if err := m.Stop(); err != nil {
			t.Errorf("stop the machine with systemd: %v", err)
		}
	})
	return m
}

// Run runs a command as root inside the machine and returns what it did. The
// test fails when it cannot be run.
func (m *Machine) Run(t testing.TB, argv ...string) Result {
	t.Helper()
	return m.RunAs(t, Root, argv...)
}

// RunAs runs a command as the user of that uid.
func (m *Machine) RunAs(t testing.TB, uid uint32, argv ...string) Result {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd := m.Command(t.Context(), uid, argv...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %q in the machine: %v", argv, err)
	}
	return Result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// MustRun runs a command as root and returns what it prints. The test fails
// when the command does.
func (m *Machine) MustRun(t testing.TB, argv ...string) string {
	t.Helper()
	r := m.Run(t, argv...)
	if r.Code != 0 {
		t.Fatalf("%q in the machine: exit code %d\n%s%s", argv, r.Code, r.Stdout, r.Stderr)
	}
	return r.Stdout
}

// Await runs a command as root until it succeeds, and returns what it prints
// then. The test fails when it does not within 20 s.
func (m *Machine) Await(t testing.TB, argv ...string) string {
	t.Helper()
	var r Result
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if r = m.Run(t, argv...); r.Code == 0 {
			return r.Stdout
		}
	}
	t.Fatalf("%q in the machine never succeeds: exit code %d\n%s%s", argv, r.Code, r.Stdout, r.Stderr)
	return ""
}

// writeUnits puts the unit files into a folder.
func writeUnits(dir string, units map[string]string) error {
	for name, text := range units {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), fs.ModePerm); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
