//go:build !unix && !windows

package stop

import (
	"errors"
	"fmt"
)

type pin struct{}

func openPin(pid int32) (*pin, error) {
	return nil, fmt.Errorf("pin process %d: %w", pid, errors.ErrUnsupported)
}

func (*pin) close()              {}
func (*pin) signal(Signal) error { return errors.ErrUnsupported }
func (*pin) exited() bool        { return false }
