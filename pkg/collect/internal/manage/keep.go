package manage

import (
	"slices"
	"strings"
)

// keep says why units are not to be stopped for the sake of a port, whatever
// they hold; empty for those that may be.
func (v *view) keep(p place, units []string) string {
	for _, unit := range units {
		if v.isBelow(p, unit) {
			return "portwho itself was started from " + unescape(unit)
		}
		if what := machineNeeds(unit); what != "" {
			return "stopping it takes away " + what
		}
	}
	return ""
}

// isBelow reports whether portwho, or a process that it descends from, is in
// the unit. That may be the server of the ssh session that a person types in.
func (v *view) isBelow(p place, unit string) bool {
	for _, process := range v.lineage {
		at := v.place(process.Cgroup)
		if at.unit == "" || at.outside != p.outside || !sameOwner(at.owner, p.owner) {
			continue
		}
		if at.unit == unit {
			return true
		}
		// A socket unit with Accept=yes has a service for each connection.
		if name, ok := strings.CutSuffix(unit, ".socket"); ok && strings.HasPrefix(at.unit, name+"@") {
			return true
		}
	}
	return false
}

func sameOwner(a, b *uint32) bool { return a == b || a != nil && b != nil && *a == *b }

// machineNeeds says what a machine, or the session of a person, loses with a
// unit that much else hangs on; empty for ordinary services.
func machineNeeds(unit string) string {
	base, _, _ := strings.Cut(unit[:strings.LastIndexByte(unit, '.')], "@")
	needs := []struct {
		what  string
		units []string
	}{
		{"the bus that services talk over", []string{"dbus", "dbus-broker"}},
		{"what keeps people logged in", []string{"systemd-logind", "user", "user-runtime-dir", "polkit", "getty", "serial-getty", "console-getty", "container-getty", "autovt"}},
		{"the network", []string{"systemd-networkd", "NetworkManager", "networking", "wpa_supplicant", "dhcpcd", "ifup"}},
		{"what the machine runs on", []string{"systemd-journald", "systemd-udevd", "lvm2-lvmpolld", "iscsid", "multipathd"}},
		{"the desktop", []string{"gdm", "gdm3", "sddm", "lightdm", "display-manager", "xrdp-sesman"}},
	}
	for _, n := range needs {
		if slices.Contains(n.units, base) {
			return n.what
		}
	}
	return ""
}
