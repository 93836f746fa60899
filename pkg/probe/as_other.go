//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package probe

import "github.com/portwho/portwho/pkg/host"

// bindAs is for Linux, where a single thread can take on another user.
func bindAs(c host.Candidate, uid uint32) host.Probe {
	return unknown(c, "binding as uid %d is possible on Linux only", uid)
}
