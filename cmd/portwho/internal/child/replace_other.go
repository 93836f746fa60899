//go:build !unix

package child

import (
	"errors"
	"os"
)

// InPlace says that a process can become another program.
const InPlace = false

// Ordinary has no meaning where a process cannot become another program, like
// the functions below.
func Ordinary() {}

// Inherit is not possible here.
func Inherit(*os.File) (*os.File, error) { return nil, errors.ErrUnsupported }

// Inherited is not possible here.
func Inherited(int) *os.File { return nil }

// Place is not possible here.
func Place(*os.File, int) error { return errors.ErrUnsupported }

// Replace is not possible here.
func Replace([]string, []string) error { return errors.ErrUnsupported }
