//go:build linux && (386 || arm)

package probe

import "golang.org/x/sys/unix"

// The calls without the 32 take 16-bit ids here.
const (
	sysSetresuid = unix.SYS_SETRESUID32
	sysSetresgid = unix.SYS_SETRESGID32
	sysSetgroups = unix.SYS_SETGROUPS32
)
