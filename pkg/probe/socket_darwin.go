package probe

import (
	"net"

	"golang.org/x/sys/unix"
)

// socket marks the descriptor in a second step, since macOS cannot do it in
// one. The caller holds syscall.ForkLock.
func socket(family, kind, protocol int) (int, error) {
	fd, err := unix.Socket(family, kind, protocol)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	return fd, err
}

// bindToInterface uses IP_BOUND_IF, which macOS has in place of
// SO_BINDTODEVICE.
func bindToInterface(fd, family int, name string) error {
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		return unix.ENXIO
	}
	if family == unix.AF_INET6 {
		return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_BOUND_IF, ifi.Index)
	}
	return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BOUND_IF, ifi.Index)
}
