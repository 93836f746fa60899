package procfs

import (
	"io/fs"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// Programs remembers what was learnt about the files of programs, since the
// workers of a server all run the same. It is safe for concurrent use.
type Programs struct {
	mu    sync.Mutex
	known map[fileID]bool
}

type fileID struct {
	device, inode uint64
	changed       unix.Timespec
}

func (c *Programs) mayAccept(f *os.File) bool {
	var info unix.Stat_t
	if unix.Fstat(int(f.Fd()), &info) != nil {
		return true
	}
	id := fileID{uint64(info.Dev), info.Ino, info.Ctim}
	c.mu.Lock()
	may, known := c.known[id]
	c.mu.Unlock()
	if known {
		return may
	}
	may = mayAccept(f)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = make(map[fileID]bool)
	}
	c.known[id] = may
	return may
}

// CannotAccept reports whether the process is known to be unable to make a
// listener and to accept connections: it runs a dynamically linked program,
// and neither that nor a library it has loaded, the C library left out, has
// the name of listen(2) or accept(2) anywhere, which it would need to call
// them. False also means that it could not be told.
//
// The files are those of a stranger: opening one may take forever, so the
// caller must not wait for it.
func (p *Pin) CannotAccept(programs *Programs) bool {
	exe, err := unix.Openat(p.fd, "exe", unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	program := blockingFile(exe, "exe")
	defer program.Close()
	if !isDynamic(program) || programs.mayAccept(program) {
		return false
	}
	text, err := readAt(p.fd, "maps")
	if err != nil {
		return false
	}
	for _, m := range executableMaps(text) {
		if m.inode == 0 {
			return false // code that is in no file
		}
		if isCLibrary(m.path) || sameInode(int(program.Fd()), m.inode) {
			continue
		}
		library, err := p.openMapped(m)
		if err != nil {
			return false
		}
		may := programs.mayAccept(library)
		library.Close()
		if may {
			return false
		}
	}
	return true
}

// openMapped opens a file that the process runs code from. By now something
// else may have its name, such as a device that an open would disturb, so it is
// looked at before it is opened.
func (p *Pin) openMapped(m codeMap) (*os.File, error) {
	path, err := unix.Openat(p.fd, "root"+m.path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(path)
	if !sameInode(path, m.inode) {
		return nil, fs.ErrNotExist
	}
	fd, err := unix.Open("/proc/self/fd/"+strconv.Itoa(path), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return blockingFile(fd, m.path), nil
}

// blockingFile makes a file of a descriptor of which the runtime's poller,
// which costs a start, need not know.
func blockingFile(fd int, name string) *os.File {
	_ = unix.SetNonblock(fd, false)
	return os.NewFile(uintptr(fd), name)
}

// sameInode reports whether a descriptor names the regular file with the inode.
func sameInode(fd int, inode uint64) bool {
	var info unix.Stat_t
	return unix.Fstat(fd, &info) == nil && info.Ino == inode && info.Mode&unix.S_IFMT == unix.S_IFREG
}
