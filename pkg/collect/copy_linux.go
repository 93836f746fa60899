package collect

import (
	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
)

// pidfdThread is PIDFD_THREAD of include/uapi/linux/pidfd.h, since Linux 6.9.
const pidfdThread = unix.O_EXCL

// copySocket makes a copy of a holder's descriptor (pidfd_getfd(2)), which the
// caller closes. It takes the right to trace the holder. The error is EBADF
// when the number names another file by now.
func copySocket(h procfs.Holding, inode uint64) (int, error) {
	flags := 0
	if h.TID != h.PID {
		flags = pidfdThread
	}
	pidfd, err := unix.PidfdOpen(int(h.TID), flags)
	if err != nil {
		return -1, err
	}
	defer unix.Close(pidfd)
	fd, err := unix.PidfdGetfd(pidfd, int(h.FD), 0)
	if err != nil {
		return -1, err
	}
	got, err := socketInode(fd)
	if err == nil && got != inode {
		err = unix.EBADF
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// socketInode returns the inode of a descriptor of our own. The error is EBADF
// when it is no socket.
func socketInode(fd int) (uint64, error) {
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return 0, err
	}
	if info.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return 0, unix.EBADF
	}
	return info.Ino, nil
}
