package host

import (
	"net/netip"

	"github.com/portwho/portwho/pkg/port"
)

// Redirect is a rule of the packet filter that sends traffic for some ports
// elsewhere before any socket sees it (nft(8) redirect and dnat, iptables
// REDIRECT and DNAT).
type Redirect struct {
	// Family is 4 or 6, or 0 for both.
	Family int `json:"family,omitempty"`
	// Hook says whose traffic it takes: prerouting (what arrives from outside)
	// or output (what this machine sends).
	Hook Hook `json:"hook"`
	// Protocol is the one it matches; empty matches all.
	Protocol port.Protocol `json:"protocol,omitempty"`
	// Ports are the destination ports it matches; empty matches all.
	Ports []port.Range `json:"ports,omitempty"`
	// Destination are the addresses it matches; empty matches all. LocalOnly
	// says that it matches any address of this machine.
	Destination []netip.Prefix `json:"destination,omitempty"`
	LocalOnly   bool           `json:"local_only,omitempty"`
	// To is where the traffic goes. An address that is not valid is this
	// machine itself, port 0 keeps the number.
	To     netip.Addr `json:"to"`
	ToPort uint16     `json:"to_port,omitempty"`
	// Manager is the container that has the address; nil where none is known.
	Manager *Manager `json:"manager,omitempty"`
	// Conditional says that the rule has further conditions, which Rule
	// shows as far as they are understood.
	Conditional bool `json:"conditional,omitempty"`
	// Rule is the rule in words, and Table, Chain and Handle say where it
	// stands.
	Rule   string `json:"rule"`
	Table  string `json:"table"`
	Chain  string `json:"chain"`
	Handle uint64 `json:"handle,omitempty"`
}

// Hook is a place in the kernel where rules of translation run.
type Hook string

// The hooks of destination translation.
const (
	HookPrerouting Hook = "prerouting"
	HookOutput     Hook = "output"
)
