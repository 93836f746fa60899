package host

import (
	"net/netip"

	"github.com/portwho/portwho/pkg/port"
)

// BindBucket is what the kernel remembers about all the sockets bound to one
// port (struct inet_bind_bucket). A bind that finds its likes here is let
// through without being compared to the sockets one by one; see
// inet_csk_get_port and sk_reuseport_match in
// net/ipv4/inet_connection_sock.c. It tells what was true when sockets were
// bound, which their options of today need not be.
type BindBucket struct {
	Protocol port.Protocol `json:"protocol"`
	Port     uint16        `json:"port"`
	// VRF is the index of the VRF device (l3mdev) whose sockets these are; 0
	// for those of no VRF. Each VRF has buckets of its own.
	VRF uint32 `json:"vrf,omitempty"`
	// FastReuse is above 0 when every socket had SO_REUSEADDR and none
	// listened when it was bound, 0 when one did not, and below 0 when the
	// port was taken by connect().
	FastReuse int8 `json:"fast_reuse"`
	// FastReusePort says whether the next socket with SO_REUSEPORT and of the
	// user FastUID is let through: FastReusePortAny to any address,
	// FastReusePortStrict to addresses that meet FastAddress.
	FastReusePort int8 `json:"fast_reuse_port"`
	// FastUID, FastAddress and FastIPv6Only are the user, the address and the
	// IPV6_V6ONLY of the socket that set FastReusePort. They mean nothing,
	// and are zero, where it is not above 0. FastAddress is an IPv4 address
	// for a socket of AF_INET, a v4-mapped or an IPv6 one for AF_INET6.
	FastUID      uint32     `json:"fast_uid,omitempty"`
	FastAddress  netip.Addr `json:"fast_address"`
	FastIPv6Only bool       `json:"fast_ipv6_only,omitempty"`
}

// Values of BindBucket.FastReusePort (include/net/inet_hashtables.h).
const (
	// FastReusePortNone lets nobody through.
	FastReusePortNone int8 = 0
	// FastReusePortAny lets every address through: all the sockets have the
	// option and the user in common.
	FastReusePortAny int8 = 1
	// FastReusePortStrict lets through only what meets FastAddress: sockets of
	// another kind are on the port too.
	FastReusePortStrict int8 = 2
)
