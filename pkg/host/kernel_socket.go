package host

import "github.com/portwho/portwho/pkg/port"

// KernelSocket is a kernel object that keeps a port without any process: a
// VXLAN device, a WireGuard device, the NFS server.
type KernelSocket struct {
	// Kind is what it is: vxlan, geneve, wireguard, nfsd…
	Kind string `json:"kind"`
	// Name is the interface, or what else a person calls it.
	Name     string        `json:"name"`
	Protocol port.Protocol `json:"protocol"`
	Port     uint16        `json:"port"`
}
