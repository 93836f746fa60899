package diagnose

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// Owns tells whether everything that serves the port of a result is the
// owner's; the zero Owner stands for anybody. The result is one of [Diagnose]
// on the same snapshot, and where its target has an address, what serves
// elsewhere does not count. It is not met where nobody serves the port. Known
// is false where that could not be told, and then met is false too. Why is a
// half sentence that tells who serves the port, or what is missing.
//
// A pid stands for the process and for those below it, so that the server of a
// shell or of a supervisor that was started is known by what was started; pid 1
// stands for itself, since everything is below it.
func Owns(snap *host.Snapshot, r report.Result, owner report.Owner) (met, known bool, why string) {
	serving := servingOf(snap, r)
	if len(serving) == 0 {
		return nobodyServes(snap, r)
	}
	all, at := yes, serving[0]
	for _, s := range serving {
		if is := isOwnedBy(snap, s, owner); is < all {
			all, at = is, s
		}
	}
	name, plural := who(snap, serving...)
	if all != yes {
		name, plural = who(snap, at)
		serving = []*host.Socket{at}
	}
	why = fmt.Sprintf("%s%s %s it on %s", name, inCharge(serving), verb("serves", "serve", plural), addressList(serving))
	if all == unknown {
		why += ", and whose that is could not be read"
	}
	return all == yes, all != unknown, why
}

// servingOf are the sockets that serve what the result is about. Docker without
// its proxy binds the port for a container, and a rule of the packet filter
// brings the clients there.
func servingOf(snap *host.Snapshot, r report.Result) []*host.Socket {
	var out []*host.Socket
	for _, s := range onPort(snap, r.Target.Protocol, r.Target.Port) {
		if (s.Serves() || s.State == host.StateBound && containerOf(s) != nil) && (r.Target.Address == "" || slices.ContainsFunc(r.Binds, func(b report.Bind) bool {
			addr, err := netip.ParseAddr(b.Address)
			c := host.Candidate{Protocol: s.Protocol, Local: netip.AddrPortFrom(addr, r.Target.Port)}
			return err == nil && overlap(c, s) != no
		})) {
			out = append(out, s)
		}
	}
	return out
}

func nobodyServes(snap *host.Snapshot, r report.Result) (met, known bool, why string) {
	for _, g := range snap.Gaps {
		if g.Decides && (g.Protocol == "" || g.Protocol == r.Target.Protocol) {
			return false, false, fmt.Sprintf("%s could not be read: %s", g.Subject, g.Reason)
		}
	}
	for _, c := range r.Causes {
		if c.ID == CauseNATRedirect {
			return false, false, c.Summary
		}
	}
	if inUse(&r) {
		return false, true, "nobody serves it, and " + strings.TrimPrefix(r.Summary, subjectOf(&r)+" ")
	}
	return false, true, "nobody serves it"
}

// isOwnedBy tells whether a socket is the owner's, in everything that is set.
func isOwnedBy(snap *host.Snapshot, s *host.Socket, owner report.Owner) trilean {
	is := yes
	for _, part := range []struct {
		asked bool
		test  func() trilean
	}{
		{owner.PID != 0, func() trilean {
			return ofHolder(s, func(h host.Holder) bool { return isBelow(snap, h.PID, owner.PID) })
		}},
		{owner.User != "", func() trilean { return ofUser(snap, s, owner.User) }},
		{owner.Process != "", func() trilean {
			return ofHolder(s, func(h host.Holder) bool { return isCalled(snap.Process(h.PID), owner.Process) })
		}},
		{owner.Unit != "", func() trilean {
			return ofManager(s, func(m *host.Manager) bool { return isUnitCalled(m, owner.Unit) && isTrusted(snap, s) })
		}},
		{owner.Container != "", func() trilean {
			return ofManager(s, func(m *host.Manager) bool {
				return m.Kind == host.ManagerContainer && (m.Name == owner.Container || len(owner.Container) >= shortestID && strings.HasPrefix(m.ID, owner.Container))
			})
		}},
		{owner.Service != "", func() trilean {
			return ofManager(s, func(m *host.Manager) bool { return isServiceCalled(m, owner.Service) })
		}},
		{owner.Project != "", func() trilean {
			if slices.ContainsFunc(s.Managers, func(m host.Manager) bool { return m.Container != nil && within(m.Container.WorkingDir, owner.Project) }) {
				return yes
			}
			return ofHolder(s, func(h host.Holder) bool { return worksIn(snap, &host.Socket{Holders: []host.Holder{h}}, owner.Project) })
		}},
	} {
		if part.asked {
			is = is.and(part.test())
		}
	}
	return is
}

