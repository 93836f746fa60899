package report

import (
	"time"

	"github.com/portwho/portwho/pkg/host"
)

// Action is a stop as data: what will be done to free one port, and what
// stands against it. Package stop carries it out.
type Action struct {
	Target Target `json:"target"`
	// Level is what is acted on: container, unit, supervisor, forwarder,
	// watcher, master, daemon or process, the outermost where several servers
	// have the port; empty when there is nothing to stop.
	Level string `json:"level"`
	// Commands are run first, in this order. A command that fails ends the
	// action.
	Commands []Command `json:"commands"`
	// Victims are the processes to signal, which Commands does not stop. Those
	// that lead others come first, then the others by pid.
	Victims []Victim `json:"victims"`
	// Blast is what else it touches.
	Blast Blast `json:"blast"`
	// Again says how to start what was stopped.
	Again []Remedy `json:"again"`
	// Refusals say why the action may not be carried out as it stands; empty
	// when it may.
	Refusals []Refusal `json:"refusals"`
	// Spared are processes that talk to the port and are left alone.
	Spared []Holder `json:"spared"`
	// Candidates are the binds that must succeed afterwards.
	Candidates []host.Candidate `json:"candidates"`
	// Only names the things that a person chose of all that have the port, in
	// the words of the planner; empty where the plan is about all of them.
	Only []string `json:"only,omitempty"`
	// Left are those that were not chosen and go on having the port, a phrase
	// each. Candidates then lack the binds they are in the way of; where they
	// are in the way of every bind, the plan cannot free the port.
	Left []string `json:"left,omitempty"`
}

// Command is a program to run in order to stop what is in charge.
type Command struct {
	// Argv is the program and its arguments. It is looked up on PATH.
	Argv []string `json:"argv"`
	// Why says in a sentence why it is the right thing.
	Why string `json:"why"`
	// Manager is what it stops.
	Manager host.Manager `json:"manager"`
	// Processes are the holders that it should end, for the check just before
	// it is run; empty where they could not be named.
	Processes []Victim `json:"processes"`
}

// Blast is what a stop touches beside the port.
type Blast struct {
	// Ports are other ports that what is stopped serves, such as
	// tcp/0.0.0.0:443, sorted by number.
	Ports []string `json:"ports"`
	// Children are processes that end with the victims, or go on without
	// them.
	Children []Holder `json:"children"`
	// Clients counts the open connections to the port.
	Clients int `json:"clients"`
	// Restart says what will bring the server back; empty where nothing is
	// known to.
	Restart string `json:"restart"`
}

// Victim is a process to stop, with everything that identifies it.
type Victim struct {
	Holder
	// Role says why it is stopped.
	Role       Role    `json:"role"`
	UID        *uint32 `json:"uid"`
	StartTicks uint64  `json:"start_ticks"`
	// Sockets are the ids of the sockets it holds on the target.
	Sockets []string `json:"sockets"`
	// Inodes are the same sockets by inode, for the check just before the
	// signal; empty where the system has none.
	Inodes []uint64 `json:"inodes"`
	// Cgroup is the path of its cgroup when it was read; empty where unknown.
	Cgroup string `json:"cgroup"`
}

// Role is why a process is stopped.
type Role string

// The roles.
const (
	RoleHolder Role = "holder" // it holds the port
	// RoleWatcher and RoleMaster are signalled first and get some time in
	// which they end the others themselves.
	RoleWatcher Role = "watcher" // it would start the server again
	RoleMaster  Role = "master"  // it holds the port and has workers
	RoleChild   Role = "child"   // it descends from a holder, see portwho kill --tree
)

// Leads reports whether such a process ends others when it is told to end.
func (r Role) Leads() bool { return r == RoleWatcher || r == RoleMaster }

// Refusal is a reason not to act.
type Refusal struct {
	// Reason is a closed word. Something is in charge and no command stops it
	// from here: container, unit, supervisor, traced (by a debugger). It would
	// hurt somebody: forwarder (a person's tunnel), clients (of a database).
	// The viewer may not, or cannot tell: other_user, needs_root, hidden,
	// unknown_identity, uncertain (whether it holds this very port). Nothing
	// may: init, self, ancestor (of the viewer), session (the viewer's own
	// login), kernel (a socket without a process), kernel_thread. Only
	// connections keep the port: outgoing_connection, connection (a server's
	// that listens no more). Nobody agreed: no_confirmation.
	Reason string `json:"reason"`
	// Summary says it in a sentence.
	Summary string `json:"summary"`
	PID     int32  `json:"pid,omitempty"`
	// Flag is the option that would allow it; empty where none does.
	Flag string `json:"flag"`
	// Command is the right thing to run instead; may be empty.
	Command []string `json:"command"`
}

// Outcome is what came of an Action.
type Outcome struct {
	Action Action `json:"action"`
	Result Result `json:"result"`
	Steps  []Step `json:"steps"`
	// Free says that every candidate bind succeeded at the end.
	Free   bool         `json:"free"`
	Probes []host.Probe `json:"probes"`
	// Error says why it failed; empty when the port is free.
	Error string `json:"error"`
}

// Step is one thing that was done or seen while stopping.
type Step struct {
	At time.Time `json:"at"`
	// Do is what was done or seen: command (one was run), signal, exited,
	// released (it lives on without the port), gone, changed (not what the
	// plan named), denied, timeout, free, retaken.
	Do     string `json:"do"`
	PID    int32  `json:"pid,omitempty"`
	Signal string `json:"signal,omitempty"`
	// Command is what was run.
	Command []string `json:"command,omitempty"`
	// Detail of a command that failed ends with what it wrote, as it wrote it.
	Detail string `json:"detail,omitempty"`
}
