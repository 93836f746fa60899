package host

import (
	"net/netip"

	"github.com/portwho/portwho/pkg/port"
)

// Candidate is a bind to be judged: an exact address and port with the
// options a program would set.
type Candidate struct {
	Protocol port.Protocol  `json:"protocol"`
	Local    netip.AddrPort `json:"local"`
	Options  BindOptions    `json:"options"`
}

// BindOptions are the socket options and the identity of a candidate.
type BindOptions struct {
	ReuseAddress bool `json:"reuse_address"`
	ReusePort    bool `json:"reuse_port"`
	// IPv6Only is meant for IPv6 candidates; a specific IPv6 address is
	// always IPv6 only.
	IPv6Only bool `json:"ipv6_only"`
	// UID is the user who binds; nil is the viewer.
	UID *uint32 `json:"uid,omitempty"`
	// Interface is the name given to SO_BINDTODEVICE; empty for none.
	Interface string `json:"interface,omitempty"`
}

// Errno is the kernel's answer to a bind, by its symbolic name.
type Errno string

// The answers portwho tells apart. A probe may report others under their own
// name.
const (
	OK            Errno = ""
	EADDRINUSE    Errno = "EADDRINUSE"
	EACCES        Errno = "EACCES"
	EPERM         Errno = "EPERM"
	EADDRNOTAVAIL Errno = "EADDRNOTAVAIL"
	EAFNOSUPPORT  Errno = "EAFNOSUPPORT"
	EINVAL        Errno = "EINVAL"
	ENODEV        Errno = "ENODEV"
	// ErrnoUnknown means that the answer could not be told. It is never
	// "free".
	ErrnoUnknown Errno = "UNKNOWN"
)

// Probe is what the kernel answered when a candidate was really tried.
type Probe struct {
	Candidate Candidate `json:"candidate"`
	// Errno is OK when the bind succeeded (the socket was closed again).
	Errno Errno `json:"errno"`
	// Call is the system call that failed: socket, setsockopt, bind or
	// listen; empty on success.
	Call string `json:"call,omitempty"`
	// Reason says why the probe could not be made, when Errno is
	// ErrnoUnknown.
	Reason string `json:"reason,omitempty"`
}
