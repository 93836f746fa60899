package text

import (
	"net/netip"
	"strings"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// entry is a row of a list: a server on a port. A server that listens on both
// wildcards or on both loopback addresses with a socket each is one entry.
type entry struct {
	row
	number   uint16
	protocol port.Protocol
	info     report.PortInfo
	// second is the IPv6 half of such a pair; nil otherwise.
	second *report.Socket
}

// entriesOf are the rows of a list, in the order of the results.
func entriesOf(results []report.Result) []entry {
	var out []entry
	for _, r := range results {
		var seats []*report.Socket
		for _, s := range pointersTo(r.Sockets) {
			if !isConnection(s) {
				seats = append(seats, s)
			}
		}
		start := len(out)
		for _, row := range rowsOf(seats) {
			e := entry{row: row, number: r.Target.Port, protocol: r.Target.Protocol, info: r.Port}
			if !e.joins(out[start:]) {
				out = append(out, e)
			}
		}
	}
	return out
}

// joins makes the entry the second half of a pair if its first half is among
// the earlier ones.
func (e entry) joins(earlier []entry) bool {
	for i := range earlier {
		other := &earlier[i]
		if other.second == nil && len(other.sockets) == 1 && len(e.sockets) == 1 && isPair(other.first(), e.first()) {
			other.second = e.first()
			return true
		}
	}
	return false
}

// isPair reports whether two sockets differ in the family of their wildcard or
// loopback address only.
func isPair(a, b *report.Socket) bool {
	twin := *b
	twin.Local = a.Local
	twin.IPv6Only = a.IPv6Only
	if rowKey(a) != rowKey(&twin) || a.Group > 1 || b.Group > 1 {
		return false
	}
	v4, v6 := a.Local.Addr(), b.Local.Addr()
	return v4 == netip.IPv4Unspecified() && v6 == netip.IPv6Unspecified() && onlyIPv6(b) != "" ||
		v4 == netip.AddrFrom4([4]byte{127, 0, 0, 1}) && v6 == netip.IPv6Loopback()
}

// address writes where the entry listens. Beside 0.0.0.0 of the same server it
// goes without saying that :: is IPv6 only.
func (e entry) address() term.Text {
	text := bareAddress(e.first())
	if e.second != nil {
		text += ", " + device(e.second)
	}
	return term.Clean(text)
}

func (e entry) pid() (int32, bool) {
	if h := holdersOf(e.sockets); len(h) > 0 {
		return h[0].PID, true
	}
	return 0, false
}

func (e entry) process() (string, bool) {
	if h := holdersOf(e.sockets); len(h) > 0 {
		return strings.ToLower(h[0].Name), true
	}
	return "", false
}

func (e entry) user() (string, bool) {
	user := userCell(e.sockets).String()
	return user, user != ""
}

func (e entry) start() (time.Time, bool) { return startOf(e.sockets) }
