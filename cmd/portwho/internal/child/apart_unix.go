//go:build unix

package child

import "syscall"

// apart starts a process in a session of its own, where no terminal ends it.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
