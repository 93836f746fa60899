package procfs

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/dirent"
	"github.com/portwho/portwho/pkg/host"
)

// Holding is a process that holds a socket.
type Holding struct {
	host.Holder
	// TID is the thread whose table has the descriptor; it differs from PID
	// for host.ViaThread only.
	TID int32
}

// Scan looks for the holders of sockets.
type Scan struct {
	// Inodes are the sockets to look for.
	Inodes []uint64
	// Every asks for the holders of every socket there is. Inodes are of no
	// account then.
	Every bool
	// Likely are processes to look at before all others.
	Likely []int32
	// Own is the user whose processes are all that the caller may read, going
	// by its capabilities. The open files of others are not even tried then,
	// and count as unreadable. Nil tries every process.
	Own *uint32
	// First ends the scan as soon as each socket has a holder. There may be
	// more then.
	First bool
	// Everywhere tells the descriptors of sockets of all processes at once,
	// those whose inode is neither below the first nor above the last. It is
	// used where reading them one by one would take long; nil where there is
	// no such way. After an error they are read one by one all the same.
	Everywhere func(first, last uint64, visit func(Holding, uint64)) error
	// Late returns Inodes once every process has been read, so that a scan may
	// run while the sockets are being listed. Nil takes Inodes. What it names
	// and nobody was found to hold may have been opened since, and is not looked
	// for further.
	Late func() []uint64
	// Found is called once for every process that holds one of them, from
	// several goroutines, while the process is pinned. When it returns false
	// the process is not reported. Nil reports all.
	Found func(*Pin) bool
}

// ScanResult is what a scan saw.
type ScanResult struct {
	// Holdings are the holders of each inode, sorted by pid, one for each
	// process.
	Holdings map[uint64][]Holding
	// Unreadable counts the processes whose open files could not be read, and
	// UnreadableUIDs are the users they run as, sorted. Threads of the kernel
	// and dead processes hold nothing and do not count.
	Unreadable     int
	UnreadableUIDs []uint32
	// Curtailed says that the search through threads was given up.
	Curtailed bool
}

// maxWorkers is the number of goroutines of a scan. The kernel's time is what
// counts; measured on two cores, two halve it and four gain nothing more.
const maxWorkers = 2

