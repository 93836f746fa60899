package collect

import (
	"cmp"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/collect/internal/sockdiag"
	"github.com/portwho/portwho/pkg/host"
)

// queue is a Unix socket in which descriptors wait.
type queue struct {
	inode    uint64
	holdings []procfs.Holding
	count    uint32
}

// everySocket returns the holders of every socket of the machine. It is as
// dear as the search for holders itself, and made once.
func (r *reader) everySocket() (*procfs.ScanResult, error) {
	if r.every == nil {
		all, err := r.root.Scan(r.ctx, procfs.Scan{Every: true, Own: r.caps.readsOnly()})
		if err != nil {
			return nil, err
		}
		r.every = all
	}
	return r.every, nil
}

// findInFlight looks for listed sockets that no process has open in the queues
// of Unix sockets, and adds the receivers to the holdings.
func (r *reader) findInFlight(records []sockdiag.Record, holdings map[uint64][]procfs.Holding) error {
	var unheld []uint64
	listed := make(map[uint64]bool, len(records))
	for i := range records {
		inode := records[i].Inode
		listed[inode] = true
		if inode != 0 && len(holdings[inode]) == 0 {
			unheld = append(unheld, inode)
		}
	}
	if len(unheld) == 0 || r.root == nil {
		return nil
	}
	queues, err := r.findQueues(listed)
	if err != nil {
		return err
	}
	// The second search may have met one that was received meanwhile.
	for _, inode := range unheld {
		for _, h := range r.every.Holdings[inode] {
			if r.confirm(h, inode) {
				holdings[inode] = append(holdings[inode], h)
			}
		}
	}
	unheld = slices.DeleteFunc(unheld, func(inode uint64) bool { return len(holdings[inode]) > 0 })
	var unseen []func()
	for _, q := range queues {
		receivers, seen, listening := r.lookInto(q, func(fd int) (uint64, bool) {
			inode, err := socketInode(fd)
			if err != nil || !slices.Contains(unheld, inode) {
				return 0, false
			}
			if o, err := optionsOf(fd); err == nil && r.cfg.ReuseBits {
				r.flying[inode] = o // no other descriptor tells them
			}
			return inode, true
		})
		for inode, holders := range receivers {
			holdings[inode] = addHoldings(holdings[inode], holders)
		}
		if seen < q.count {
			unseen = append(unseen, func() { r.noteQueue(q, q.count-seen, listening) })
		}
	}
	if slices.ContainsFunc(unheld, func(inode uint64) bool { return len(holdings[inode]) == 0 }) {
		for _, note := range unseen {
			note()
		}
	}
	return nil
}

// addHoldings adds those of processes that are not there yet.
func addHoldings(list, more []procfs.Holding) []procfs.Holding {
	for _, h := range more {
		if !slices.ContainsFunc(list, func(o procfs.Holding) bool { return o.PID == h.PID }) {
			list = append(list, h)
		}
	}
	slices.SortFunc(list, func(a, b procfs.Holding) int { return cmp.Compare(a.PID, b.PID) })
	return list
}

// willReceive reports whether the socket is in the queue of a Unix socket of
// the process.
func (r *reader) willReceive(pid int32, inode uint64) bool {
	for _, q := range r.queuesAmong(r.root.Sockets(r.ctx, pid), nil) {
		found, _, _ := r.lookInto(q, func(fd int) (uint64, bool) {
			got, err := socketInode(fd)
			return got, err == nil && got == inode
		})
		if len(found) > 0 {
			return true
		}
	}
	return false
}

// findQueues returns the Unix sockets of the machine that have descriptors in
// their queue. Sockets that are known to be of another kind are passed over.
func (r *reader) findQueues(others map[uint64]bool) ([]queue, error) {
	all, err := r.everySocket()
	if err != nil {
		return nil, err
	}
	queues := r.queuesAmong(all.Holdings, others)
	return queues, r.ctx.Err()
}

func (r *reader) queuesAmong(sockets map[uint64][]procfs.Holding, others map[uint64]bool) []queue {
	var queues []queue
	for inode, holdings := range sockets {
		if others[inode] || r.ctx.Err() != nil {
			continue
		}
		for _, h := range holdings {
			if count, ok := r.queued(h, inode); ok {
				if count > 0 {
					queues = append(queues, queue{inode, holdings, count})
				}
				break
			}
		}
	}
	slices.SortFunc(queues, func(a, b queue) int { return cmp.Compare(a.inode, b.inode) })
	return queues
}

// queued asks one holder of a socket how many descriptors wait in it. The
// second result is false when that holder has no answer.
func (r *reader) queued(h procfs.Holding, inode uint64) (uint32, bool) {
	if h.FD < 0 {
		return 0, false
	}
	pin, err := r.root.Pin(h.PID)
	if err != nil {
		return 0, false
	}
	defer pin.Close()
	text, err := pin.DescriptorInfo(h.TID, h.FD)
	if err != nil {
		return 0, false
	}
	count, _ := procfs.QueuedDescriptors(text)
	return count, count == 0 || pin.Socket(h.TID, h.FD) == inode
}

// lookInto has look decide about each descriptor at the head of the queue. The
// processes that may receive one become holders of the inode it returned. It
// also tells how many descriptors were seen, and whether the socket listens.
func (r *reader) lookInto(q queue, look func(fd int) (uint64, bool)) (found map[uint64][]procfs.Holding, seen uint32, listening bool) {
	if !r.root.OwnNamespace() {
		return nil, 0, false
	}
	for _, h := range q.holdings {
		if h.FD < 0 {
			continue
		}
		fd, err := copySocket(h, q.inode)
		if err != nil {
			continue
		}
		accepting, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		listening = accepting != 0
		var wanted []uint64
		seen, _ = peekDescriptors(fd, func(copied int) {
			if inode, ok := look(copied); ok {
				wanted = append(wanted, inode)
			}
		})
		unix.Close(fd)
		if len(wanted) == 0 {
			return nil, seen, listening
		}
		found = make(map[uint64][]procfs.Holding)
		for _, receiver := range q.holdings {
			if !r.confirm(receiver, q.inode) {
				continue
			}
			for _, inode := range wanted {
				found[inode] = append(found[inode], procfs.Holding{
					Holder: host.Holder{PID: receiver.PID, FD: -1, Via: host.ViaInFlight}, TID: receiver.PID,
				})
			}
		}
		return found, seen, listening
	}
	return nil, 0, listening
}

// confirm reads a process that was seen to hold a socket, and reports whether
// it still does.
func (r *reader) confirm(h procfs.Holding, inode uint64) bool {
	pin, err := r.root.Pin(h.PID)
	if err != nil {
		return false
	}
	defer pin.Close()
	if h.FD >= 0 && pin.Socket(h.TID, h.FD) != inode {
		return false
	}
	return r.found(pin)
}

// noteQueue keeps a queue that was not looked into as a candidate.
func (r *reader) noteQueue(q queue, unseen uint32, listening bool) {
	note := host.DescriptorQueue{PIDs: []int32{}, Descriptors: unseen, Listening: listening}
	for _, h := range q.holdings {
		if r.confirm(h, q.inode) {
			note.PIDs = append(note.PIDs, h.PID)
		}
	}
	if len(note.PIDs) > 0 {
		r.queues = append(r.queues, note)
	}
}
