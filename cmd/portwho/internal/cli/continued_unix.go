//go:build unix

package cli

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// heedContinue tells when the program goes on after it was stopped, be it by
// Ctrl-Z or by somebody else, until the function that it returns is called.
func heedContinue(tell func()) (stop func()) {
	continued, over := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(continued, syscall.SIGCONT)
	go func() {
		for {
			select {
			case <-continued:
				tell()
			case <-over:
				return
			}
		}
	}()
	return func() {
		signal.Stop(continued)
		close(over)
	}
}

// suspend stops the program and what was started with it, as Ctrl-Z does, and
// returns when it goes on. Where no shell could have it go on, as after ssh -t HOST
// portwho watch, the kernel stops nothing (signal(7), setpgid(2): an orphaned
// process group), and that is the error.
func suspend() error {
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	defer signal.Stop(continued)
	if err := syscall.Kill(0, syscall.SIGTSTP); err != nil {
		return err
	}
	// The first wait may be over when it goes on; the second lets the signal
	// arrive, which says that it was stopped.
	for range 2 {
		select {
		case <-continued:
			return nil
		case <-time.After(500 * time.Millisecond):
		}
	}
	return errors.New("there is no shell here to come back from")
}
