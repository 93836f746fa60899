package enginetest

import (
	"os"
	"strings"
	"testing"
)

// Docker says how dockerd runs.
type Docker struct {
	// NoUserlandProxy is --userland-proxy=false: dockerd itself holds the
	// published ports.
	NoUserlandProxy bool
	// LiveRestore is --live-restore: containers outlive the daemon.
	LiveRestore bool
	// Socket is where its API is; empty means /var/run/docker.sock.
	Socket string
}

// StartDocker starts dockerd on the machine.
func StartDocker(t testing.TB, m *Machine, d Docker) *Engine {
	t.Helper()
	for _, program := range []string{"dockerd", "docker"} {
		if m.Command("which", program).Run() != nil {
			unavailable(t, program+" is not installed")
		}
	}
	e := &Engine{Machine: m, Socket: d.Socket, prefix: []string{"docker"}}
	if e.Socket == "" {
		e.Socket = "/var/run/docker.sock"
	} else {
		e.prefix = []string{"docker", "--host", "unix://" + e.Socket}
	}
	args := []string{"dockerd", "--host", "unix://" + e.Socket}
	if d.NoUserlandProxy {
		args = append(args, "--userland-proxy=false")
	}
	if d.LiveRestore {
		args = append(args, "--live-restore")
	}
	e.start = func(t testing.TB) {
		t.Helper()
		m.Output(t, append([]string{"bash", "-c", `setsid "$@" </dev/null >>/run/dockerd.log 2>&1 &`, "-"}, args...)...)
		until(t, "dockerd", func() bool { return e.Command("version").Run() == nil })
	}
	e.stop = func(t testing.TB) {
		t.Helper()
		m.Output(t, "bash", "-c", "kill $(cat /run/docker.pid)")
		until(t, "end of dockerd", func() bool { return m.Command("test", "!", "-e", "/run/docker.pid").Run() == nil })
	}
	e.start(t)
	t.Cleanup(func() {
		// Without this the containers' cgroups stay.
		if list, err := e.Command("ps", "--all", "--quiet").Output(); err == nil && len(list) > 0 {
			_ = e.Command(append([]string{"rm", "--force"}, strings.Fields(string(list))...)...).Run()
		}
		if t.Failed() && os.Getenv("PORTWHO_TEST_LOG") != "" {
			log, _ := m.Command("cat", "/run/dockerd.log").Output()
			t.Logf("%s", log)
		}
	})
	e.load(t)
	return e
}
