// Package collect reads this machine into a [host.Snapshot]: the sockets, who
// holds them, what those processes are, and what the machine's settings say
// about ports. It is the only reader of the operating system; everything that
// reasons about a machine works on the snapshot.
//
// What cannot be read becomes a [host.Gap]. Collect returns an error only when
// there is no snapshot to speak of.
package collect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/portwho/portwho/pkg/collect/internal/manage"
	"github.com/portwho/portwho/pkg/host"
)

// Config says what to read and how.
type Config struct {
	// Scope limits the sockets. The zero Scope is everything.
	Scope host.Scope
	// Source forces an enumerator; empty takes the best there is.
	// host.SourcePortable asks gopsutil even on Linux, and
	// host.SourceSockDiag forbids to fall back on it.
	Source host.Source
	// ProcRoot is where procfs is mounted; empty means /proc. Its processes
	// must be those of this kernel.
	ProcRoot string
	// SysRoot is where sysfs is mounted; empty means /sys. Only Confine reads
	// it.
	SysRoot string
	// EtcRoot is where hosts(5) and gai.conf(5) are read; empty means /etc.
	EtcRoot string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// ReuseBits also reads SO_REUSEADDR and SO_REUSEPORT, which no table
	// shows, by asking for a copy of each holder's descriptor
	// (pidfd_getfd(2)) and closing it at once. It takes the right to trace
	// the holder; where that is missing the two stay nil. Listeners are left
	// out unless the scope names ports: only a few rules ask about theirs.
	ReuseBits bool
	// Redirects also reads the rules of the packet filter that send traffic
	// for the ports of the scope elsewhere. It takes CAP_NET_ADMIN; without
	// it there is a Gap.
	Redirects bool
	// OtherNamespaces also looks for servers in the other network namespaces
	// of this machine, where nobody serves a port of the scope here or a
	// container engine's forwarder does. It takes CAP_SYS_ADMIN; without it
	// there is a Gap.
	OtherNamespaces bool
	// Managers also asks those in charge about what cgroups and processes do
	// not tell: systemd, where a unit of it holds a port, what starts the unit
	// again and which socket units belong to it. It runs systemctl(1).
	Managers bool
	// Environ is the environment, as os.Environ gives it, in which Managers
	// finds programs and what they need to know. Without PATH nothing is run.
	Environ []string
	// Projects also reads the projects that holders work in where the scope
	// names no port; where it does they are always read.
	Projects bool

	// Quick ends the search for holders at the first one of each socket, and
	// looks first at the processes in the socket's cgroup. Every holder status
	// is host.HoldersPartial then, and Gaps say what was left out. It counts on
	// Linux only, where there is such a search.
	Quick bool

	// Engines says where container engines answer; nil asks none. They are
	// asked where a container is in charge of a socket, where one may be, or
	// where a rule of the packet filter leads to one, and cost at most a
	// second together. What goes wrong is a Gap.
	Engines *Engines

	// withoutPassers takes out processes that held a socket for a moment only
	// where the scope names no port too, and the socket has no other holder. A
	// Watch sets it: to others such a one that comes and goes in a listing is no
	// news.
	withoutPassers bool

	// withoutBound makes the kernel look like one before 6.8, which lists no
	// bound sockets. Tests set it.
	withoutBound bool
}

// ErrSource is wrapped when Config.Source names an enumerator that does not
// exist or does not work here.
var ErrSource = errors.New("socket source not available")

// Collect reads the machine. The error is that of the context, or wraps
// ErrSource when the source that was forced does not work.
func Collect(ctx context.Context, cfg Config) (*host.Snapshot, error) {
	if cfg.ProcRoot == "" {
		cfg.ProcRoot = "/proc"
	}
	if cfg.EtcRoot == "" {
		cfg.EtcRoot = "/etc"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	switch cfg.Source {
	case "", host.SourcePortable, host.SourceSockDiag:
	default:
		return nil, fmt.Errorf("collect from %q: %w", cfg.Source, ErrSource)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("collect: %w", err)
	}
	name, _ := os.Hostname()
	snapshot := &host.Snapshot{
		Schema:  host.SnapshotSchema,
		TakenAt: cfg.Now().UTC(),
		Host:    host.Info{Name: name, OS: runtime.GOOS, Kernel: kernelRelease()},
		Scope:   cfg.Scope,
		Gaps:    []host.Gap{},
	}
	if err := collect(ctx, cfg, snapshot); err != nil {
		return nil, fmt.Errorf("collect: %w", err)
	}
	arrange(snapshot)
	accounts := readAccounts(cfg.EtcRoot)
	snapshot.Users = accounts.userNames(snapshot)
	var known manage.Known
	if cfg.Managers {
		known = askSystemd(ctx, cfg, snapshot)
	}
	known.Tasks = readTasks(ctx, cfg.ProcRoot, snapshot)
	manage.Attach(snapshot, known)
	askEngines(ctx, cfg.Engines, snapshot)
	if len(cfg.Scope.Ports) > 0 && !cfg.Quick || cfg.Projects {
		readProjects(ctx, cfg.ProcRoot, accounts, snapshot)
	}
	return snapshot, nil
}
