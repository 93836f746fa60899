package blame

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/portwho/portwho/pkg/report"
)

// Error is the failure of a listen with what is to blame.
type Error struct {
	// Err is what the listen returned.
	Err error
	// Result is the whole answer: the sockets in the way and their holders,
	// the causes, and what to do about each.
	Result report.Result
}

// Error returns the message of Err and the answer in one sentence. A process may
// be called anything, so what does not print is replaced by U+FFFD.
func (e *Error) Error() string {
	return e.Err.Error() + ": " + strings.Map(printable, e.Result.Summary)
}

// Unwrap returns Err, so that errors.Is finds syscall.EADDRINUSE as before.
func (e *Error) Unwrap() error { return e.Err }

func printable(r rune) rune {
	if strconv.IsPrint(r) {
		return r
	}
	return unicode.ReplacementChar
}
