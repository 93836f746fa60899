package text

import (
	"net/netip"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// bareAddress writes the address of a socket without its port, the way ss(8)
// does: IPv6 in brackets, the interface of SO_BINDTODEVICE after a percent
// sign, and v6only where a wildcard leaves IPv4 to others.
func bareAddress(s *report.Socket) string {
	return device(s) + onlyIPv6(s)
}

// address writes the address with the port.
func address(s *report.Socket) term.Text {
	return term.Cleanf("%s:%d%s", device(s), s.Local.Port(), onlyIPv6(s))
}

func device(s *report.Socket) string {
	text := literal(s.Local.Addr())
	if s.Interface != "" {
		text += "%" + s.Interface
	}
	return text
}

// literal writes an address the way it stands before a port.
func literal(a netip.Addr) string {
	if a.Is4() {
		return a.String()
	}
	return "[" + a.String() + "]"
}

func onlyIPv6(s *report.Socket) string {
	if s.IPv6Only != nil && *s.IPv6Only && s.Local.Addr().IsUnspecified() {
		return " v6only"
	}
	return ""
}
