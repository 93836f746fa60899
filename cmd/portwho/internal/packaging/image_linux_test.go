package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/portwho/portwho/cmd/portwho/internal/enginetest"
)

// The image names the server that has a port of the machine, with the flags of
// docs/install.md and not without them.
func TestImage(t *testing.T) {
	tests := []struct {
		name  string
		start func(*testing.T, *enginetest.Machine) *enginetest.Engine
	}{
		{"docker", func(t *testing.T, m *enginetest.Machine) *enginetest.Engine {
			return enginetest.StartDocker(t, m, enginetest.Docker{})
		}},
		{"podman", func(t *testing.T, m *enginetest.Machine) *enginetest.Engine { return enginetest.StartPodman(t, m) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := enginetest.NewMachine(t, "python3", "ss")
			e := tt.start(t, m)
			build := e.Command("build", "--quiet", "--tag", "localhost/portwho:test", "--file", filepath.Join(top(t), ".packaging", "Containerfile"),
				"--build-arg", "TARGETARCH="+runtime.GOARCH, context(t))
			build.Env = append(os.Environ(), "DOCKER_BUILDKIT=0") // BuildKit would fetch a frontend
			output(t, build)
			pid := m.Output(t, "bash", "-c", `python3 -m http.server 62893 --bind 127.0.0.1 >/dev/null 2>&1 & echo $!`)
			// run runs portwho with the flags of the engine that come before it.
			run := func(flags ...string) string {
				t.Helper()
				args := append([]string{"run", "--rm"}, flags...)
				cmd := e.Command(args...)
				out, err := cmd.CombinedOutput() // the exit code is that of the answer
				if err != nil && cmd.ProcessState.ExitCode() > 3 {
					t.Fatalf("%q: %v\n%s", args, err, out)
				}
				return string(out)
			}
			const image = "localhost/portwho:test"
			output(t, e.Command("run", "--rm", "--pid=host", "--network=host", image, "wait", "127.0.0.1:62893", "--for", "http:/", "--timeout", "60s"))

			named := "62893/tcp is taken: python3 (pid " + pid + ") listens on 127.0.0.1\n"
			if got := run("--pid=host", "--network=host", "--cap-add=SYS_PTRACE", image, "62893"); !strings.HasPrefix(got, named) {
				t.Errorf("with all flags: %s", got)
			}
			// Taken, and not by whom: the process is not this container's to look into.
			if got := run("--pid=host", "--network=host", image, "62893"); !strings.HasPrefix(got, "62893/tcp is taken") || strings.HasPrefix(got, named) {
				t.Errorf("without SYS_PTRACE: %s", got)
			}
			// A network of its own, in which the port is free.
			if got := run("--pid=host", image, "62893"); !strings.HasPrefix(got, "62893/tcp is free") {
				t.Errorf("without the network of the machine: %s", got)
			}
			if got := run("--pid=host", "--network=host", "--cap-add=SYS_PTRACE", image, "kill", "62893"); !strings.Contains(got, "62893/tcp is free: ") {
				t.Errorf("kill: %s", got)
			}
			if m.Command("kill", "-0", pid).Run() == nil {
				t.Error("the server still runs")
			}
		})
	}
}

// context is a folder as .packaging/build makes it, with the program of this
// machine.
func context(t *testing.T) string {
	t.Helper()
	if *dist != "" {
		return *dist
	}
	folder := t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(folder, "bin", "linux_"+runtime.GOARCH, "portwho"), "./cmd/portwho")
	build.Dir = top(t)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	output(t, build)
	return folder
}
