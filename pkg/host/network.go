package host

import (
	"net/netip"

	"github.com/portwho/portwho/pkg/port"
)

// Network is what the machine's settings say about ports and addresses. Nil
// and empty mean unknown, never "none", unless a comment says otherwise.
type Network struct {
	// Ephemeral is the range connect() and bind(port 0) take ports from
	// (net.ipv4.ip_local_port_range on Linux).
	Ephemeral *port.Range `json:"ephemeral,omitempty"`
	// Reserved are ports kept out of that choice
	// (net.ipv4.ip_local_reserved_ports); empty means none.
	Reserved []port.Range `json:"reserved,omitempty"`
	// UnprivilegedStart is the first port an ordinary user may bind
	// (net.ipv4.ip_unprivileged_port_start; 1024 by custom elsewhere on Unix).
	UnprivilegedStart *uint16 `json:"unprivileged_start,omitempty"`
	// BindV6Only is net.ipv6.bindv6only: the default of IPV6_V6ONLY.
	BindV6Only *bool `json:"bind_v6_only,omitempty"`
	// NonlocalBindV4 and NonlocalBindV6 are the ip_nonlocal_bind settings.
	NonlocalBindV4 *bool `json:"nonlocal_bind_v4,omitempty"`
	NonlocalBindV6 *bool `json:"nonlocal_bind_v6,omitempty"`
	// IPv6 tells whether AF_INET6 sockets exist here at all.
	IPv6 *bool `json:"ipv6,omitempty"`
	// Addresses are the machine's own addresses with their prefix length.
	// Linux treats the whole loopback prefix, 127.0.0.0/8, as local.
	Addresses []InterfaceAddress `json:"addresses,omitempty"`
	// Interfaces are all of them, with or without an address.
	Interfaces []Interface `json:"interfaces,omitempty"`
	// LocalRoutes are the IPv4 prefixes a bind accepts because the local
	// routing table (ip route show table local) calls them local or
	// broadcast; empty where that was not read.
	LocalRoutes []netip.Prefix `json:"local_routes,omitempty"`
	// Localhost is what the name localhost stands for, in the order in which
	// getaddrinfo(3) gives it to a program; nil where unknown.
	Localhost []netip.Addr `json:"localhost,omitempty"`
	// Redirects are the rules of destination translation that may match a
	// port of the scope. Empty means none, unless a Gap says otherwise.
	Redirects []Redirect `json:"redirects,omitempty"`
	// KernelSockets are the kernel objects that keep a port of the scope.
	KernelSockets []KernelSocket `json:"kernel_sockets,omitempty"`
}

// Interface is a network interface.
type Interface struct {
	Name  string `json:"name"`
	Index uint32 `json:"index"`
	// VRF is the index of the VRF device it belongs to, itself included; 0
	// for none.
	VRF      uint32 `json:"vrf,omitempty"`
	Loopback bool   `json:"loopback,omitempty"`
}

// InterfaceAddress is one address of one interface.
type InterfaceAddress struct {
	Interface string       `json:"interface"`
	Index     uint32       `json:"index"`
	Prefix    netip.Prefix `json:"prefix"`
	Loopback  bool         `json:"loopback,omitempty"`
}
