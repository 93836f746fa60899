package cli

import (
	"context"

	"github.com/portwho/portwho/cmd/portwho/internal/text"
	"github.com/portwho/portwho/cmd/portwho/internal/watch"
	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// watchLooks takes the looks of the screen, one after the other.
type watchLooks struct {
	*app
	watchFlags
	targets []port.Target
	// seen tells what a look could not show, and need not be gone.
	seen report.Watch
	// watch reads listeners at little cost while nothing changes, and last is the
	// look before.
	watch *collect.Watch
	last  watch.Look
}

// states reports whether the ports that were asked about are told even where
// nobody serves them.
func (l *watchLooks) states() bool { return len(l.targets) > 0 && !l.filters() }

// reading is what one look has read.
type reading struct {
	report.Report
	// all has all listeners that the targets name, whoever has them.
	all report.Report
	// same says that it is the reading before, and holds the time alone.
	same bool
}

// read reads what is watched. It tries no bind: one that is made again and
// again would now and then meet a server that starts.
func (l *watchLooks) read(ctx context.Context) (reading, error) {
	if l.states() {
		scope := host.Scope{Ports: portRanges(l.targets), Protocols: wanted(l.targets, l.protocols.list())}
		snap, err := l.snapshot(ctx, scope, judged)
		if err != nil {
			return reading{}, err
		}
		rep, err := l.ports(ctx, snap)
		return reading{Report: rep, all: rep}, err
	}
	snap, same, err := l.listeners(ctx)
	switch {
	case err != nil:
		return reading{}, err
	case same:
		return reading{same: true, Report: report.Report{TakenAt: snap.TakenAt}}, nil
	}
	filter, err := l.filter(l.targets)
	rep := diagnose.List(snap, filter, tool())
	all := rep
	if l.filters() {
		all = diagnose.List(snap, l.everything(l.targets), tool())
	}
	return reading{Report: rep, all: all}, err
}

// listeners reads the listeners of the targets. Same says that they and all
// about them are as they were.
func (l *watchLooks) listeners(ctx context.Context) (snap *host.Snapshot, same bool, err error) {
	if l.replayed() {
		scope := host.Scope{Ports: portRanges(l.targets), Protocols: l.protocols.list(), ListenersOnly: true}
		snap, err = l.snapshot(ctx, scope, listed)
		return snap, false, err
	}
	if l.watch == nil {
		if l.watch, err = l.watcher(l.targets, l.watchFlags); err != nil {
			return nil, false, err
		}
	}
	if snap, same, err = l.watch.Look(ctx); err != nil {
		return nil, false, unreadable(ctx, err)
	}
	return snap, same && !l.last.At.IsZero(), nil
}

// ports tells how the ports stand. Of a range only what is served is told.
func (l *watchLooks) ports(ctx context.Context, snap *host.Snapshot) (report.Report, error) {
	var single, ranges []port.Target
	for _, t := range l.targets {
		if t.Ports == port.One(t.Ports.First) {
			single = append(single, t)
		} else {
			ranges = append(ranges, t)
		}
	}
	rep := l.settle(ctx, snap, single, diagnose.Options{Tool: tool(), Protocols: l.protocols.list(), Family: l.protocols.family()}, true)
	if len(ranges) == 0 {
		return rep, nil
	}
	filter, err := l.filter(ranges)
	rep.Results = append(rep.Results, diagnose.List(snap, filter, tool()).Results...)
	return rep, err
}

// take takes a look for the screen.
func (l *watchLooks) take(ctx context.Context) (watch.Look, error) {
	r, err := l.read(ctx)
	if err != nil {
		return watch.Look{}, err
	}
	if r.same {
		l.last.At = r.TakenAt
		return l.last, nil
	}
	rows := text.Rows(r.Report, l.states(), l.looks(lookFlags{}))
	look := watch.Look{At: r.TakenAt, Gaps: text.GapLines(r.Report), Rows: make([]watch.Row, len(rows))}
	for i, row := range rows {
		look.Rows[i] = watch.Row(row)
	}
	l.seen.Look(r.all)
	look.Unsure = l.seen.Missed()
	told := serving(r.Report)
	for id := range serving(r.all) {
		if !told[id] {
			look.Others = append(look.Others, id)
		}
	}
	if l.watch != nil {
		for _, s := range l.watch.Connected() {
			look.Others = append(look.Others, s.ID)
		}
	}
	l.last = look
	return look, nil
}

// serving are the ids of the sockets that serve.
func serving(rep report.Report) map[string]bool {
	ids := map[string]bool{}
	for _, r := range rep.Results {
		for i := range r.Sockets {
			if s := &r.Sockets[i]; s.State == host.StateListen || s.State == host.StateUnconnected {
				ids[s.ID] = true
			}
		}
	}
	return ids
}

func watchSlots(rows []watch.Row, width int) []watch.Slot {
	list := make([]text.Row, len(rows))
	for i, r := range rows {
		list[i] = text.Row(r)
	}
	var out []watch.Slot
	for _, s := range text.Slots(list, width) {
		out = append(out, watch.Slot{Title: s.Title, Cell: s.Cell, Width: s.Width, Short: s.Short, Fit: s.Fit})
	}
	return out
}
