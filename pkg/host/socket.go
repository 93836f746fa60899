package host

import (
	"net/netip"

	"github.com/portwho/portwho/pkg/port"
)

// State is what a socket is doing. The TCP states are those of
// include/net/tcp_states.h; StateBound and StateUnconnected are portwho's
// words for sockets that have a local port and no peer.
type State string

// The states.
const (
	StateListen      State = "listen"
	StateEstablished State = "established"
	StateSynSent     State = "syn_sent"
	StateSynReceived State = "syn_received"
	StateFinWait1    State = "fin_wait1"
	StateFinWait2    State = "fin_wait2"
	StateTimeWait    State = "time_wait"
	StateCloseWait   State = "close_wait"
	StateLastAck     State = "last_ack"
	StateClosing     State = "closing"
	// StateBound is a TCP socket that called bind and neither listen nor
	// connect.
	StateBound State = "bound"
	// StateUnconnected is a UDP socket that has a local port and takes
	// datagrams from anybody.
	StateUnconnected State = "unconnected"
)

// Socket is a kernel socket with a local port. Pointer fields are nil where
// the value is unknown, which is not the same as false or zero.
type Socket struct {
	// ID is unique within the snapshot and stable between two snapshots as
	// far as the system gives the means (the inode on Linux).
	ID       string        `json:"id"`
	Protocol port.Protocol `json:"protocol"`
	// Local is the bound address and port. An IPv4 address means an IPv4
	// socket; a v4-mapped address means an IPv6 socket bound to an IPv4
	// address.
	Local netip.AddrPort `json:"local"`
	// Remote is the peer; the zero AddrPort where there is none.
	Remote netip.AddrPort `json:"remote"`
	State  State          `json:"state"`
	// MPTCP says that the socket belongs to a Multipath TCP one.
	MPTCP bool `json:"mptcp,omitempty"`
	// V6Only is the effective IPV6_V6ONLY; nil for IPv4 sockets and where
	// unknown (the kernel tells it for listening and bound sockets only).
	V6Only *bool `json:"ipv6_only,omitempty"`
	// UID is the user that created the socket; nil where unknown, as for
	// TIME_WAIT.
	UID *uint32 `json:"uid,omitempty"`
	// Inode is the socket's number in sockfs; 0 where it has no descriptor:
	// TIME_WAIT, orphans and connections not yet accepted.
	Inode uint64 `json:"inode,omitempty"`
	// Cookie is the kernel's own number for the socket (SO_COOKIE). It is
	// never used twice while the machine is up; 0 where the source has none.
	Cookie uint64 `json:"cookie,omitempty"`
	// InterfaceIndex is the interface of SO_BINDTODEVICE; 0 for none.
	InterfaceIndex uint32 `json:"interface_index,omitempty"`
	// Interface is its name, where it could be looked up.
	Interface string `json:"interface,omitempty"`
	// ReceiveQueue and SendQueue are idiag_rqueue and idiag_wqueue: for a
	// listener the connections waiting to be accepted and the backlog, else
	// bytes. Both are 0 where the source does not tell.
	ReceiveQueue uint32 `json:"receive_queue,omitempty"`
	SendQueue    uint32 `json:"send_queue,omitempty"`
	// ExpiresMS is how many milliseconds a TIME_WAIT (or closed FIN_WAIT2)
	// socket still keeps the port; nil where it does not expire.
	ExpiresMS *uint32 `json:"expires_ms,omitempty"`
	// ListRank is the place of a UDP socket among those of its port and
	// address family in the kernel's list, which a bind is compared with in
	// that order: 1 is the first. 0 where it is unknown or does not matter.
	ListRank int `json:"list_rank,omitempty"`
	// ListPlace is the same among the sockets of both address families; 0
	// where it was not read.
	ListPlace int `json:"list_place,omitempty"`
	// CgroupID is the cgroup v2 the socket was created in; 0 where unknown.
	// It does not follow the process when that moves.
	CgroupID uint64 `json:"cgroup_id,omitempty"`
	// Cgroup is the path of CgroupID below the cgroup root.
	Cgroup string `json:"cgroup,omitempty"`
	// ReuseAddress and ReusePort are the socket's SO_REUSEADDR and
	// SO_REUSEPORT as they are now; nil where they were not or could not be
	// read.
	ReuseAddress *bool `json:"reuse_address,omitempty"`
	ReusePort    *bool `json:"reuse_port,omitempty"`

	// Holders are sorted by pid, then descriptor.
	Holders      []Holder     `json:"holders"`
	HolderStatus HolderStatus `json:"holder_status"`
	// Managers are what is in charge of the holders, nearest first.
	Managers []Manager `json:"managers,omitempty"`
}

// Serves reports whether the socket takes traffic from peers it was not
// connected to: a TCP listener or an unconnected UDP socket.
func (s *Socket) Serves() bool {
	return s.State == StateListen || s.State == StateUnconnected
}

// Holder is a process that keeps a socket alive.
type Holder struct {
	PID int32 `json:"pid"`
	// FD is the lowest descriptor that names the socket; -1 where unknown.
	FD  int32 `json:"fd"`
	Via Via   `json:"via"`
	// Inherited says that the process most likely got the socket from the
	// server that made it, and does not serve it: a child that outlived its
	// parent, a program started without closing what was open.
	Inherited bool `json:"inherited,omitempty"`
}

// Via is how a holder holds.
type Via string

// The ways to hold a socket.
const (
	// ViaNone is the way of a process that holds none of the sockets and is
	// told for another reason.
	ViaNone     Via = ""
	ViaFD       Via = "fd"        // an entry of /proc/PID/fd
	ViaThread   Via = "thread"    // an entry of /proc/PID/task/TID/fd only
	ViaInFlight Via = "in-flight" // sent to it over a Unix socket, not yet received
	ViaIOUring  Via = "io_uring"  // a registered file of an io_uring
	// ViaBacklog is the way of a connection that nobody has accepted: the
	// process holds the listener in whose queue it waits.
	ViaBacklog Via = "backlog"
)

// HolderStatus says how much is known about who holds a socket.
type HolderStatus string

// What can be known about the holders.
const (
	// HoldersKnown: every process was read, and these hold it.
	HoldersKnown HolderStatus = "known"
	// HoldersPartial: these hold it; processes that could not be read may
	// hold it too.
	HoldersPartial HolderStatus = "partial"
	// HoldersHidden: somebody holds it and could not be named.
	HoldersHidden HolderStatus = "hidden"
	// HoldersNone: no process holds it (TIME_WAIT, orphan).
	HoldersNone HolderStatus = "none"
	// HoldersKernel: the kernel itself holds it, proved by a matching kernel
	// object.
	HoldersKernel HolderStatus = "kernel"
)
