//go:build !linux

package child

import (
	"errors"
	"os"
)

// Adopt needs Linux: elsewhere orphans go to process 1, and nothing tells where
// they came from.
func Adopt() error { return errors.ErrUnsupported }

func wait(p *os.Process) Status {
	state, err := p.Wait()
	if err != nil {
		return Status{Code: 1}
	}
	return stateOf(state)
}

// Bereaved is true: what was left behind is not known.
func Bereaved() bool { return true }
