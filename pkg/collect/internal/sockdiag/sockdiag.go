// Package sockdiag lists the sockets of a Linux network namespace through
// NETLINK_SOCK_DIAG (sock_diag(7), include/uapi/linux/inet_diag.h).
//
// Building requests and reading answers is plain work on bytes and compiles
// everywhere; only the conversation with the kernel needs Linux.
package sockdiag

import (
	"errors"
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// Record is a socket as one dump row told it. Holders, HolderStatus, ID and
// names are left for others to fill.
type Record struct {
	host.Socket
}

// Query says which sockets to dump.
type Query struct {
	Family   Family
	Protocol port.Protocol
	// Ports are the local ports; empty means all.
	Ports []port.Range
	// ListenersOnly asks for TCP listeners and unconnected UDP sockets.
	ListenersOnly bool
	// WithoutBound leaves out bound sockets that do not listen, as every
	// kernel before 6.8 does.
	WithoutBound bool
}

// Family is an address family by its Linux number. The kernel shows v4-mapped
// addresses under IPv6.
type Family byte

// The families.
const (
	IPv4 Family = 2
	IPv6 Family = 10
	// Both is for TCP alone. The kernel walks its tables once instead of
	// twice, which counts where there are many connections.
	Both Family = 0
)

func (f Family) String() string {
	switch f {
	case IPv4:
		return "ipv4"
	case IPv6:
		return "ipv6"
	}
	return "ipv4 and ipv6"
}

// protocolNumber returns the IPPROTO_ number.
func protocolNumber(p port.Protocol) (byte, error) {
	switch p {
	case port.TCP:
		return 6, nil
	case port.UDP:
		return 17, nil
	case port.UDPLite:
		return 136, nil
	}
	return 0, fmt.Errorf("sock_diag: unknown protocol %q", p)
}

// ErrInterrupted says that the table changed under a dump each time it was
// tried (NLM_F_DUMP_INTR). The records that came with it are true, and others
// may be missing.
var ErrInterrupted = errors.New("the socket table kept changing during the dump")

// ErrMalformed is wrapped when the kernel's answer could not be understood.
var ErrMalformed = errors.New("malformed netlink answer")
