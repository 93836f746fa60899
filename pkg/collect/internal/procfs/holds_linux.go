package procfs

import (
	"context"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/dirent"
)

// Holds reports whether the process has a descriptor of the socket in its own
// table, in that of one of its threads, or registered with one of its
// io_urings. The error wraps fs.ErrNotExist when the process has ended and
// fs.ErrPermission when it may not be read.
func (r *Root) Holds(ctx context.Context, pid int32, inode uint64) (bool, error) {
	pin, err := r.Pin(pid)
	if err != nil {
		return false, err
	}
	defer pin.Close()
	s := r.searchOne(ctx, pid, inode)
	switch {
	case len(s.matches) > 0:
		// The descriptor may have been seen in a later process of the same
		// number; the pinned one must still be there to hold anything.
		if _, err := pin.Stat(); err != nil {
			return false, err
		}
		return true, nil
	case len(s.denied) > 0:
		return false, processError("read", pid, "/fd", unix.EACCES)
	}
	if _, err := pin.Stat(); err != nil {
		return false, err
	}
	return false, ctx.Err()
}

// Sockets returns every socket the process holds, as Scan does for all
// processes.
func (r *Root) Sockets(ctx context.Context, pid int32) map[uint64][]Holding {
	return r.searchOne(ctx, pid, 0).result().Holdings
}

// searchOne looks for one socket in one process; for all of them when the
// inode is 0.
func (r *Root) searchOne(ctx context.Context, pid int32, inode uint64) *scanner {
	s := &scanner{
		root: r, ctx: ctx, verdicts: make(map[int32]bool),
		wanted: newInodeSet([]uint64{inode}), every: inode == 0,
	}
	s.budget.Store(threadBudget)
	w := &worker{scanner: s, dirents: make([]byte, dirent.Size)}
	w.process(pid)
	if (s.every || len(s.matches) == 0) && len(s.denied) == 0 {
		w.threads(pid, false)
		for _, ring := range s.rings {
			s.readRing(ring)
		}
	}
	return s
}