// ofHolder is yes where one of the processes that serve a socket passes the
// test. Where some could not be named, those that were speak for them.
func ofHolder(s *host.Socket, test func(host.Holder) bool) trilean {
	if slices.ContainsFunc(s.Holders, func(h host.Holder) bool { return !h.Inherited && test(h) }) {
		return yes
	}
	if isHidden(s) {
		return unknown
	}
	return no
}

// ofManager is yes where what is in charge of a socket passes the test. A
// container that its engine has not named may be any.
func ofManager(s *host.Socket, test func(*host.Manager) bool) trilean {
	for i := range s.Managers {
		if test(&s.Managers[i]) {
			return yes
		}
	}
	nameless := slices.ContainsFunc(s.Managers, func(m host.Manager) bool {
		return m.Kind == host.ManagerContainer && (m.Container == nil || m.Container.Image == "" && !m.Container.Gone)
	})
	if nameless || isHidden(s) && len(s.Managers) == 0 {
		return unknown
	}
	return no
}

// isBelow reports whether a process is the other one or was started below it.
func isBelow(snap *host.Snapshot, pid, above int32) bool {
	if pid == above {
		return true
	}
	for range 64 {
		p := snap.Process(pid)
		if p == nil || p.PPID <= 1 || above == 1 {
			return false
		}
		if pid = p.PPID; pid == above {
			return true
		}
	}
	return false
}

// ofUser compares with who runs the holders, and where none is named with who
// made the socket. "me" is the viewer.
func ofUser(snap *host.Snapshot, s *host.Socket, user string) trilean {
	if user == "me" {
		if snap.Viewer.UID == nil {
			return unknown
		}
		user = strconv.FormatUint(uint64(*snap.Viewer.UID), 10)
	}
	is := func(uid *uint32) bool {
		return uid != nil && (strconv.FormatUint(uint64(*uid), 10) == user || snap.Users[*uid] == user)
	}
	if isHidden(s) && is(s.UID) {
		return yes
	}
	return ofHolder(s, func(h host.Holder) bool { p := snap.Process(h.PID); return p != nil && is(p.UID) })
}

// isCalled compares a name with that of the process, of its file and of what it
// was started as.
func isCalled(p *host.Process, name string) bool {
	if p == nil {
		return false
	}
	names := []string{p.Name, filepath.Base(strings.TrimSuffix(p.Exe, deletedSuffix))}
	if len(p.Command) > 0 {
		names = append(names, filepath.Base(p.Command[0]))
	}
	return slices.Contains(names, name)
}

// isServiceCalled compares with service or project/service of compose.
func isServiceCalled(m *host.Manager, name string) bool {
	if m.Kind != host.ManagerContainer || m.Container == nil || m.Container.Service == "" {
		return false
	}
	return name == m.Container.Service || name == m.Container.Project+"/"+m.Container.Service
}

// isTrusted reports whether the unit of a socket is the system's or the
// viewer's own. Anybody may give a unit of their own, or a cgroup, the name of a
// unit of the system.
func isTrusted(snap *host.Snapshot, s *host.Socket) bool {
	cgroups := []string{s.Cgroup}
	for _, h := range s.Holders {
		if p := snap.Process(h.PID); p != nil {
			cgroups = append(cgroups, p.Cgroup)
		}
	}
	return !slices.ContainsFunc(cgroups, func(path string) bool {
		_, below, found := strings.Cut(path, "/user@")
		uid, _, _ := strings.Cut(below, ".service")
		return found && (snap.Viewer.UID == nil || uid != strconv.FormatUint(uint64(*snap.Viewer.UID), 10))
	})
}
