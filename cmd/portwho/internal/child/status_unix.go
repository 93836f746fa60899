//go:build unix

package child

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func statusOf(s unix.WaitStatus) Status {
	if s.Signaled() {
		return Status{Code: 128 + int(s.Signal())}
	}
	return Status{Code: s.ExitStatus()}
}

func stateOf(state *os.ProcessState) Status {
	if s, ok := state.Sys().(syscall.WaitStatus); ok {
		return statusOf(unix.WaitStatus(s))
	}
	return Status{Code: state.ExitCode()}
}
