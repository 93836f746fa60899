package procfs

import (
	"fmt"
	"strconv"
)

// Socket returns the inode of the socket that a descriptor of a thread names;
// 0 when it names none (any more).
func (p *Pin) Socket(tid, fd int32) uint64 {
	var link, path [64]byte
	name := path[:0]
	if tid != p.pid { // the shorter path is the faster one, and a watch asks for thousands
		name = append(name, "task/"...)
		name = strconv.AppendInt(name, int64(tid), 10)
		name = append(name, '/')
	}
	name = append(name, "fd/"...)
	name = strconv.AppendInt(name, int64(fd), 10)
	name = append(name, 0)
	n, err := readLinkAt(p.fd, &name[0], link[:])
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
