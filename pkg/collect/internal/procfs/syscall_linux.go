package procfs

import (
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A complete scan opens every process and reads every link of it. These
// wrappers take their paths as bytes that end with a NUL, because the string
// ones of package unix copy each path to the heap.

const openDirectory = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC

// openDirAt opens a directory. The path ends with a NUL.
func openDirAt(dir int, path []byte) (int, error) {
	for {
		fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(dir),
			uintptr(unsafe.Pointer(&path[0])), openDirectory, 0, 0, 0)
		switch errno {
		case 0:
			return int(fd), nil
		case unix.EINTR:
		default:
			return -1, errno
		}
	}
}

// readLinkAt reads a link. A NUL follows the name, as with a dirent.Entry.
func readLinkAt(dir int, name *byte, buffer []byte) (int, error) {
	n, _, errno := unix.Syscall6(unix.SYS_READLINKAT, uintptr(dir),
		uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&buffer[0])), uintptr(len(buffer)), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// appendPID appends "PID" and the rest of a path with its NUL.
func appendPID(path []byte, pid int32, rest string) []byte {
	path = strconv.AppendInt(path, int64(pid), 10)
	path = append(path, rest...)
	return append(path, 0)
}

const kcmpFiles = 2 // KCMP_FILES of include/uapi/linux/kcmp.h

// sameFiles asks kcmp(2) whether two threads share their table of open files.
func sameFiles(a, b int32) (bool, error) {
	result, _, errno := unix.Syscall6(unix.SYS_KCMP, uintptr(a), uintptr(b), kcmpFiles, 0, 0, 0)
	if errno != 0 {
		return false, errno
	}
	return result == 0, nil
}
