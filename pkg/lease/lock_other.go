//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd && !dragonfly && !windows

package lease

import (
	"errors"
	"os"
)

func lockFile(*os.File) error { return errors.ErrUnsupported }
