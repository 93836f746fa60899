//go:build !unix

package child

import (
	"os"
	"os/signal"
)

// notify keeps Ctrl-C from ending this program before the command has ended.
func notify() chan os.Signal {
	caught := make(chan os.Signal, 16)
	signal.Notify(caught, os.Interrupt)
	return caught
}

func ignoreAgain(caught chan os.Signal) { signal.Stop(caught) }

// reachedGroup is true: a console sends Ctrl-C to all of its processes.
func reachedGroup(os.Signal) bool { return true }
