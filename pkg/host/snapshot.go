package host

import "time"

// SnapshotSchema names the JSON form of a Snapshot. The number changes when a
// reader of the old form would misread the new one.
const SnapshotSchema = "portwho.snapshot/1"

// Snapshot is a machine as it was read at one moment. It holds what was asked
// for and what could be read; what could not be read is a Gap.
type Snapshot struct {
	Schema  string    `json:"schema"`
	TakenAt time.Time `json:"taken_at"`
	Host    Info      `json:"host"`
	Viewer  Viewer    `json:"viewer"`
	// Source says which enumerator listed the sockets.
	Source  Source  `json:"source"`
	Scope   Scope   `json:"scope"`
	Network Network `json:"network"`
	// Sockets are sorted by protocol, port, address and id.
	Sockets []Socket `json:"sockets"`
	// Processes are sorted by pid: every holder of a socket above, and its
	// ancestors.
	Processes []Process `json:"processes"`
	// Users names the uids that occur above, where a name is known.
	Users  map[uint32]string `json:"users,omitempty"`
	Probes []Probe           `json:"probes,omitempty"`
	// BindBuckets are the kernel's notes about TCP ports of the scope, as far
	// as they were asked for and could be read.
	BindBuckets []BindBucket `json:"bind_buckets,omitempty"`
	// Confinement is nil where nobody asked for it.
	Confinement *Confinement `json:"confinement,omitempty"`
	// Namespaces are the other network namespaces that serve a port of the
	// scope, as far as they were asked for and could be read.
	Namespaces []Namespace `json:"namespaces,omitempty"`
	// Queues are Unix sockets with descriptors on their way that could not be
	// looked at. They were sought only where a socket above has no holder.
	Queues []DescriptorQueue `json:"queues,omitempty"`
	Gaps   []Gap             `json:"gaps"`
}

// DescriptorQueue is the receive queue of a Unix socket in which descriptors
// wait that were sent to it (SCM_RIGHTS, unix(7)).
type DescriptorQueue struct {
	// PIDs are the processes that hold the receiving socket, in ascending
	// order. Any of them may receive.
	PIDs []int32 `json:"pids"`
	// Descriptors is how many wait there that nobody has seen.
	Descriptors uint32 `json:"descriptors"`
	// Listening says that they were sent to connections that nobody has
	// accepted, into which nobody can look.
	Listening bool `json:"listening,omitempty"`
}

// Info says which machine was read.
type Info struct {
	Name   string `json:"name"`
	OS     string `json:"os"`     // runtime.GOOS
	Kernel string `json:"kernel"` // release, as uname -r prints it
}

// Viewer is the identity the machine was read with. What is hidden depends on
// it.
type Viewer struct {
	PID int32 `json:"pid"`
	// UID is the effective user id; nil where the OS has none.
	UID *uint32 `json:"uid,omitempty"`
	// BindsPrivileged says whether the viewer may bind ports below
	// Network.UnprivilegedStart (CAP_NET_BIND_SERVICE on Linux).
	BindsPrivileged bool `json:"binds_privileged"`
	// RootBindsPrivileged says the same of a process of uid 0 that the viewer
	// could start here; nil where unknown, which on Linux means yes.
	RootBindsPrivileged *bool `json:"root_binds_privileged,omitempty"`
}

// Source is the enumerator that listed the sockets.
type Source string

// The enumerators.
const (
	SourceSockDiag Source = "sock_diag" // Linux netlink, see sock_diag(7)
	SourcePortable Source = "portable"  // gopsutil
)

// Process returns the process with the pid, or nil.
func (s *Snapshot) Process(pid int32) *Process {
	lo, hi := 0, len(s.Processes)
	for lo < hi {
		mid := (lo + hi) / 2
		if s.Processes[mid].PID < pid {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(s.Processes) && s.Processes[lo].PID == pid {
		return &s.Processes[lo]
	}
	return nil
}