// Scan reads the open files of every process. A process that comes or goes
// meanwhile is no error. The error is that of the context, or of listing the
// processes.
func (r *Root) Scan(ctx context.Context, scan Scan) (*ScanResult, error) {
	s := &scanner{root: r, ctx: ctx, found: scan.Found, verdicts: make(map[int32]bool)}
	s.wanted = newInodeSet(scan.Inodes)
	s.every, s.own = scan.Every, scan.Own
	if scan.First {
		s.lacking = make(map[uint64]bool, len(scan.Inodes))
		for _, inode := range scan.Inodes {
			s.lacking[inode] = true
		}
	}
	s.each(scan.Likely, (*worker).process)
	if s.over() {
		return s.result(), ctx.Err()
	}
	pids, err := r.PIDs()
	if err != nil {
		return nil, err
	}
	s.everywhere = scan.Everywhere
	s.much.Store(s.everywhere != nil && len(scan.Inodes) >= someLinks)
	if scan.Late != nil {
		err := s.late(pids, scan.Late)
		return s.result(), err
	}
	left := s.each(without(slices.Clone(pids), scan.Likely), (*worker).process)
	if s.everywhere != nil && len(left) > 0 && !s.over() && s.searchEverywhere(scan.Inodes) != nil {
		left = s.finish(left)
	}

	if missing := s.missing(scan.Inodes); (scan.Every || len(missing) > 0) && !s.over() {
		s.wanted = newInodeSet(missing)
		s.finish(left)
		if err := s.searchFurther(pids); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.result(), nil
}

// scanner is one scan with what its workers share.
type scanner struct {
	root   *Root
	ctx    context.Context
	found  func(*Pin) bool
	wanted inodeSet
	every  bool
	own    *uint32
	// budget is what is left for the search through threads.
	budget atomic.Int64
	// everywhere is Scan.Everywhere while it may be used. Much says that it
	// should be, after so many links and processes were read.
	everywhere      func(first, last uint64, visit func(Holding, uint64)) error
	links, finished atomic.Int64
	much            atomic.Bool
	// done says that a scan for the first holders has found them.
	done atomic.Bool

	mu       sync.Mutex
	verdicts map[int32]bool // what found said of a process
	matches  []Holding
	inodes   []uint64 // of the matches, by index
	rings    []ring
	denied   map[int32]uint32 // pid to uid
	// lacking are the sockets without a holder; nil unless the scan is for the
	// first ones.
	lacking map[uint64]bool
	// unfinished are processes that were given up when there was much to read.
	unfinished []int32
}

// over reports whether there is nothing left to look for.
func (s *scanner) over() bool { return s.done.Load() || s.ctx.Err() != nil }

// without takes the others out of the pids.
func without(pids, others []int32) []int32 {
	if len(others) == 0 {
		return pids
	}
	slices.Sort(others)
	return slices.DeleteFunc(pids, func(pid int32) bool {
		_, found := slices.BinarySearch(others, pid)
		return found
	})
}

// worker is one goroutine of a scan with its buffers.
type worker struct {
	*scanner
	dirents []byte
	link    [64]byte // longer targets are neither sockets nor rings
	path    [32]byte
	hits    []hit
}

// hit is a descriptor that names a wanted socket.
type hit struct {
	inode uint64
	fd    int32
}

// few is a number of processes for which a second worker is not worth its
// thread.
const few = 32

// each lets the workers do a job for every process, and returns those that
// were not looked at because the scan is over or there is much to read.
func (s *scanner) each(pids []int32, job func(*worker, int32)) []int32 {
	var next atomic.Int64
	s.workers(len(pids), func(w *worker) {
		for !s.over() && !s.much.Load() {
			at := int(next.Add(1)) - 1
			if at >= len(pids) {
				return
			}
			job(w, pids[at])
			s.weigh(len(pids) - at)
		}
	})
	left := append(s.unfinished, pids[min(int(next.Load()), len(pids)):]...)
	s.unfinished = nil
	return left
}

// workers runs as many workers as so many processes are worth.
func (s *scanner) workers(processes int, work func(*worker)) {
	if processes == 0 {
		return
	}
	start := func() { work(&worker{scanner: s, dirents: make([]byte, dirent.Size)}) }
	if processes <= few {
		start()
		return
	}
	var wait sync.WaitGroup
	for range min(maxWorkers, runtime.GOMAXPROCS(0)) - 1 {
		wait.Go(start)
	}
	start()
	wait.Wait()
}

// process reads the descriptors of one process, and of its threads when the
// leader has none to show: once the leader has exited, only the threads that
// live on know the table.
func (w *worker) process(pid int32) {
	if w.own != nil {
		if uid, err := w.owner(pid); err == nil && uid != *w.own {
			w.denyOf(pid, uid)
			return
		}
	}
	fd, err := openDirAt(w.root.fd, appendPID(w.path[:0], pid, "/fd"))
	switch {
	case err == nil:
	case vanished(err):
		return
	case w.leaderDead(pid):
		// The files of a dead leader belong to root, whoever it was; those of
		// its threads still belong to the user.
		w.threads(pid, true)
		return
	default:
		w.deny(pid)
		return
	}
	defer unix.Close(fd)
	count, err := w.table(fd, pid)
	switch {
	case errors.Is(err, errMuch):
		w.giveUp(pid)
	case err != nil && !vanished(err):
		w.deny(pid)
	case len(w.hits) > 0:
		w.reportAbove(fd, pid, pid, host.ViaFD)
	case count == 0 && w.threadCount(pid) > 1:
		w.threads(pid, true)
	}
}

// leaderDead reports whether the leader of a process has exited while threads
// of it live on.
func (w *worker) leaderDead(pid int32) bool {
	if w.threadCount(pid) <= 1 {
		return false
	}
	path := appendPID(w.path[:0], pid, "/stat")
	text, err := readPiece(w.root.fd, string(path[:len(path)-1]))
	if err != nil {
		return false
	}
	stat, err := ParseStat(text)
	return err == nil && stat.State == 'Z'
}

// table reads every link of an open fd directory into w.hits, and returns how
// many there are.
func (w *worker) table(fd int, pid int32) (count int, err error) {
	w.hits = w.hits[:0]
	var failure error
	err = dirent.Each(fd, w.dirents, func(e dirent.Entry) bool {
		if count++; count%256 == 0 && w.tooMuch(256) {
			failure = errMuch
			return false
		}
		n, err := readLinkAt(fd, &e.Name[0], w.link[:])
		if err != nil {
			if vanished(err) {
				return true // closed meanwhile
			}
			failure = err // the same for every link of the process
			return false
		}
		target := w.link[:n]
		if inode, ok := SocketInode(target); ok {
			if w.wants(inode) {
				if number, ok := parseDigits(e.Name); ok {
					w.hits = append(w.hits, hit{inode, int32(number)})
				}
			}
		} else if isIOUring(target) {
			if number, ok := parseDigits(e.Name); ok {
				w.noteRing(pid, int32(number))
			}
		}
		return true
	})
	if err == nil {
		err = failure
	}
	w.links.Add(int64(count % 256))
	return count, err
}

func (s *scanner) wants(inode uint64) bool { return s.every || s.wanted.has(inode) }

// owner returns the effective user of a process. That of the directory itself
// is it, even for a process that may not be dumped (task_dump_owner in
// fs/proc/base.c).
func (w *worker) owner(pid int32) (uint32, error) {
	var info unix.Stat_t
	path := appendPID(w.path[:0], pid, "")
	err := unix.Fstatat(w.root.fd, string(path[:len(path)-1]), &info, 0)
	return info.Uid, err
}

// deny notes a process whose open files may not be read, unless it cannot
// have any.
func (w *worker) deny(pid int32) {
	uid, err := w.owner(pid)
	if err == nil {
		w.denyOf(pid, uid)
	} else if !vanished(err) {
		w.note(pid, 0)
	}
}

// denyOf is deny for a process of a known user.
func (w *worker) denyOf(pid int32, uid uint32) {
	if uid == 0 {
		// Threads of the kernel are all of root and many, so a look is worth
		// it there.
		path := appendPID(w.path[:0], pid, "/stat")
		if text, err := readPiece(w.root.fd, string(path[:len(path)-1])); err == nil {
			if stat, err := ParseStat(text); err == nil && (stat.KernelThread() || stat.Dead()) {
				return
			}
		}
	}
	w.note(pid, uid)
}

func (w *worker) note(pid int32, uid uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.scanner.denied == nil {
		w.scanner.denied = make(map[int32]uint32)
	}
	w.scanner.denied[pid] = uid
}
