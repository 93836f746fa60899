package collect

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// scmPidfd is SCM_PIDFD of include/linux/socket.h, since Linux 6.5.
const scmPidfd = 4

// errNotPeekable says that looking into a queue would change it, or cannot be
// done.
var errNotPeekable = errors.New("the queue cannot be looked into")

// peekDescriptors gives look a copy of each descriptor that comes with the
// next message in the receive queue of a Unix socket, and closes it again.
// MSG_PEEK leaves the message and its descriptors where they are
// (unix_peek_fds in net/unix/af_unix.c). Only the head of the queue can be
// seen so. It returns how many there were.
func peekDescriptors(fd int, look func(fd int)) (uint32, error) {
	if listening, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err != nil || listening != 0 {
		return 0, errNotPeekable
	}
	// With SO_PEEK_OFF set, each look moves the place of the next one, which
	// the owner would notice.
	if offset, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEEK_OFF); err != nil || offset >= 0 {
		return 0, errNotPeekable
	}
	var payload [1]byte
	// SCM_MAX_FD is 253; credentials, a label and a pidfd may come along.
	control := make([]byte, unix.CmsgSpace(253*4)+1024)
	_, n, _, _, err := unix.Recvmsg(fd, payload[:], control, unix.MSG_PEEK|unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return 0, err
	}
	messages, err := unix.ParseSocketControlMessage(control[:n])
	if err != nil {
		return 0, err
	}
	var seen uint32
	for _, m := range messages {
		if m.Header.Level != unix.SOL_SOCKET || m.Header.Type != unix.SCM_RIGHTS && m.Header.Type != scmPidfd {
			continue
		}
		for at := 0; at+4 <= len(m.Data); at += 4 {
			copied := int(*(*int32)(unsafe.Pointer(&m.Data[at])))
			if copied < 0 {
				continue // a pidfd that could not be made
			}
			if m.Header.Type == unix.SCM_RIGHTS {
				seen++
				look(copied)
			}
			unix.Close(copied)
		}
	}
	return seen, nil
}
