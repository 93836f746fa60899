package collect

import (
	"context"
	"errors"
	"io/fs"

	"github.com/portwho/portwho/pkg/host"
)

// ReadProcess reads one process. An empty procRoot means /proc. The error
// wraps fs.ErrNotExist when there is no such process (any more).
func ReadProcess(ctx context.Context, procRoot string, pid int32) (host.Process, error) {
	return readProcess(ctx, orProc(procRoot), pid)
}

// HoldsInode reports whether a process holds the socket with the inode: by a
// descriptor of its own or of one of its threads, registered with an io_uring,
// or as the next thing it would receive over a Unix socket. The error wraps fs.ErrNotExist when the process is gone,
// fs.ErrPermission when its descriptors may not be read, and
// errors.ErrUnsupported on systems without socket inodes.
func HoldsInode(procRoot string, pid int32, inode uint64) (bool, error) {
	return holdsInode(orProc(procRoot), pid, inode)
}

// Ancestors returns the parents of a process, nearest first, up to and
// including pid 1 or the first one that cannot be seen from here. The error
// wraps fs.ErrNotExist when the process itself is gone; an ancestor that ends
// meanwhile is no error.
func Ancestors(ctx context.Context, procRoot string, pid int32) ([]host.Process, error) {
	procRoot = orProc(procRoot)
	self, err := readProcess(ctx, procRoot, pid)
	if err != nil {
		return nil, err
	}
	family := map[int32]host.Process{pid: self}
	addAncestors(family, self, func(pid int32) (host.Process, error) {
		return readProcess(ctx, procRoot, pid)
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	self = family[pid]
	var ancestors []host.Process
	for child := self; ; {
		parent, ok := family[child.PPID]
		// The pids are distinct, so this ends: a pid met twice is a circle.
		if !ok || len(ancestors) >= len(family)-1 {
			return ancestors, nil
		}
		ancestors = append(ancestors, parent)
		child = parent
	}
}

// addAncestors reads the parents of a child into the family, as far as they
// are not there yet. A pid is reused soon after its process ends, so a
// "parent" that started later than its child is somebody else. A parent that
// ends between two readings has handed its child on, so the child is read
// again.
func addAncestors(family map[int32]host.Process, child host.Process, read func(int32) (host.Process, error)) {
	const patience = 3
	for failures := 0; child.PPID > 0 && child.PPID != child.PID; {
		parent, known := family[child.PPID]
		if !known {
			var err error
			parent, err = read(child.PPID)
			if err == nil && parent.StartTicks > child.StartTicks {
				err = fs.ErrNotExist
			}
			if err != nil {
				if failures++; failures > patience || !errors.Is(err, fs.ErrNotExist) {
					return
				}
				again, err := read(child.PID)
				if err != nil || again.StartTicks != child.StartTicks || again.PPID == child.PPID {
					return
				}
				family[child.PID] = again
				child = again
				continue
			}
			family[parent.PID] = parent
		} else if parent.StartTicks > child.StartTicks {
			return
		}
		if known {
			// Whoever put it there has read, or is about to read, its
			// ancestors.
			return
		}
		child = parent
	}
}

func orProc(root string) string {
	if root == "" {
		return "/proc"
	}
	return root
}
