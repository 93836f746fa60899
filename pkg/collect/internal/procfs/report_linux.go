package procfs

import "github.com/portwho/portwho/pkg/host"

// pinAbove pins the process that an open directory of /proc/PID belongs to.
// Going up from there, rather than by the pid again, cannot meet a later
// process of the same number.
func (w *worker) pinAbove(fd int, pid int32) (*Pin, error) {
	up, err := openDirAt(fd, []byte("..\x00"))
	if err != nil {
		return nil, err
	}
	return &Pin{fd: up, pid: pid, root: w.root}, nil
}

// reportAbove is report for the process that an open directory of /proc/PID
// belongs to. Where nobody asks about processes there is no need to pin it.
func (w *worker) reportAbove(fd int, pid, tid int32, via host.Via) {
	if w.found == nil {
		w.report(&Pin{pid: pid}, tid, via)
		return
	}
	if pin, err := w.pinAbove(fd, pid); err == nil {
		w.report(pin, tid, via)
		pin.Close()
	}
}

// report adds w.hits for the pinned process, unless it is not to be reported.
func (w *worker) report(pin *Pin, tid int32, via host.Via) {
	pid := pin.pid
	w.mu.Lock()
	verdict, asked := w.verdicts[pid]
	w.mu.Unlock()
	// Only one worker has the process in hand, so nobody else asks meanwhile.
	if !asked {
		verdict = w.found == nil || w.found(pin)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.verdicts[pid] = verdict
	if !verdict {
		return
	}
	for _, h := range w.hits {
		w.matches = append(w.matches, Holding{Holder: host.Holder{PID: pid, FD: h.fd, Via: via}, TID: tid})
		w.inodes = append(w.inodes, h.inode)
		delete(w.lacking, h.inode)
	}
	if w.lacking != nil && len(w.lacking) == 0 {
		w.done.Store(true)
	}
}
