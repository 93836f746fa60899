package enginetest

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// image is the name of the image that every engine gets: the server and
// nothing else.
const image = "localhost/portwho/server:1"

// Engine is a container engine on a machine.
type Engine struct {
	// Machine is where it runs.
	Machine *Machine
	// Socket is the path of its API on the machine.
	Socket string
	// prefix is what its command line tool is run by.
	prefix []string
	// start and stop are for the daemon, where there is one.
	start, stop func(testing.TB)
}

// Container says what to run.
type Container struct {
	Name string
	// Publish are as for -p: 18080:80, 127.0.0.1:18080:80.
	Publish []string
	// Listen are the addresses the server listens on in the container; empty
	// means 0.0.0.0:80.
	Listen []string
	// Restart is the restart policy; empty for none.
	Restart string
	// Network is as for --network; host shares that of the machine.
	Network string
	// Labels are written name=value.
	Labels []string
}

// Command is a command of the engine's tool, as its user would run it.
func (e *Engine) Command(args ...string) *exec.Cmd {
	return e.Machine.Command(append(slices.Clone(e.prefix), args...)...)
}

// Output runs a command of the engine's tool and returns what it printed.
func (e *Engine) Output(t testing.TB, args ...string) string {
	t.Helper()
	return run(t, e.Command(args...), nil)
}

// Run starts a container and returns its full id. Its server listens when Run
// returns.
func (e *Engine) Run(t testing.TB, c Container) string {
	t.Helper()
	args := []string{"run", "--detach", "--name", c.Name, "--entrypoint", "/server"}
	for _, p := range c.Publish {
		args = append(args, "--publish", p)
	}
	for _, l := range c.Labels {
		args = append(args, "--label", l)
	}
	if c.Restart != "" {
		args = append(args, "--restart", c.Restart)
	}
	if c.Network != "" {
		args = append(args, "--network", c.Network)
	}
	if len(c.Listen) == 0 {
		c.Listen = []string{"0.0.0.0:80"}
	}
	lines := strings.Split(e.Output(t, append(append(args, image), c.Listen...)...), "\n")
	if c.Network == "host" {
		// Nothing of the engine listens meanwhile, as it does for a published
		// port.
		for _, address := range c.Listen {
			_, number, _ := strings.Cut(address, ":")
			until(t, "the server of "+c.Name+" listens on "+address, func() bool {
				out, err := e.Machine.Command("ss", "-Hltn", "sport = :"+number).Output()
				return err == nil && len(out) > 0
			})
		}
	}
	return lines[len(lines)-1]
}

// StopDaemon ends the engine's daemon and waits until it is gone.
func (e *Engine) StopDaemon(t testing.TB) {
	t.Helper()
	e.stop(t)
}

// StartDaemon starts the daemon again and waits until it answers.
func (e *Engine) StartDaemon(t testing.TB) {
	t.Helper()
	e.start(t)
}

// load gives the engine its image.
func (e *Engine) load(t testing.TB) {
	t.Helper()
	run(t, e.Command("import", "-", image), bytes.NewReader(archive(t)))
}

// archive is the root of the image: the static server.
func archive(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "server")
	build := exec.Command("go", "build", "-o", path, "github.com/portwho/portwho/cmd/portwho/internal/enginetest/server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	run(t, build, nil)
	program, err := os.Open(path)
	must(t, err)
	defer program.Close()
	info, err := program.Stat()
	must(t, err)
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	must(t, w.WriteHeader(&tar.Header{Name: "server", Mode: 0o755, Size: info.Size(), Typeflag: tar.TypeReg}))
	_, err = io.Copy(w, program)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}
