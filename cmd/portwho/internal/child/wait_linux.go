package child

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Adopt makes this process the parent of what its descendants leave behind
// (PR_SET_CHILD_SUBREAPER), so that none of them gets out of sight. It has to be
// called before Start.
func Adopt() error { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// wait collects every child that ends, adopted ones included, until the one has
// ended.
func wait(p *os.Process) Status {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return Status{Code: 1} // somebody else has waited for it; cannot be
		case pid == p.Pid:
			return statusOf(status)
		}
	}
}

// Bereaved reports whether the command, now ended, has left no process behind.
func Bereaved() bool {
	for {
		switch pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return true // ECHILD
		case pid == 0:
			return false
		}
	}
}
