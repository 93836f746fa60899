package procfs

import (
	"context"

	"golang.org/x/sys/unix"
)

// NetworkNamespaces returns the processes of each network namespace, in
// ascending order, by the namespace's inode number (/proc/PID/ns/net). The
// second result counts the processes whose namespace may not be read. The
// error is that of the context, or of listing the processes.
func (r *Root) NetworkNamespaces(ctx context.Context) (namespaces map[uint64][]int32, unreadable int, err error) {
	pids, err := r.PIDs()
	if err != nil {
		return nil, 0, err
	}
	namespaces = make(map[uint64][]int32)
	var path, link [32]byte
	for i, pid := range pids {
		if i%256 == 0 && ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		name := appendPID(path[:0], pid, "/ns/net")
		n, err := readLinkAt(r.fd, &name[0], link[:])
		if err != nil {
			if denied(err) {
				unreadable++
			}
			continue
		}
		if inode, ok := NetworkInode(link[:n]); ok {
			namespaces[inode] = append(namespaces[inode], pid)
		}
	}
	return namespaces, unreadable, nil
}

// OpenNetworkNamespace opens the network namespace of a process for setns(2).
func (r *Root) OpenNetworkNamespace(pid int32) (fd int, inode uint64, err error) {
	name := appendPID(make([]byte, 0, 32), pid, "/ns/net")
	fd, err = unix.Openat(r.fd, string(name[:len(name)-1]), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, 0, processError("open", pid, "/ns/net", err)
	}
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		unix.Close(fd)
		return -1, 0, processError("stat", pid, "/ns/net", err)
	}
	return fd, info.Ino, nil
}
