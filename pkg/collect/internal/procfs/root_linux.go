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

// firstRead is what is tried to read at once. Nearly every file is smaller.
const firstRead = 1 << 10

// readAt reads a file to its end. procfs files have no size to go by, and one
// that is made line by line may come in pieces.
func readAt(dir int, name string) ([]byte, error) { return readFile(dir, name, false) }

// readPiece reads a file that the kernel makes in one piece: less than there
// was room for is all of it, and a second look at its end is spared. Such are
// settings, command lines and what procfs shows of a process by proc_single_show.
func readPiece(dir int, name string) ([]byte, error) { return readFile(dir, name, true) }

func readFile(dir int, name string, onePiece bool) ([]byte, error) {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	// On the stack, so that no more is kept than was read.
	var first [firstRead]byte
	n, err := readSome(fd, first[:])
	if err != nil {
		return nil, err
	}
	if n == 0 || onePiece && n < len(first) {
		return append(make([]byte, 0, n), first[:n]...), nil
	}
	return readRest(fd, append(make([]byte, 0, n+firstRead), first[:n]...))
}

// readRest reads what follows b.
func readRest(fd int, b []byte) ([]byte, error) {
	for len(b) < maxFile {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := readSome(fd, b[len(b):cap(b)])
		if n == 0 || err != nil {
			return b, err
		}
		b = b[:len(b)+n]
	}
	return b, nil
}

func readSome(fd int, b []byte) (int, error) {
	for {
		n, err := unix.Read(fd, b)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
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
	target, err := readLink(r.fd, name)
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: r.path + "/" + name, Err: err}
	}
	return target, nil
}

// readLink reads a link of any length. Few are long, and room for the longest
// would make the stack grow.
func readLink(dir int, name string) (string, error) {
	var buffer [256]byte
	n, err := unix.Readlinkat(dir, name, buffer[:])
	if err != nil {
		return "", err
	}
	if n < len(buffer) {
		return string(buffer[:n]), nil
	}
	long := make([]byte, unix.PathMax)
	n, err = unix.Readlinkat(dir, name, long)
	if err != nil {
		return "", err
	}
	return string(long[:n]), nil
}
