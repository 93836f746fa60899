package procfs

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/dirent"
	"github.com/portwho/portwho/pkg/host"
)

// threadBudget bounds the search through threads: each thread looked at and
// each descriptor read costs one. Comparing costs about a microsecond, reading
// a link about two.
const threadBudget = 500_000

// ring is an io_uring of a process.
type ring struct {
	pid, fd int32
}

func (w *worker) noteRing(pid, fd int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rings = append(w.rings, ring{pid, fd})
}

// searchFurther looks for sockets that no process's own table of descriptors
// shows: in processes that have come since the list of them was made, in
// threads that have a table of their own (unshare(CLONE_FILES)), and among the
// registered files of io_urings.
func (s *scanner) searchFurther(seen []int32) error {
	pids, err := s.root.PIDs()
	if err != nil {
		return err
	}
	slices.Sort(seen)
	var fresh []int32
	for _, pid := range pids {
		if _, old := slices.BinarySearch(seen, pid); !old {
			fresh = append(fresh, pid)
		}
	}
	s.each(fresh, (*worker).process)

	s.budget.Store(threadBudget)
	s.each(pids, func(w *worker, pid int32) {
		s.mu.Lock()
		_, denied := s.denied[pid]
		s.mu.Unlock()
		if !denied && w.threadCount(pid) > 1 {
			w.threads(pid, false)
		}
	})

	// A fresh process may have added to the rings above.
	for _, r := range slices.Clone(s.rings) {
		s.readRing(r)
	}
	return nil
}

// threadCount returns how many threads a process has; 0 when it is gone. The
// number of links of /proc/PID/task is two more.
func (w *worker) threadCount(pid int32) int {
	var info unix.Stat_t
	path := appendPID(w.path[:0], pid, "/task")
	if unix.Fstatat(w.root.fd, string(path[:len(path)-1]), &info, 0) != nil {
		return 0
	}
	return int(info.Nlink) - 2
}

// threads reads the tables of a process's threads: all of them when the
// leader is dead, else those that are not the leader's own. Threads that share
// a table are read once, where kcmp(2) can tell.
func (w *worker) threads(pid int32, leaderDead bool) {
	task, err := openDirAt(w.root.fd, appendPID(w.path[:0], pid, "/task"))
	if err != nil {
		if denied(err) {
			w.deny(pid)
		}
		return
	}
	defer unix.Close(task)
	var tids []int32
	err = dirent.Each(task, w.dirents, func(e dirent.Entry) bool {
		if tid, ok := parseDigits(e.Name); ok && int32(tid) != pid {
			tids = append(tids, int32(tid))
		}
		return true
	})
	if err != nil {
		return
	}
	known := pid // a thread whose table was read; 0 for none
	if leaderDead {
		known = 0
	}
	comparable := w.root.OwnNamespace()
	for _, tid := range tids {
		if w.ctx.Err() != nil || !leaderDead && w.budget.Add(-1) < 0 {
			return
		}
		if comparable && known != 0 {
			same, err := sameFiles(known, tid)
			if err == nil && same {
				continue
			}
			if err != nil && !vanished(err) {
				comparable = false // not allowed, or not in this kernel
			}
		}
		fd, err := openDirAt(task, appendPID(w.path[:0], tid, "/fd"))
		if err != nil {
			if denied(err) {
				w.deny(pid)
				return
			}
			continue
		}
		count, err := w.table(fd, pid)
		unix.Close(fd)
		if !leaderDead && w.budget.Add(-int64(count)) < 0 {
			return
		}
		switch {
		case err == nil && known == 0:
			known = tid
		case denied(err):
			w.deny(pid)
			return
		}
		if len(w.hits) > 0 {
			w.reportAbove(task, pid, tid, host.ViaThread)
		}
	}
}

// OwnNamespace reports whether a pid of this procfs means the same process in
// the caller's system calls.
func (r *Root) OwnNamespace() bool {
	self, err := r.Self()
	return err == nil && int(self) == unix.Getpid()
}

// readRing looks for wanted sockets among the registered files of an
// io_uring. They have no descriptor.
func (s *scanner) readRing(r ring) {
	pin, err := s.root.Pin(r.pid)
	if err != nil {
		return
	}
	defer pin.Close()
	path := appendPID([]byte("fdinfo/"), r.fd, "")
	text, err := readAt(pin.fd, string(path[:len(path)-1]))
	if err != nil {
		return
	}
	w := &worker{scanner: s}
	for _, inode := range RegisteredSockets(text) {
		if s.wants(inode) {
			w.hits = append(w.hits, hit{inode, -1})
		}
	}
	if len(w.hits) > 0 {
		w.report(pin, r.pid, host.ViaIOUring)
	}
}
