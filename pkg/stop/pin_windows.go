package stop

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/windows"
)

// pin holds on to one process by a handle, which keeps its pid from being
// given to another.
type pin struct {
	pid    int32
	handle windows.Handle
}

// openPin pins a process. The error wraps fs.ErrNotExist when there is none.
func openPin(pid int32) (*pin, error) {
	h, err := windows.OpenProcess(windows.PROCESS_TERMINATE|windows.SYNCHRONIZE, false, uint32(pid))
	switch {
	case errors.Is(err, windows.ERROR_INVALID_PARAMETER): // how it says that the pid is unused
		return nil, fmt.Errorf("open process %d: %w", pid, fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("open process %d: %w", pid, err)
	}
	return &pin{pid, h}, nil
}

func (p *pin) close() { _ = windows.CloseHandle(p.handle) }

// signal ends the process. Windows has no way to ask one that has no window or
// console in common with the caller, so every signal is TerminateProcess; CONT
// is nothing.
func (p *pin) signal(s Signal) error {
	if s == cont {
		return nil
	}
	if err := windows.TerminateProcess(p.handle, 1); err != nil && !p.exited() {
		return fmt.Errorf("terminate process %d: %w", p.pid, err)
	}
	return nil
}

func (p *pin) exited() bool {
	event, err := windows.WaitForSingleObject(p.handle, 0)
	return err == nil && event == windows.WAIT_OBJECT_0
}
