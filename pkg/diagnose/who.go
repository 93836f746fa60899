package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

// who names the holders of sockets in a phrase: "nginx (pids 812, 813)". It
// also tells whether the phrase is plural.
func who(snap *host.Snapshot, sockets ...*host.Socket) (phrase string, plural bool) {
	type group struct {
		name string
		pids []int32
	}
	var groups []group
	hidden := map[string]bool{}
	for _, s := range sockets {
		if len(s.Holders) == 0 {
			hidden[hiddenHolder(snap, s)] = true
		}
		for _, h := range s.Holders {
			name := processName(snap, h.PID)
			i := slices.IndexFunc(groups, func(g group) bool { return g.name == name })
			if i < 0 {
				groups = append(groups, group{name: name})
				i = len(groups) - 1
			}
			if !slices.Contains(groups[i].pids, h.PID) {
				groups[i].pids = append(groups[i].pids, h.PID)
			}
		}
	}
	var parts []string
	total := 0
	for _, g := range groups {
		slices.Sort(g.pids)
		total += len(g.pids)
		parts = append(parts, fmt.Sprintf("%s (%s)", g.name, pidList(g.pids)))
	}
	unnamed := make([]string, 0, len(hidden))
	for phrase := range hidden {
		unnamed = append(unnamed, phrase)
	}
	slices.Sort(unnamed)
	total += len(unnamed)
	return joinAnd(append(parts, unnamed...)), total > 1
}

// whoAre names processes in the same way.
func whoAre(snap *host.Snapshot, pids []int32) (phrase string, plural bool) {
	s := &host.Socket{}
	for _, pid := range pids {
		s.Holders = append(s.Holders, host.Holder{PID: pid})
	}
	return who(snap, s)
}

// pidList writes "pid 812" or "pids 812, 813 and 814". Past a dozen it counts.
func pidList(pids []int32) string {
	if len(pids) == 1 {
		return "pid " + strconv.Itoa(int(pids[0]))
	}
	const most = 12
	shown := pids[:min(len(pids), most)]
	words := make([]string, len(shown))
	for i, pid := range shown {
		words[i] = strconv.Itoa(int(pid))
	}
	list := "pids " + strings.Join(words, ", ")
	if more := len(pids) - len(shown); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

func processName(snap *host.Snapshot, pid int32) string {
	if p := snap.Process(pid); p != nil && p.Name != "" {
		return p.Name
	}
	return "a process"
}

// hiddenHolder says what is known about a holder that could not be named.
func hiddenHolder(snap *host.Snapshot, s *host.Socket) string {
	if heldBySystemd(s) {
		return "systemd"
	}
	if s.HolderStatus == host.HoldersNone {
		return "no process"
	}
	if s.HolderStatus == host.HoldersKernel {
		if k := snap.Network.KernelSocketOn(s.Protocol, s.Local.Port()); k != nil {
			return fmt.Sprintf("the kernel (%s)", kernelObject(k))
		}
		return "the kernel"
	}
	if s.UID == nil {
		return "a process that could not be named"
	}
	user := "uid " + strconv.FormatUint(uint64(*s.UID), 10)
	if name := snap.Users[*s.UID]; name != "" {
		user = fmt.Sprintf("user %s (uid %d)", name, *s.UID)
	}
	return "a process of " + user
}

// isHidden reports whether somebody holds the socket whom the snapshot does
// not name.
func isHidden(s *host.Socket) bool {
	return len(s.Holders) == 0 && s.HolderStatus != host.HoldersNone && s.HolderStatus != host.HoldersKernel && !heldBySystemd(s)
}

// heldBySystemd reports whether the only holder known is systemd, by a socket
// unit that listens on this address.
func heldBySystemd(s *host.Socket) bool {
	return len(s.Holders) == 0 && slices.ContainsFunc(s.Managers, isSocketUnit)
}

// isSocketUnit reports whether a manager is a socket unit with a name.
func isSocketUnit(m host.Manager) bool {
	return m.Kind == host.ManagerSocketUnit && strings.HasSuffix(m.Name, ".socket")
}

// inCharge says what manages the sockets' holders, as an addition to who: ` in
// container web`, ` for container web (image nginx)`, ` of nginx.service`. Shell
// jobs are left to the table.
func inCharge(sockets []*host.Socket) string {
	for _, s := range sockets {
		for i := range s.Managers {
			m := &s.Managers[i]
			switch m.Kind {
			case host.ManagerContainer:
				if holdsFor(s, m) {
					return " for " + containerNoun(m)
				}
				return " in " + containerNoun(m)
			case host.ManagerUnit:
				return " of " + m.Name
			case host.ManagerSupervisor, host.ManagerWatcher:
				return " under " + m.Name
			}
		}
	}
	for _, s := range sockets {
		if i := slices.IndexFunc(s.Managers, isSocketUnit); i >= 0 {
			return " for " + s.Managers[i].Name
		}
	}
	return ""
}

// isAddress reports whether a container is known by its address only, as
// behind docker-proxy.
func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	_, errPort := netip.ParseAddrPort(name)
	return err == nil || errPort == nil
}

// joinAnd writes "a", "a and b", "a, b and c".
func joinAnd(words []string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// addressList writes the distinct local addresses of sockets, IPv4 first.
func addressList(sockets []*host.Socket) string {
	var addresses []string
	for _, s := range sockets {
		a := s.Local.Addr().String()
		if s.Interface != "" {
			a += " of " + s.Interface
		}
		if !slices.Contains(addresses, a) {
			addresses = append(addresses, a)
		}
	}
	return joinAnd(addresses)
}
