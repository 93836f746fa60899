package collect

import (
	"runtime"
	"slices"
	"time"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
)

const (
	// programPatience is how long a look at a program's files may take. A
	// program may lie on a file system that never answers.
	programPatience = 2 * time.Second
	// mostSuspects bounds the looks at one snapshot.
	mostSuspects = 64
	// mostAncestors bounds the way up from a process.
	mostAncestors = 64
)

// markInherited marks holders that most likely have a socket only because it
// was open when they were started. There are two signs, and each is enough:
// the process descends from another holder, runs a different program and does
// not wait for the socket; or nothing in its program could ever accept a
// connection.
func (r *reader) markInherited(sockets []host.Socket) {
	deadline := time.Now().Add(programPatience)
	suspects := 0
	activity := &activity{watched: make(map[int32]watched)}
	for i := range sockets {
		s := &sockets[i]
		if !s.Serves() || s.Inode == 0 {
			continue
		}
		for k := range s.Holders {
			h := &s.Holders[k]
			if h.Via != host.ViaFD || h.PID == 1 {
				continue
			}
			if suspects++; suspects > mostSuspects || r.ctx.Err() != nil {
				return
			}
			h.Inherited = r.inherited(s, *h, activity, deadline)
		}
	}
}

// activity remembers what was learnt about processes and their programs: one may
// have ten thousand sockets.
type activity struct {
	programs procfs.Programs
	watched  map[int32]watched
}

// watched is what the epolls of a process wait for.
type watched struct {
	inodes []uint64
	ring   bool
	err    error
}

func (a *activity) watchedBy(pin *procfs.Pin, pid int32) watched {
	w, known := a.watched[pid]
	if !known {
		w.inodes, w.ring, w.err = pin.Watched()
		a.watched[pid] = w
	}
	return w
}

func (r *reader) inherited(s *host.Socket, h host.Holder, activity *activity, deadline time.Time) bool {
	pin, err := r.root.Pin(h.PID)
	if err != nil {
		return false
	}
	if pin.Accepts(h.FD) {
		pin.Close()
		return false
	}
	if w := activity.watchedBy(pin, h.PID); w.err != nil || w.ring || slices.Contains(w.inodes, s.Inode) {
		pin.Close()
		return false
	}
	if r.stranger(s, h.PID) && pin.WaitsElsewhere() {
		pin.Close()
		return true
	}
	if s.State != host.StateListen {
		pin.Close()
		return false
	}
	// The answer may never come; then the look is left behind.
	answer := make(chan bool, 1)
	go func() {
		defer pin.Close()
		answer <- pin.CannotAccept(&activity.programs)
	}()
	// As a rule it is there before a timer, and all that the runtime starts for
	// the first one, is worth it.
	runtime.Gosched()
	select {
	case cannot := <-answer:
		return cannot
	default:
	}
	select {
	case cannot := <-answer:
		return cannot
	case <-time.After(time.Until(deadline)):
	case <-r.ctx.Done():
	}
	return false
}

// stranger reports whether the process descends from another holder of the
// socket and runs a different program. systemd passes sockets on purpose.
func (r *reader) stranger(s *host.Socket, pid int32) bool {
	self, ok := r.processes[pid]
	if !ok || self.Exe == "" {
		return false
	}
	at := self
	for range mostAncestors {
		parent, known := r.processes[at.PPID]
		var err error
		if !known {
			if parent, err = r.process(at.PPID); err == nil && parent.StartTicks <= at.StartTicks {
				r.processes[parent.PID] = parent // its ancestors are read with all others'
			}
		}
		if err != nil || parent.StartTicks > at.StartTicks || parent.PID <= 1 || parent.PPID == 1 && parent.Name == "systemd" {
			return false
		}
		for _, h := range s.Holders {
			if h.PID == parent.PID && parent.Exe != "" && parent.Exe != self.Exe {
				return true
			}
		}
		at = parent
	}
	return false
}
