package port

import (
	"net/netip"
	"strings"
)

// Target is what a person asked about: ports, and optionally a protocol and
// an address.
type Target struct {
	// Text is the target as it was written, without surrounding blanks. A URL
	// loses what may be secret in it: the password, the query and the
	// fragment.
	Text string
	// Protocol is empty when none was named.
	Protocol Protocol
	// Host is the address as written: empty, an address, "localhost" or a
	// name below localhost.
	Host string
	// Addresses are the addresses that Host stands for: none, one, or
	// 127.0.0.1 and ::1 for localhost.
	Addresses []netip.Addr
	// Ports holds one port or a range; never port 0.
	Ports Range
}

// String writes the target in its canonical form, which ParseTarget reads
// back as the same target: udp/[::1]:53, localhost:3000, 8000-8010.
func (t Target) String() string {
	var b strings.Builder
	if t.Protocol != "" {
		b.WriteString(string(t.Protocol))
		b.WriteByte('/')
	}
	switch {
	case isLocalhost(t.Host):
		b.WriteString(strings.ToLower(strings.TrimSuffix(t.Host, ".")))
		b.WriteByte(':')
	case len(t.Addresses) == 1 && t.Addresses[0].Is4():
		b.WriteString(t.Addresses[0].String())
		b.WriteByte(':')
	case len(t.Addresses) == 1:
		b.WriteByte('[')
		b.WriteString(t.Addresses[0].String())
		b.WriteString("]:")
	}
	b.WriteString(t.Ports.String())
	return b.String()
}
