package lease

import (
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// rules are the machine's settings that decide which ports can be handed out.
type rules struct {
	ephemeral    port.Range
	reserved     []port.Range
	unprivileged uint16
}

// rulesOf takes the widest usual range where the settings do not tell.
func rulesOf(n host.Network) rules {
	r := rules{ephemeral: port.Range{First: 32768, Last: 65535}, reserved: n.Reserved, unprivileged: 1024}
	if n.Ephemeral != nil {
		r.ephemeral = *n.Ephemeral
	}
	if n.UnprivilegedStart != nil {
		// Below 1024 are system services, whoever may bind them.
		r.unprivileged = max(r.unprivileged, *n.UnprivilegedStart)
	}
	return r
}

// usable reports whether a port may be handed out, the ephemeral range aside.
func (r rules) usable(number uint16) bool {
	return number >= r.unprivileged && !port.BrowserBlocked(number) &&
		!slices.ContainsFunc(r.reserved, func(taken port.Range) bool { return taken.Contains(number) })
}

// outside reports whether the range has a usable port outside the ephemeral
// range.
func (r rules) outside(in port.Range) bool {
	for n := int(in.First); n <= int(in.Last); n++ {
		if number := uint16(n); r.usable(number) && !r.ephemeral.Contains(number) {
			return true
		}
	}
	return false
}
