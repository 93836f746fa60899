package task

import (
	"net"

	"golang.org/x/sys/unix"
)

// peerUID tells who made the socket at the other end (SO_PEERCRED, unix(7)).
func peerUID(c net.Conn) (uint32, bool) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return 0, false
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return 0, false
	}
	var credentials *unix.Ucred
	if raw.Control(func(fd uintptr) {
		credentials, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}) != nil || err != nil {
		return 0, false
	}
	return credentials.Uid, true
}
