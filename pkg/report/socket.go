package report

import (
	"net/netip"
	"time"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// Socket is a socket with its holders named.
type Socket struct {
	ID       string         `json:"id"`
	Protocol port.Protocol  `json:"protocol"`
	Local    netip.AddrPort `json:"local"`
	// Remote is nil where there is no peer.
	Remote *netip.AddrPort `json:"remote"`
	State  host.State      `json:"state"`
	// IPv6Only is nil for IPv4 sockets and where unknown.
	IPv6Only *bool   `json:"ipv6_only"`
	UID      *uint32 `json:"uid"`
	// User is the name of UID; empty where unknown.
	User      string `json:"user"`
	Inode     uint64 `json:"inode"`
	Interface string `json:"interface"`
	Reach     Reach  `json:"reach"`
	MPTCP     bool   `json:"mptcp"`
	// ExpiresMS is how many milliseconds until the kernel frees the port by
	// itself; nil where it will not.
	ExpiresMS *uint32 `json:"expires_ms"`
	// Group is the number of sockets that share this address through
	// SO_REUSEPORT, itself included; 0 where it shares with none.
	Group        int               `json:"reuse_port_group"`
	Holders      []Holder          `json:"holders"`
	HolderStatus host.HolderStatus `json:"holder_status"`
	Managers     []host.Manager    `json:"managers"`
	// Chain is how the first holder came to be, outermost first: systemd, pm2,
	// node server.js. Empty where it is not known.
	Chain []string `json:"chain"`
}

// Reach is who can connect to a socket that serves.
type Reach string

// The reaches. A socket that does not serve has none.
const (
	ReachNone     Reach = ""
	ReachLoopback Reach = "loopback" // this machine only
	ReachLink     Reach = "link"     // through one address or interface
	ReachAll      Reach = "all"      // through every address
)

// Holder is a process that keeps a socket alive, with its facts.
type Holder struct {
	PID int32    `json:"pid"`
	Via host.Via `json:"via"`
	// StartTime is nil where unknown.
	StartTime *time.Time `json:"start_time"`
	Name      string     `json:"name"`
	Command   []string   `json:"command"`
	Exe       string     `json:"exe"`
	Cwd       string     `json:"cwd"`
	// Project is nil where there is none.
	Project *host.Project     `json:"project"`
	User    string            `json:"user"`
	State   host.ProcessState `json:"state"`
	// Inherited says that the process most likely got the socket from the
	// server that made it, and does not serve it.
	Inherited bool `json:"inherited"`
}
