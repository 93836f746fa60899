// Package systemd asks systemd about its units: what starts them again, which
// socket units hold their ports, where they listen. It runs systemctl(1),
// which speaks to the service manager in the way of its own version, and needs
// no privilege for questions.
package systemd

import (
	"net/netip"
	"slices"

	"github.com/portwho/portwho/pkg/port"
)

// Unit is what systemd tells about one unit (org.freedesktop.systemd1(5)).
// What it does not tell is empty.
type Unit struct {
	// ID is its name, Names are all its names, ID among them.
	ID    string
	Names []string
	// LoadState is loaded, not-found, masked; ActiveState is active, inactive,
	// failed, activating...
	LoadState   string
	ActiveState string
	// Restart and KillMode are as in systemd.service(5) and systemd.kill(5).
	Restart  string
	KillMode string
	// MainPID is a service's main process, in the reader's pid namespace; 0
	// for none.
	MainPID int32
	// TriggeredBy are the units that start it, Triggers those that it starts.
	TriggeredBy []string
	Triggers    []string
	// ControlGroup is the cgroup of its processes; empty while there are none.
	ControlGroup string
	// CannotStop says that systemd refuses to stop it on request.
	CannotStop bool
	// Transient says that it has no file: it is gone once it has stopped.
	Transient bool
	// Listen are a socket unit's addresses, as far as they are of the
	// internet; Accept says that it starts one service for each connection.
	Listen []Listen
	Accept bool
}

// Listen is one internet address that a socket unit listens on.
type Listen struct {
	Protocol port.Protocol
	Address  netip.AddrPort
}

// IsActive reports whether the unit runs, or is about to.
func (u *Unit) IsActive() bool {
	switch u.ActiveState {
	case "active", "activating", "reloading", "refreshing":
		return true
	}
	return false
}

// Facts are the units that a service manager told about.
type Facts struct{ units []Unit }

// Add adds units. A unit that is there already stays as it was told first.
func (f *Facts) Add(units ...Unit) {
	for _, u := range units {
		if !slices.ContainsFunc(f.units, func(have Unit) bool { return have.ID == u.ID }) {
			f.units = append(f.units, u)
		}
	}
}

// Unit returns the unit of that name, or nil. It may be asked of nil Facts.
func (f *Facts) Unit(name string) *Unit {
	if f == nil {
		return nil
	}
	for i := range f.units {
		if u := &f.units[i]; u.ID == name || slices.Contains(u.Names, name) {
			return u
		}
	}
	return nil
}

// Listening returns the active socket units that listen on the address.
func (f *Facts) Listening(protocol port.Protocol, local netip.AddrPort) []*Unit {
	if f == nil {
		return nil
	}
	var out []*Unit
	for i := range f.units {
		u := &f.units[i]
		if u.IsActive() && slices.ContainsFunc(u.Listen, func(l Listen) bool { return l.Protocol == protocol && sameAddress(l.Address, local) }) {
			out = append(out, u)
		}
	}
	return out
}

// sameAddress compares an address that a unit names with a socket's. A port
// alone is written as [::], and means 0.0.0.0 on a machine without IPv6.
func sameAddress(unit, socket netip.AddrPort) bool {
	if unit.Port() != socket.Port() {
		return false
	}
	a, b := unit.Addr().WithZone(""), socket.Addr().WithZone("")
	return a == b || a == netip.IPv6Unspecified() && b == netip.IPv4Unspecified()
}
