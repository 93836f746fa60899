package term

import (
	"os"

	"golang.org/x/sys/windows"
)

// enableEscapes reports whether the console obeys escape codes, and asks it to
// where it does not yet. Consoles before Windows 10 1511 never do.
func enableEscapes(file *os.File) bool {
	console := windows.Handle(file.Fd())
	var mode uint32
	if windows.GetConsoleMode(console, &mode) != nil {
		return false
	}
	if mode&windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING != 0 {
		return true
	}
	return windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
