//go:build unix && !linux

package child

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func stateOf(state *os.ProcessState) Status {
	if s, ok := state.Sys().(syscall.WaitStatus); ok {
		return statusOf(unix.WaitStatus(s))
	}
	return Status{Code: state.ExitCode()}
}
