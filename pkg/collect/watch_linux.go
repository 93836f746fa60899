package collect

import (
	"cmp"
	"context"
	"slices"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
)

// unchanged reports whether the listeners and those who held them are the same
// as at the last complete look. In doubt they are not.
func (w *Watch) unchanged(ctx context.Context) bool {
	if !w.Config.Scope.ListenersOnly || slices.ContainsFunc(w.last.Gaps, func(g host.Gap) bool { return g.Decides }) {
		return false
	}
	list, err := enumerate(ctx, w.Config, nil)
	if err != nil {
		return false
	}
	defer list.close()
	if len(list.gaps) > 0 || len(list.sockets) > 0 || len(list.records) != len(w.last.Sockets) {
		return false
	}
	if w.was == nil {
		w.was = byCookie(len(w.last.Sockets), func(i int) *host.Socket { return &w.last.Sockets[i] })
	}
	is := byCookie(len(list.records), func(i int) *host.Socket { return &list.records[i].Socket })
	return !slices.ContainsFunc(is, func(l listed) bool { return l.cookie == 0 }) && slices.Equal(w.was, is) && w.held(ctx)
}

func byCookie(count int, socket func(i int) *host.Socket) []listed {
	list := make([]listed, count)
	for i := range list {
		list[i] = listedOf(socket(i))
	}
	slices.SortFunc(list, func(a, b listed) int { return cmp.Compare(a.cookie, b.cookie) })
	return list
}

func listedOf(s *host.Socket) listed {
	return listed{s.Cookie, s.Inode, s.Local, s.State, s.InterfaceIndex}
}

// held reports whether each holder still has its descriptor, and is the process
// that was told.
func (w *Watch) held(ctx context.Context) bool {
	root, err := procfs.Open(cmp.Or(w.Config.ProcRoot, "/proc"))
	if err != nil {
		return false
	}
	defer root.Close()
	holds := make(map[int32][]descriptor)
	for i := range w.last.Sockets {
		s := &w.last.Sockets[i]
		for _, h := range s.Holders {
			if h.Via != host.ViaFD || h.FD < 0 {
				return false // the descriptor of a thread, or none at all: only a complete look tells
			}
			holds[h.PID] = append(holds[h.PID], descriptor{h.FD, s.Inode})
		}
	}
	for pid, descriptors := range holds {
		if ctx.Err() != nil || !stillHolds(root, w.last.Process(pid), descriptors) {
			return false
		}
	}
	return true
}

// descriptor is one that names a socket.
type descriptor struct {
	number int32
	inode  uint64
}

func stillHolds(root *procfs.Root, p *host.Process, descriptors []descriptor) bool {
	if p == nil {
		return false
	}
	pin, err := root.Pin(p.PID)
	if err != nil {
		return false
	}
	defer pin.Close()
	for _, d := range descriptors {
		if pin.Socket(p.PID, d.number) != d.inode {
			return false
		}
	}
	// Last, as it proves that the process was there all along.
	stat, err := pin.Stat()
	return err == nil && stat.StartTicks == p.StartTicks && stat.Name == p.Name && stat.PPID == p.PPID && stat.ProcessState() == p.State
}
