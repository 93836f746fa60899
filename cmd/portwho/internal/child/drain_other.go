//go:build !unix

package child

import (
	"errors"
	"os"
)

// drain is for pipes, and there is none here.
func drain(*os.File, func([]byte) error) error { return errors.ErrUnsupported }

// reopen opens the file by its name.
func reopen(f *os.File) (*os.File, error) { return os.Open(f.Name()) }
