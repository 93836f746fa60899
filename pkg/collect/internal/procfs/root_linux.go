package procfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/dirent"
)

// ErrNotProcfs is wrapped when a directory is there and holds no procfs.
var ErrNotProcfs = errors.New("not a procfs")

// Root is an open /proc. It is safe for concurrent use.
type Root struct {
	fd   int
	path string
}

// Open opens the procfs mounted at the path. The error wraps fs.ErrNotExist,
// fs.ErrPermission or ErrNotProcfs.
func Open(path string) (*Root, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	var info unix.Statfs_t
	if err := unix.Fstatfs(fd, &info); err != nil {
		unix.Close(fd)
		return nil, &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	if info.Type != unix.PROC_SUPER_MAGIC {
		unix.Close(fd)
		return nil, fmt.Errorf("open %s: %w", path, ErrNotProcfs)
	}
	return &Root{fd: fd, path: path}, nil
}

// Close closes it.
func (r *Root) Close() error { return os.NewSyscallError("close", unix.Close(r.fd)) }

// Self returns the caller's own pid as this procfs counts it, which differs
// from getpid(2) when the procfs belongs to another pid namespace.
func (r *Root) Self() (int32, error) {
	var buffer [16]byte
	n, err := unix.Readlinkat(r.fd, "self", buffer[:])
	if err != nil {
		return 0, &fs.PathError{Op: "readlink", Path: r.path + "/self", Err: err}
	}
	pid, err := strconv.ParseInt(string(buffer[:n]), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("readlink %s/self: %w", r.path, ErrFormat)
	}
	return int32(pid), nil
}

// PIDs lists the processes, in ascending order as procfs gives them.
func (r *Root) PIDs() ([]int32, error) {
	fd, err := unix.Openat(r.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: r.path, Err: err}
	}
	defer unix.Close(fd)
	var pids []int32
	err = dirent.Each(fd, make([]byte, dirent.Size), func(e dirent.Entry) bool {
		if pid, ok := parseDigits(e.Name); ok && pid <= 1<<31-1 {
			pids = append(pids, int32(pid))
		}
		return true
	})
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: r.path, Err: err}
	}
	return pids, nil
}

// ReadFile reads a small file below the root.
func (r *Root) ReadFile(name string) ([]byte, error) {
	b, err := readAt(r.fd, name)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: r.path + "/" + name, Err: err}
	}
	return b, nil
}

// ReadFile reads a small file by its path. It is os.ReadFile without the
// runtime's poller, which the first os.Open starts and which such files never
// need.
func ReadFile(path string) ([]byte, error) {
	b, err := readAt(unix.AT_FDCWD, path)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return b, nil
}

// maxFile bounds what is read of one file. Command lines are the only ones
// that come near it.
const maxFile = 1 << 20

// readAt reads a file to its end. procfs files have no size to go by.
func readAt(dir int, name string) ([]byte, error) {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	b := make([]byte, 0, 1024)
	for len(b) < maxFile {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := unix.Read(fd, b[len(b):cap(b)])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return nil, err
		case n == 0:
			return b, nil
		}
		b = b[:len(b)+n]
	}
	return b, nil
}

// vanished reports whether the error means that the process has ended: its
// directory is gone (ENOENT), or was opened before it ended (ESRCH).
func vanished(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH)
}

// denied reports whether the error is a matter of privilege.
func denied(err error) bool {
	return errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM)
}

// ReadLink reads a link below the root.
func (r *Root) ReadLink(name string) (string, error) {
	var buffer [unix.PathMax]byte
	n, err := unix.Readlinkat(r.fd, name, buffer[:])
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: r.path + "/" + name, Err: err}
	}
	return string(buffer[:n]), nil
}
