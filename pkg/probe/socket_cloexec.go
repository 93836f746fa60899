//go:build linux || freebsd || netbsd || openbsd || dragonfly

package probe

import "golang.org/x/sys/unix"

func socket(family, kind, protocol int) (int, error) {
	return unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
}
