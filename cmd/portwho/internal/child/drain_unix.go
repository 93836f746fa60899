//go:build unix

package child

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// drain reads what is in a pipe now. The error is os.ErrDeadlineExceeded while
// somebody can still write to it, and nil when nobody can.
func drain(f *os.File, pass func([]byte) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	buffer := make([]byte, 32<<10)
	result := error(nil)
	err = raw.Control(func(fd uintptr) {
		for {
			n, err := unix.Read(int(fd), buffer) // it does not block: package os has set it so
			switch {
			case errors.Is(err, unix.EINTR):
			case errors.Is(err, unix.EAGAIN):
				result = os.ErrDeadlineExceeded
				return
			case err != nil || n == 0:
				result = err
				return
			default:
				if result = pass(buffer[:n]); result != nil {
					return
				}
			}
		}
	})
	if err != nil {
		return err // closed, since the reader has gone
	}
	return result
}

// reopen opens the file behind a descriptor anew, to be read. It takes procfs,
// or what stands for it.
func reopen(f *os.File) (*os.File, error) {
	return os.Open(fmt.Sprintf("/dev/fd/%d", f.Fd()))
}
