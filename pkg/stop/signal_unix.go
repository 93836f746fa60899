//go:build unix

package stop

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// number is the signal as the system calls take it.
func (s Signal) number() unix.Signal {
	return map[Signal]unix.Signal{
		TERM: unix.SIGTERM, INT: unix.SIGINT, HUP: unix.SIGHUP, QUIT: unix.SIGQUIT, KILL: unix.SIGKILL, cont: unix.SIGCONT,
	}[s]
}

// pinError says what was tried on a process, and wraps fs.ErrNotExist when
// there was none.
func pinError(op string, pid int32, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ESRCH):
		err = fs.ErrNotExist
	}
	return fmt.Errorf("%s process %d: %w", op, pid, err)
}
