//go:build unix

package child

import "golang.org/x/sys/unix"

func statusOf(s unix.WaitStatus) Status {
	if s.Signaled() {
		return Status{Code: 128 + int(s.Signal())}
	}
	return Status{Code: s.ExitStatus()}
}
