package host

import "net/netip"

// Namespace is another network namespace of this machine, as far as the ports
// of the scope go. Its sockets never meet a bind made here.
type Namespace struct {
	// ID is the inode number of the namespace, as readlink /proc/PID/ns/net
	// tells it.
	ID uint64 `json:"id"`
	// PIDs are the processes in it, at most a few, lowest first.
	PIDs []int32 `json:"pids"`
	// Addresses are its own addresses, loopback left out.
	Addresses []netip.Addr `json:"addresses,omitempty"`
	// Sockets are those that serve a port of the scope there, with their
	// holders. Their ids are not unique beside those of the snapshot.
	Sockets []Socket `json:"sockets"`
}
