package port

import "net/netip"

// Target is what a person asked about: ports, and optionally a protocol and
// an address.
type Target struct {
	// Text is the target as it was written.
	Text string
	// Protocol is empty when none was named.
	Protocol Protocol
	// Host is the address as written: empty, an address, or "localhost".
	Host string
	// Addresses are the addresses that Host stands for: none, one, or
	// 127.0.0.1 and ::1 for localhost.
	Addresses []netip.Addr
	// Ports holds one port or a range; never port 0.
	Ports Range
}
