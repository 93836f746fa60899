//go:build !windows

package term

import "os"

// enableEscapes reports whether the terminal obeys escape codes.
func enableEscapes(*os.File) bool { return true }
