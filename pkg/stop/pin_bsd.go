//go:build unix && !linux

package stop

import (
	"errors"

	"golang.org/x/sys/unix"
)

// pin names a process by its pid. These systems have nothing that holds on to
// it without being its parent, so the comparison just before each signal is
// what there is.
type pin struct{ pid int32 }

// openPin pins a process. The error wraps fs.ErrNotExist when there is none.
func openPin(pid int32) (*pin, error) {
	if err := unix.Kill(int(pid), 0); errors.Is(err, unix.ESRCH) {
		return nil, pinError("find", pid, err)
	}
	return &pin{pid}, nil
}

func (p *pin) close() {}

// signal sends a signal. The error wraps fs.ErrNotExist when the process has
// ended and fs.ErrPermission when it may not be signalled.
func (p *pin) signal(s Signal) error {
	return pinError("signal", p.pid, unix.Kill(int(p.pid), s.number()))
}

func (p *pin) exited() bool { return gone(p.pid) }
