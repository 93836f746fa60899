package procfs

import (
	"errors"
	"slices"
	"sync/atomic"

	"github.com/portwho/portwho/pkg/host"
)

// A BPF iterator over all descriptors costs about 5 ms before it tells the
// first, as much as reading 1,200 links, and then a tenth of what they cost. So
// a scan begins with links, and changes when it has read some and expects many.
const (
	someLinks = 500
	manyLinks = 3000
)

// errMuch says that a process has so many descriptors that they are better
// read in another way.
var errMuch = errors.New("too many descriptors to read one by one")

// weigh sets much when what is left, going by what was read, is worth it.
func (s *scanner) weigh(left int) {
	done := s.finished.Add(1)
	links := s.links.Load()
	if s.everywhere != nil && links >= someLinks && links/done*int64(left) >= manyLinks {
		s.much.Store(true)
	}
}

// tooMuch counts links within a process, and reports whether to give it up.
func (s *scanner) tooMuch(links int64) bool {
	if s.links.Add(links) < manyLinks || s.everywhere == nil {
		return false
	}
	s.much.Store(true)
	return true
}

func (w *worker) giveUp(pid int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unfinished = append(w.unfinished, pid)
}

// finish reads processes one by one that were left, and returns none.
func (s *scanner) finish(left []int32) []int32 {
	s.everywhere = nil
	s.much.Store(false)
	s.each(left, (*worker).process)
	return nil
}

// searchEverywhere looks for the wanted sockets in all processes at once.
func (s *scanner) searchEverywhere(inodes []uint64) error {
	first, last := uint64(0), ^uint64(0)
	if !s.every {
		first, last = slices.Min(inodes), slices.Max(inodes)
	}
	var matches []match
	err := s.everywhere(first, last, func(h Holding, inode uint64) {
		if h.PID > 0 && s.wants(inode) {
			matches = append(matches, match{h, inode})
		}
	})
	if err != nil {
		return err
	}
	s.reportMatches(matches)
	return nil
}

// late reads the processes before it asks what to look for.
func (s *scanner) late(pids []int32, inodes func() []uint64) error {
	found := s.found
	s.every, s.found = true, nil
	s.each(pids, (*worker).process)
	s.wanted, s.every, s.found = newInodeSet(inodes()), false, found
	var matches []match
	for i, m := range s.matches {
		if s.wants(s.inodes[i]) {
			matches = append(matches, match{m, s.inodes[i]})
		}
	}
	s.matches, s.inodes = nil, nil
	clear(s.verdicts)
	s.reportMatches(matches)
	return s.ctx.Err()
}

// match is a descriptor that named a wanted socket when it was read.
type match struct {
	Holding
	inode uint64
}

// reportMatches reports those of processes that still have one of them.
func (s *scanner) reportMatches(matches []match) {
	// The descriptors of one thread follow each other.
	var threads [][]match
	for i := range matches {
		if i > 0 && matches[i].TID == matches[i-1].TID {
			threads[len(threads)-1] = append(threads[len(threads)-1], matches[i])
		} else {
			threads = append(threads, matches[i:i+1:i+1])
		}
	}
	var next atomic.Int64
	s.workers(len(threads), func(w *worker) {
		for !s.over() {
			at := int(next.Add(1)) - 1
			if at >= len(threads) {
				return
			}
			thread := threads[at]
			pid, tid := thread[0].PID, thread[0].TID
			pin, err := s.root.Pin(pid)
			if err != nil {
				continue
			}
			w.hits = w.hits[:0]
			same := false
			for _, m := range thread {
				// One that is still there proves that the pid was not given
				// to another process.
				same = same || pin.Socket(tid, m.FD) == m.inode
				w.hits = append(w.hits, hit{m.inode, m.FD})
			}
			via := host.ViaFD
			if tid != pid {
				via = host.ViaThread
			}
			if same {
				w.report(pin, tid, via)
			}
			pin.Close()
		}
	})
}
