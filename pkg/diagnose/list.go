package diagnose

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// Filter says which listeners a listing tells. The zero Filter tells all.
type Filter struct {
	Targets   []port.Target
	Protocols []port.Protocol
	Family    int // 4, 6 or 0 for both
	PIDs      []int32
	// Process is a part of a holder's name or program, in any case.
	Process string
	// User is a user name or a uid.
	User string
	// Loopback keeps what is reachable over loopback, Exposed what is
	// reachable from outside.
	Loopback, Exposed bool
	// Orphans keeps servers that were left behind, see CauseOrphanServer.
	Orphans bool
	// Mine keeps what the viewer's own processes hold, or the viewer made.
	Mine bool
	// Project is a folder: it keeps what processes hold that work in it, or
	// whose project or repository is there. It has no "/" at its end.
	Project string
	// Container and Unit are a manager's name or id. A unit's name may lack
	// what it ends with.
	Container, Unit string
}

// List tells the sockets that serve, one result a port and protocol, sorted by
// port. Binds are not judged in a listing.
func List(snap *host.Snapshot, f Filter, tool report.Tool) report.Report {
	rep := newReport(snap, tool)
	index := indexSockets(snap, f.Family)
	places := make([]place, 0, len(index))
	for at := range index {
		places = append(places, at)
	}
	order := port.Protocols()
	slices.SortFunc(places, func(a, b place) int {
		if a.number != b.number {
			return int(a.number) - int(b.number)
		}
		return slices.Index(order, a.protocol) - slices.Index(order, b.protocol)
	})
	rep.Results = slices.Grow(rep.Results, len(places))
	for _, at := range places {
		if r, any := listPlace(snap, f, at, index[at]); any {
			rep.Results = append(rep.Results, r)
		}
	}
	return rep
}

func listPlace(snap *host.Snapshot, f Filter, at place, sockets []*host.Socket) (report.Result, bool) {
	text := fmt.Sprintf("%s/%d", at.protocol, at.number)
	v := &view{judge: judge{snap: snap}, target: port.Target{Text: text}, protocol: at.protocol, number: at.number}
	for _, s := range sockets {
		if f.keeps(snap, s) {
			v.serving = append(v.serving, s)
		}
	}
	if len(v.serving) == 0 {
		return report.Result{}, false
	}
	v.sockets = v.serving
	r := v.place()
	r.Status = report.StatusTaken
	return r, true
}

func (f Filter) keeps(snap *host.Snapshot, s *host.Socket) bool {
	switch {
	case !s.Serves():
		return false
	case len(f.Protocols) > 0 && !slices.Contains(f.Protocols, s.Protocol):
		return false
	case len(f.Targets) > 0 && !slices.ContainsFunc(f.Targets, func(t port.Target) bool { return covers(t, s) }):
		return false
	case f.Loopback && !overLoopback(snap, s):
		return false
	case f.Exposed && reachOf(snap, s) == report.ReachLoopback:
		return false
	case len(f.PIDs) > 0 && !slices.ContainsFunc(s.Holders, func(h host.Holder) bool { return slices.Contains(f.PIDs, h.PID) }):
		return false
	case f.Process != "" && !slices.ContainsFunc(s.Holders, func(h host.Holder) bool { return named(snap.Process(h.PID), f.Process) }):
		return false
	case f.User != "" && !belongsTo(snap, s, f.User):
		return false
	}
	return f.keepsCharge(snap, s)
}

// covers reports whether a socket is what a target is about.
func covers(t port.Target, s *host.Socket) bool {
	if !t.Ports.Contains(s.Local.Port()) || t.Protocol != "" && t.Protocol != s.Protocol {
		return false
	}
	if len(t.Addresses) == 0 {
		return true
	}
	for _, a := range t.Addresses {
		c := host.Candidate{Protocol: s.Protocol}
		c.Local = netip.AddrPortFrom(a, s.Local.Port())
		if overlap(c, s) != no {
			return true
		}
	}
	return false
}

func named(p *host.Process, part string) bool {
	if p == nil {
		return false
	}
	part = strings.ToLower(part)
	names := []string{p.Name, filepath.Base(p.Exe)}
	if len(p.Command) > 0 {
		names = append(names, filepath.Base(p.Command[0]))
	}
	return slices.ContainsFunc(names, func(n string) bool { return strings.Contains(strings.ToLower(n), part) })
}

func belongsTo(snap *host.Snapshot, s *host.Socket, user string) bool {
	uids := []*uint32{s.UID}
	for _, h := range s.Holders {
		if p := snap.Process(h.PID); p != nil {
			uids = append(uids, p.UID)
		}
	}
	return slices.ContainsFunc(uids, func(uid *uint32) bool {
		return uid != nil && (userName(snap, uid) == user || strconv.FormatUint(uint64(*uid), 10) == user)
	})
}
