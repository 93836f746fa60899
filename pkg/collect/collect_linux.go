package collect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/cgroupfs"
	"github.com/portwho/portwho/pkg/collect/internal/gops"
	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
)

const sourceProc = "/proc"

func collect(ctx context.Context, cfg Config, snapshot *host.Snapshot) error {
	r := &reader{ctx: withRoot(ctx, cfg), cfg: cfg, caps: effectiveCapabilities(), processes: make(map[int32]host.Process), flying: make(map[uint64]options)}
	r.boot, _ = procfs.BootTime(cfg.Now())
	var err error
	if r.root, err = procfs.Open(cfg.ProcRoot); err == nil {
		defer r.root.Close()
		defer r.closeTree()
	} else {
		r.gaps = append(r.gaps, procGap(err))
	}
	r.gaps = append(r.gaps, r.quickGaps()...)
	snapshot.Viewer = r.viewer()

	// The settings are small files and some netlink dumps. Where the kernel walks
	// all of its tables meanwhile, they are read beside that; else a second
	// thread costs more than it gains.
	var settings sync.WaitGroup
	var network host.Network
	var networkGaps []host.Gap
	readSettings := func() {
		network, networkGaps = readNetwork(ctx, cfg.ProcRoot)
		if !cfg.Scope.ListenersOnly || cfg.Quick && len(cfg.Scope.Ports) > 0 {
			network.Localhost = readLocalhost(cfg.EtcRoot)
		}
		if cfg.Redirects {
			var more []host.Gap
			network.Redirects, more = r.readRedirects()
			networkGaps = append(networkGaps, more...)
		}
	}
	settings.Go(readSettings)
	var served func()
	if !cfg.Quick && r.caps.readsOnly() != nil {
		served = r.searchAhead
	}
	list, err := enumerate(ctx, cfg, served)
	defer r.endSearch()
	if err != nil {
		settings.Wait()
		return err
	}
	defer list.close()
	r.gaps = append(r.gaps, list.gaps...)

	sockets, err := r.sockets(list)
	list.records = nil // a long table is the most there is to hold
	settings.Wait()
	if err != nil {
		return err
	}
	for i := range sockets {
		s := &sockets[i]
		s.Interface = network.InterfaceName(s.InterfaceIndex)
		if heldByKernel(s, &network) {
			s.HolderStatus = host.HoldersKernel
		}
	}
	r.gaps = append(r.gaps, networkGaps...)
	if cfg.OtherNamespaces {
		snapshot.Namespaces = r.otherNamespaces(sockets, network.Redirects)
	}
	if !cfg.Quick {
		r.addViewer(snapshot.Viewer.PID)
	}
	r.completeFamilies()

	snapshot.Source = list.source
	snapshot.Network = network
	snapshot.Sockets = sockets
	snapshot.Queues = r.queues
	for _, p := range r.processes {
		snapshot.Processes = append(snapshot.Processes, p)
	}
	snapshot.Gaps = append(snapshot.Gaps, r.gaps...)
	return ctx.Err()
}

// reader is one reading of the machine.
type reader struct {
	ctx  context.Context
	cfg  Config
	root *procfs.Root // nil when there is no procfs to read
	boot time.Time
	caps capabilities
	gaps []host.Gap

	// ahead is a scan that was begun before the sockets are known; nil for
	// none.
	ahead *ahead
	// every are the holders of every socket of the machine, once somebody
	// has asked; queues are those that nobody could look into.
	every *procfs.ScanResult
	// flying are the options of sockets that were found in flight.
	flying map[uint64]options
	queues []host.DescriptorQueue

	// tree is the hierarchy of cgroup v2, once somebody has asked. Treeless
	// says that somebody has.
	tree     *cgroupfs.Tree
	treeless bool

	mu        sync.Mutex
	processes map[int32]host.Process
}

func (r *reader) closeTree() {
	if r.tree != nil {
		_ = r.tree.Close()
	}
}

func withRoot(ctx context.Context, cfg Config) context.Context {
	return gops.WithRoot(ctx, cfg.ProcRoot)
}

// procGap says that processes cannot be read at all.
func procGap(err error) host.Gap {
	gap := host.Gap{Source: sourceProc, Subject: "every process", Reason: err.Error(), Hint: "mount procfs there", HoldersOnly: true}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		gap.Reason = "there is no such directory"
	case errors.Is(err, fs.ErrPermission):
		gap.Reason, gap.Hint = "permission denied", "run as root, for example with sudo"
	case errors.Is(err, procfs.ErrNotProcfs):
		gap.Reason = "procfs is not mounted there"
	}
	return gap
}

