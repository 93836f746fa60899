//go:build unix

package stop

import (
	"os/exec"
	"syscall"
)

// inGroup gives a command a process group of its own, so that all of it ends
// when it takes too long.
func inGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
