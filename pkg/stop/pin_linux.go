package stop

import (
	"errors"

	"golang.org/x/sys/unix"
)

// pin holds on to one process by a pidfd (pidfd_open(2), Linux 5.3), so that
// no signal can meet a later process of the same pid. Kernels without it leave
// fd at -1, and kill(2) is called right after the process was compared.
type pin struct {
	pid int32
	fd  int
}

// openPin pins a process. The error wraps fs.ErrNotExist when there is none.
func openPin(pid int32) (*pin, error) {
	fd, err := unix.PidfdOpen(int(pid), 0)
	switch {
	case err == nil:
		return &pin{pid, fd}, nil
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM):
		return &pin{pid, -1}, nil // an old kernel, or a sandbox
	}
	return nil, pinError("pin", pid, err)
}

func (p *pin) close() {
	if p.fd >= 0 {
		_ = unix.Close(p.fd)
	}
}

// signal sends a signal. The error wraps fs.ErrNotExist when the process has
// ended and fs.ErrPermission when it may not be signalled.
func (p *pin) signal(s Signal) error {
	number := s.number()
	if p.fd < 0 {
		return pinError("signal", p.pid, unix.Kill(int(p.pid), number))
	}
	return pinError("signal", p.pid, unix.PidfdSendSignal(p.fd, number, nil, 0))
}

// exited reports whether the process has ended. A zombie has: its descriptors
// are closed, and only its parent has not looked yet.
func (p *pin) exited() bool {
	if p.fd < 0 {
		return gone(p.pid)
	}
	fds := []unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}