// pinned reads a process while it is pinned. Its last step proves that the
// process was alive all along.
func (r *reader) pinned(pin *procfs.Pin) (host.Process, error) {
	var p host.Process
	err := pin.Read(&p, r.boot)
	if err == nil {
		p.SessionLeaderGone = r.sessionLeaderGone(p.Session)
	}
	return p, err
}

// sessionLeaderGone asks by signal 0, which sends nothing and knows processes
// that procfs may hide. The pid of a session is not given away while a process
// is in it (free_pid in kernel/pid.c), so whoever has it is the leader.
func (r *reader) sessionLeaderGone(session int32) *bool {
	if session <= 0 || !r.root.OwnNamespace() {
		return nil
	}
	return new(errors.Is(unix.Kill(int(session), 0), unix.ESRCH))
}

// process reads the process with the pid.
func (r *reader) process(pid int32) (host.Process, error) {
	if err := r.ctx.Err(); err != nil {
		return host.Process{}, err
	}
	if r.root == nil {
		return host.Process{}, fs.ErrNotExist
	}
	pin, err := r.root.Pin(pid)
	if err != nil {
		return host.Process{}, err
	}
	defer pin.Close()
	return r.pinned(pin)
}

// found keeps a holder that the scan came upon. A process that has ended
// meanwhile holds nothing.
func (r *reader) found(pin *procfs.Pin) bool {
	p, err := r.pinned(pin)
	if err != nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.processes[p.PID] = p
	return true
}

// addViewer adds the viewer, which the causes that ask who started it need.
func (r *reader) addViewer(pid int32) {
	if _, ok := r.processes[pid]; !ok {
		if p, err := r.process(pid); err == nil {
			r.processes[pid] = p
		}
	}
}

// completeFamilies adds the ancestors of every process.
func (r *reader) completeFamilies() {
	pids := make([]int32, 0, len(r.processes))
	for pid := range r.processes {
		pids = append(pids, pid)
	}
	slices.Sort(pids)
	for _, pid := range pids {
		addAncestors(r.processes, r.processes[pid], r.process)
	}
}

// viewer tells with which identity the machine is read.
func (r *reader) viewer() host.Viewer {
	v := host.Viewer{PID: int32(os.Getpid()), UID: new(uint32(os.Geteuid()))}
	if r.root != nil {
		if self, err := r.root.Self(); err == nil {
			v.PID = self
		}
	}
	owns := r.ownsNetwork()
	v.BindsPrivileged = r.caps.has(unix.CAP_NET_BIND_SERVICE) && owns
	// A program that root starts from here gets at most what the bounding set
	// has (capabilities(7)).
	if bounded, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, unix.CAP_NET_BIND_SERVICE, 0, 0, 0); err == nil {
		v.RootBindsPrivileged = new(bounded == 1 && owns)
	}
	return v
}

// heldByKernel reports whether a socket that no process holds is that of a
// kernel object on its port. Such objects bind a wildcard and share it with
// nobody.
func heldByKernel(s *host.Socket, n *host.Network) bool {
	return s.HolderStatus == host.HoldersHidden && s.Serves() && s.Local.Addr().IsUnspecified() &&
		(s.UID == nil || *s.UID == 0) && n.KernelSocketOn(s.Protocol, s.Local.Port()) != nil
}

func readProcess(ctx context.Context, procRoot string, pid int32) (host.Process, error) {
	root, err := procfs.Open(procRoot)
	if err != nil {
		return host.Process{}, fmt.Errorf("read process %d: %w", pid, notProcess(err))
	}
	defer root.Close()
	r := &reader{ctx: gops.WithRoot(ctx, procRoot), root: root}
	r.boot, _ = procfs.BootTime(time.Now())
	return r.process(pid)
}

func holdsInode(procRoot string, pid int32, inode uint64) (bool, error) {
	root, err := procfs.Open(procRoot)
	if err != nil {
		return false, fmt.Errorf("read process %d: %w", pid, notProcess(err))
	}
	defer root.Close()
	ctx := context.Background()
	held, err := root.Holds(ctx, pid, inode)
	if held || err != nil {
		return held, err
	}
	r := &reader{ctx: ctx, root: root, processes: make(map[int32]host.Process)}
	return r.willReceive(pid, inode), nil
}

// notProcess keeps a missing /proc from looking like a process that has
// ended: nothing is known about it then.
func notProcess(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %v", procfs.ErrNotProcfs, err)
	}
	return err
}
