package component

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Started is a server that listens, and what is in charge of it.
type Started struct {
	// Port is the port of 127.0.0.1.
	Port int
	// Holders are the pids that hold the listener, in ascending order, as
	// ss(8) tells.
	Holders []int
	// Manager is the pid of what is in charge: the supervisor, the watcher,
	// the master, the forwarder; the holder's own where nothing else is.
	Manager int
	// Bystanders are pids that a right stop leaves alive.
	Bystanders []int
	// Env is an environment in which the manager's own commands work.
	Env []string
	// Dir is the folder that the server works in.
	Dir string

	own []process // everything seen of it, ended with the test
}

// unavailable skips a test for want of something a bare machine may lack,
// unless nothing may be skipped.
func unavailable(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		t.Fatalf("required, and not available: %s", reason)
	}
	t.Skip(reason)
}

// need finds a program, on PATH, where Debian puts servers, or among the
// packages of npm that .ci/setup installs.
func need(t testing.TB, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range []string{"/usr/sbin", "/sbin", npmPrograms()} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	unavailable(t, name+" is not installed (.ci/setup installs it)")
	return ""
}

// npmPrograms is where .ci/setup puts programs from npm; empty where there is
// no such folder.
func npmPrograms() string {
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		cache = filepath.Join(home, ".cache")
	}
	return filepath.Join(cache, "portwho-test", "npm", "node_modules", ".bin")
}
