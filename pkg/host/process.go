package host

import "time"

// Process is a process as it was when the snapshot was taken. Empty strings
// and nil pointers mean unknown.
type Process struct {
	PID  int32 `json:"pid"`
	PPID int32 `json:"ppid"`
	// StartTime has the precision of the system's clock tick (10 ms on
	// Linux).
	StartTime time.Time `json:"start_time"`
	// StartTicks identifies the process together with its pid: field 22 of
	// /proc/PID/stat on Linux, milliseconds since 1970 elsewhere; 0 unknown.
	StartTicks uint64 `json:"start_ticks"`
	// Name is the short name the kernel knows, which the process may set to
	// any bytes it likes.
	Name    string   `json:"name"`
	Command []string `json:"command"`
	Exe     string   `json:"exe,omitempty"`
	Cwd     string   `json:"cwd,omitempty"`
	// Project is the source code it works in; nil where it was not read or
	// there is none.
	Project *Project `json:"project,omitempty"`
	// UID is the effective user id.
	UID   *uint32      `json:"uid,omitempty"`
	State ProcessState `json:"state,omitempty"`
	// Session and ProcessGroup are as getsid(2) and getpgid(2) tell; 0 unknown.
	Session      int32 `json:"session,omitempty"`
	ProcessGroup int32 `json:"process_group,omitempty"`
	// SessionLeaderGone says that the process that began the session, such as
	// the shell of a terminal, has ended; nil where unknown.
	SessionLeaderGone *bool `json:"session_leader_gone,omitempty"`
	// TTY is the controlling terminal, such as pts/3; empty for none.
	TTY string `json:"tty,omitempty"`
	// Cgroup is the path of the process's cgroup.
	Cgroup string `json:"cgroup,omitempty"`
	// KernelThread is set for threads of the kernel, which no signal ends.
	KernelThread bool `json:"kernel_thread,omitempty"`
}

// ProcessState is what a process is doing, as far as it matters for a port.
type ProcessState string

// The states portwho tells apart.
const (
	ProcessRunning ProcessState = "running" // running or sleeping
	ProcessStopped ProcessState = "stopped" // by SIGSTOP or Ctrl-Z
	ProcessTraced  ProcessState = "traced"  // by a debugger
	ProcessZombie  ProcessState = "zombie"  // the leader has exited
	ProcessBlocked ProcessState = "blocked" // uninterruptible
)
