package child

import (
	"io"
	"os"
	"runtime"
)

// RelayWord is the argument that makes this program a relay.
const RelayWord = "run-relay"

// Relay passes on until there is nobody left who could write, or to write to.
func Relay(from io.Reader, to io.Writer) error {
	_, err := io.Copy(to, from)
	return err
}

// LeaveRelay starts a process that passes on what comes through a pipe until
// its other end is closed. Whoever was left behind would be ended by its next
// word otherwise.
func LeaveRelay(from, to *os.File, env []string) error {
	path, err := Self()
	if err != nil {
		return err
	}
	p, err := os.StartProcess(path, []string{"portwho", RelayWord}, &os.ProcAttr{
		Env: env, Files: []*os.File{from, to, to}, Sys: apart(),
	})
	if err != nil {
		return err
	}
	return p.Release()
}

// Self is the file of this program, even if another one has its name by now.
func Self() (string, error) {
	const own = "/proc/self/exe" // of the process that executes it, which is a copy of this one
	if runtime.GOOS == "linux" {
		if _, err := os.Stat(own); err == nil {
			return own, nil
		}
	}
	return os.Executable()
}
