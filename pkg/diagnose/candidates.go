package diagnose

import (
	"net/netip"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// BindDefaults are the options a candidate gets. A nil field means what a
// typical server does on the snapshot's system: SO_REUSEADDR for TCP on Unix,
// nothing else.
type BindDefaults struct {
	ReuseAddress *bool
	ReusePort    *bool
	IPv6Only     *bool
	UID          *uint32
	Interface    string
}

// candidates returns the binds that a target stands for on one port: its own
// addresses, or the four usual ones.
func candidates(os string, protocol port.Protocol, t port.Target, number uint16, d BindDefaults) []host.Candidate {
	addresses := t.Addresses
	if len(addresses) == 0 {
		addresses = usualAddresses()
	}
	out := make([]host.Candidate, 0, len(addresses))
	for _, a := range addresses {
		out = append(out, host.Candidate{
			Protocol: protocol,
			Local:    netip.AddrPortFrom(a, number),
			Options:  d.options(os, protocol),
		})
	}
	return out
}

func (d BindDefaults) options(os string, protocol port.Protocol) host.BindOptions {
	opts := host.BindOptions{
		ReuseAddress: protocol == port.TCP && os != "windows",
		UID:          d.UID,
		Interface:    d.Interface,
	}
	if d.ReuseAddress != nil {
		opts.ReuseAddress = *d.ReuseAddress
	}
	if d.ReusePort != nil {
		opts.ReusePort = *d.ReusePort
	}
	if d.IPv6Only != nil {
		opts.IPv6Only = *d.IPv6Only
	}
	return opts
}
