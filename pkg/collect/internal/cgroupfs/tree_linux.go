// Package cgroupfs finds the path of a cgroup v2 by the id that sock_diag
// tells of a socket: the inode number of the cgroup's directory.
package cgroupfs

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/dirent"
)

const (
	fileIDKernfs = 0xfe // FILEID_KERNFS of include/linux/exportfs.h
	// maxDirectories bounds a walk of the tree.
	maxDirectories = 20_000
)

// Tree is a mounted cgroup v2 hierarchy. It belongs to one goroutine.
type Tree struct {
	fd    int
	point string
	paths map[uint64]string
	link  []byte // room for the path of one
	// walked says that paths holds all of the tree.
	walked bool
	// handles is cleared once the kernel has refused to open one.
	handles bool
}

// MountedAt reports whether the hierarchy is mounted at the point.
func MountedAt(point string) bool {
	var info unix.Statfs_t
	return unix.Statfs(point, &info) == nil && info.Type == unix.CGROUP2_SUPER_MAGIC
}

// Open opens the hierarchy mounted at the point.
func Open(point string) (*Tree, error) {
	fd, err := unix.Open(point, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return &Tree{fd: fd, point: point, paths: make(map[uint64]string), handles: true}, nil
}

// Close closes it.
func (t *Tree) Close() error { return unix.Close(t.fd) }

// Path returns the path of a cgroup below the root of the hierarchy, "/" for
// the root itself, and empty when it is gone or cannot be found. The guess, a
// path it may well have, saves the search; it is checked. With thorough set
// the whole tree is searched when there is no quicker way.
func (t *Tree) Path(id uint64, guess string, thorough bool) string {
	if id == 0 {
		return ""
	}
	if path, ok := t.paths[id]; ok {
		return path
	}
	if guess != "" && strings.HasPrefix(guess, "/") && t.inode("."+guess) == id {
		t.paths[id] = guess
		return guess
	}
	if path, ok := t.byHandle(id); ok {
		t.paths[id] = path
		return path
	}
	if thorough && !t.handles && !t.walked {
		t.walk()
		return t.paths[id]
	}
	return ""
}

// Members returns the processes of a cgroup, as this process sees their pids;
// none where they cannot be told, as for a cgroup of threads. The list is cut
// after some thousands.
func (t *Tree) Members(path string) []int32 {
	fd, err := unix.Openat(t.fd, "."+path+"/cgroup.procs", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	text := make([]byte, 16<<10)
	n, err := unix.Read(fd, text)
	if err != nil {
		return nil
	}
	return ParseMembers(text[:n])
}

func (t *Tree) inode(path string) uint64 {
	var info unix.Stat_t
	if unix.Fstatat(t.fd, path, &info, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return 0
	}
	return info.Ino
}

// byHandle opens the directory by its number, which takes
// CAP_DAC_READ_SEARCH, and asks the kernel for its path. The second result is
// false when that did not answer; an answer of "" means that it is gone.
func (t *Tree) byHandle(id uint64) (string, bool) {
	if !t.handles {
		return "", false
	}
	handle := unix.NewFileHandle(fileIDKernfs, binary.NativeEndian.AppendUint64(nil, id))
	fd, err := unix.OpenByHandleAt(t.fd, handle, unix.O_PATH|unix.O_CLOEXEC)
	if errors.Is(err, unix.ESTALE) {
		return "", true
	}
	if err != nil {
		t.handles = false
		return "", false
	}
	defer unix.Close(fd)
	if t.link == nil { // not on the stack, which would have to grow
		t.link = make([]byte, unix.PathMax)
	}
	n, err := unix.Readlink("/proc/self/fd/"+strconv.Itoa(fd), t.link)
	if err != nil {
		return "", false
	}
	path, ok := strings.CutPrefix(string(t.link[:n]), t.point)
	if !ok {
		return "", false // outside what is mounted here
	}
	return rooted(path), true
}

// rooted gives the root its name.
func rooted(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

// walk fills paths with the whole tree. The number of a directory is in its
// parent's listing, so nothing but directories is opened.
func (t *Tree) walk() {
	t.walked = true
	t.paths[t.inode(".")] = "/"
	buffer := make([]byte, dirent.Size)
	for queue := []string{""}; len(queue) > 0 && len(t.paths) < maxDirectories; {
		parent := queue[0]
		queue = queue[1:]
		fd, err := unix.Openat(t.fd, "."+parent, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		// What was read before an error is true.
		_ = dirent.Each(fd, buffer, func(e dirent.Entry) bool {
			if e.Type == dirent.Directory {
				path := parent + "/" + string(e.Name)
				t.paths[e.Inode] = path
				queue = append(queue, path)
			}
			return true
		})
		unix.Close(fd)
	}
}
