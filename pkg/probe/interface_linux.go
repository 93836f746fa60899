package probe

import "golang.org/x/sys/unix"

func bindToInterface(fd, _ int, name string) error {
	return unix.SetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, name)
}
