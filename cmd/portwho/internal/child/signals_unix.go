//go:build unix

package child

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// notify catches the signals that are passed on. One that this program was
// told to ignore, as by nohup, stays ignored, for the command as well. SIGPIPE
// is caught so that a reader who has gone ends the command, which writes, and
// not us.
func notify() chan os.Signal {
	caught := make(chan os.Signal, 16)
	for _, s := range []os.Signal{
		syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH,
	} {
		if !signal.Ignored(s) {
			signal.Notify(caught, s)
		}
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return caught
}

func ignoreAgain(caught chan os.Signal) { signal.Stop(caught) }

// reachedGroup reports whether a signal came from the terminal, which sends it
// to the whole foreground group: the child, in the same group, has it already.
// A signal does not tell who sent it, so one of these that somebody sends to
// this process alone while it is in the foreground of a terminal is not passed
// on.
func reachedGroup(s os.Signal) bool {
	switch s {
	case syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGWINCH:
	default:
		return false
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return false // no terminal
	}
	defer tty.Close()
	foreground, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}
