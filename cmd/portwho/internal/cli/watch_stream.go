package cli

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/cmd/portwho/internal/text"
	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// watchStream writes what happens to listeners until ctx ends or nobody reads
// it any more. Every line is written at once.
func (a *app) watchStream(ctx context.Context, targets []port.Target, f watchFlags) error {
	filter, err := f.filter(targets)
	if err != nil {
		return err
	}
	reader, err := a.watcher(targets, f)
	if err != nil {
		return err
	}
	s := stream{app: a, changesOnly: f.changesOnly, filtered: f.filters(), filter: filter, everything: f.everything(targets)}
	s.watch.Connected = connectedOf(reader)
	for looks := 0; ; looks++ {
		started := a.now()
		snap, same, err := reader.Look(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && looks == 0:
			return unreadable(ctx, err)
		case err == nil && same && s.doubt == "":
		case err == nil:
			err = s.look(snap, looks == 0)
		default:
			err = s.unsure(report.LookEvent(started.UTC(), report.EventUnknown, err.Error()))
		}
		if errors.Is(err, syscall.EPIPE) || err == nil && term.Unread(a.stdout) {
			return nil
		}
		if err != nil {
			return err
		}
		sleep(ctx, f.interval-a.now().Sub(started))
	}
}

// watcher reads the listeners of the targets again and again.
func (a *app) watcher(targets []port.Target, f watchFlags) (*collect.Watch, error) {
	cfg, err := a.config(host.Scope{Ports: portRanges(targets), Protocols: f.protocols.list(), ListenersOnly: true}, listed)
	return &collect.Watch{Config: cfg}, err
}

// connectedOf tells which listeners have connected to a peer at the last look.
func connectedOf(reader *collect.Watch) func(id string) (local, remote netip.AddrPort, connected bool) {
	return func(id string) (local, remote netip.AddrPort, connected bool) {
		for _, s := range reader.Connected() {
			if s.ID == id {
				return s.Local, s.Remote, true
			}
		}
		return netip.AddrPort{}, netip.AddrPort{}, false
	}
}

// stream is what portwho watch without a terminal keeps between two looks.
type stream struct {
	*app
	changesOnly bool
	// filtered says that filter keeps less than everything.
	filtered bool
	// filter keeps what is told, everything what is looked at: a listener that
	// somebody else has taken over is open still, also where the new one is not
	// asked about.
	filter, everything diagnose.Filter
	watch              report.Watch
	// standing are the gaps of every look so far that may hide listeners.
	standing []host.Gap
	// doubt is what could not be told at the last look; empty for nothing.
	doubt string
}

// look writes what a look shows.
func (s *stream) look(snap *host.Snapshot, first bool) error {
	if s.filtered {
		kept := map[string]bool{}
		for _, r := range diagnose.List(snap, s.filter, tool()).Results {
			for i := range r.Sockets {
				kept[r.Sockets[i].ID] = true
			}
		}
		s.watch.Tell = func(socket *report.Socket) bool { return kept[socket.ID] }
	}
	rep := diagnose.List(snap, s.everything, tool())
	for _, e := range s.watch.Look(rep) {
		if e.Kind == report.EventPresent && s.changesOnly {
			continue
		}
		if err := s.write(e); err != nil {
			return err
		}
	}
	var says []string
	var standing []host.Gap
	for _, g := range rep.Gaps {
		stands := g.Decides && (first || slices.Contains(s.standing, g))
		if stands {
			standing = append(standing, g)
		}
		if stands || slices.Contains(s.watch.Doubts(), g) {
			says = append(says, g.Subject+": "+g.Reason)
		}
	}
	s.standing = standing
	switch {
	case len(says) > 0:
		return s.unsure(report.LookEvent(rep.TakenAt, report.EventUnknown, strings.Join(says, "; ")))
	case s.doubt != "":
		s.doubt = ""
		return s.write(report.LookEvent(rep.TakenAt, report.EventKnown, "everything can be told again"))
	}
	return nil
}

// unsure writes what could not be told, once.
func (s *stream) unsure(e report.Event) error {
	e.Summary = "not everything could be told: " + e.Summary
	if s.doubt == e.Summary {
		return nil
	}
	s.doubt = e.Summary
	return s.write(e)
}

func (s *stream) write(e report.Event) error {
	if s.json {
		return report.WriteEventJSON(s.stdout, e)
	}
	return text.Event(s.stdout, e)
}
