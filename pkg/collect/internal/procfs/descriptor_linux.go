package procfs

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Socket returns the inode of the socket that a descriptor of a thread names;
// 0 when it names none (any more).
func (p *Pin) Socket(tid, fd int32) uint64 {
	var link [64]byte
	n, err := unix.Readlinkat(p.fd, fmt.Sprintf("task/%d/fd/%d", tid, fd), link[:])
	if err != nil {
		return 0
	}
	inode, _ := SocketInode(link[:n])
	return inode
}

// DescriptorInfo reads the fdinfo of a descriptor of a thread.
func (p *Pin) DescriptorInfo(tid, fd int32) ([]byte, error) {
	text, err := readAt(p.fd, fmt.Sprintf("task/%d/fdinfo/%d", tid, fd))
	if err != nil {
		return nil, processError("read", p.pid, "/fdinfo", err)
	}
	return text, nil
}
