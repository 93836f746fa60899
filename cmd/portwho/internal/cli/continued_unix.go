//go:build unix

package cli

import (
	"os"
	"os/signal"

	"syscall"
)

// heedContinue tells when the program goes on after it was stopped, be it by
// Ctrl-Z or by somebody else. The channel is silent once the function was called.
func heedContinue() (<-chan os.Signal, func()) {
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	return continued, func() { signal.Stop(continued) }
}
