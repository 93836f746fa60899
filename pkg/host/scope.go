package host

import "github.com/portwho/portwho/pkg/port"

// Scope is what a snapshot was asked to hold. Silence about anything outside
// the scope means nothing.
type Scope struct {
	// Ports limits the sockets to these local ports; empty means all.
	Ports []port.Range `json:"ports,omitempty"`
	// Protocols limits the sockets; empty means all.
	Protocols []port.Protocol `json:"protocols,omitempty"`
	// ListenersOnly leaves out connections, TIME_WAIT and bound sockets that
	// do not listen. A verdict needs them; a listing does not.
	ListenersOnly bool `json:"listeners_only,omitempty"`
}

// CoversPort reports whether sockets on the port would be in the snapshot.
func (s Scope) CoversPort(number uint16) bool {
	if len(s.Ports) == 0 {
		return true
	}
	for _, r := range s.Ports {
		if r.Contains(number) {
			return true
		}
	}
	return false
}

// CoversProtocol reports whether sockets of the protocol would be in the
// snapshot.
func (s Scope) CoversProtocol(protocol port.Protocol) bool {
	if len(s.Protocols) == 0 {
		return true
	}
	for _, p := range s.Protocols {
		if p == protocol {
			return true
		}
	}
	return false
}
