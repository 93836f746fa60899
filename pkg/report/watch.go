package report

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// Watch compares looks at the listeners with what earlier ones showed. The zero
// Watch has seen nothing. It is for one goroutine at a time.
type Watch struct {
	// Tell chooses the listeners whose events are told; nil chooses all. Once
	// chosen, one is told about until it is closed, and one that is chosen
	// later than it was seen is present then.
	Tell func(*Socket) bool
	// Connected tells how a UDP socket is connected, by its id, that is listed
	// no longer for that; nil is for none.
	Connected func(id string) (local, remote netip.AddrPort, connected bool)

	looked    bool
	listeners map[string]*listener
	doubts    []host.Gap
	missed    []string
}

// listener is what is remembered of one.
type listener struct {
	socket Socket
	// opened is when the look was taken that first showed it, held the one
	// that first showed these holders.
	opened, held time.Time
	// gaps are those of the look that last showed it.
	gaps []host.Gap
	// told says that it was chosen.
	told bool
}

// Look tells what has happened to listeners since the looks before, in the
// order of [Events]. What was there at the first look is present.
//
// What a look cannot tell did not happen. A listener that it does not show was
// closed only if nothing kept the look from showing it: no gap that decides,
// but for one that was there as well when the listener was seen and is not
// about that look alone. And holders that are hidden now are those of before.
func (w *Watch) Look(rep Report) []Event {
	events := []Event{}
	shown := make(map[string]bool, len(w.listeners))
	kind := EventOpened
	if !w.looked {
		kind = EventPresent
		w.looked, w.listeners = true, make(map[string]*listener)
	}
	for i := range rep.Results {
		for _, s := range rep.Results[i].Sockets {
			if !serves(&s) || shown[s.ID] {
				continue
			}
			shown[s.ID] = true
			chosen := w.Tell == nil || w.Tell(&s)
			l, known := w.listeners[s.ID]
			switch {
			case known:
				events = l.look(events, rep.TakenAt, &s, chosen)
			default:
				l = &listener{opened: rep.TakenAt, held: rep.TakenAt}
				w.listeners[s.ID] = l
				if chosen {
					events = append(events, newEvent(rep.TakenAt, kind, &s, nil, nil))
				}
			}
			l.socket, l.gaps, l.told = s, rep.Gaps, l.told || chosen
		}
	}
	doubted := make([]bool, len(rep.Gaps))
	w.missed = nil
	for id, l := range w.listeners {
		if shown[id] {
			continue
		}
		now := w.connected(&l.socket)
		if now == nil && l.hidden(rep.Gaps, doubted) {
			w.missed = append(w.missed, id)
			continue
		}
		if l.told {
			events = append(events, newEvent(rep.TakenAt, EventClosed, now, &l.socket, &l.opened))
		}
		delete(w.listeners, id)
	}
	slices.Sort(w.missed)
	w.doubts = nil
	for i, g := range rep.Gaps {
		if doubted[i] {
			w.doubts = append(w.doubts, g)
		}
	}
	sortEvents(events)
	return events
}

// connected is a listener that is connected now, nil if it is not.
func (w *Watch) connected(was *Socket) *Socket {
	if w.Connected == nil {
		return nil
	}
	local, remote, connected := w.Connected(was.ID)
	if !connected {
		return nil
	}
	now := *was
	now.State, now.Local, now.Remote, now.Reach = host.StateEstablished, local, &remote, ReachNone
	return &now
}

// look adds what has happened to a listener that was seen earlier and is there
// still. Holders that cannot be told are put back as they were.
func (l *listener) look(events []Event, at time.Time, s *Socket, chosen bool) []Event {
	was, since := l.socket, l.held
	changed := false
	switch {
	case s.HolderStatus == host.HoldersHidden:
		s.Holders, s.HolderStatus, s.Managers, s.Chain = was.Holders, was.HolderStatus, was.Managers, was.Chain
	case !sameHolders(&was, s):
		l.held, changed = at, true
	}
	switch {
	case chosen && !l.told:
		return append(events, newEvent(at, EventPresent, s, nil, nil))
	case changed && l.told:
		return append(events, newEvent(at, EventHolder, s, &was, &since))
	}
	return events
}

// Doubts are gaps for which a listener that the last look did not show is taken
// to be there still.
func (w *Watch) Doubts() []host.Gap { return w.doubts }

// Missed are the ids of the listeners that the last look did not show and that
// are taken to be there still, sorted.
func (w *Watch) Missed() []string { return w.missed }

// hidden reports whether gaps may keep a look from showing a listener that was
// seen earlier, and marks which.
func (l *listener) hidden(gaps []host.Gap, marks []bool) bool {
	hidden := false
	for i, g := range gaps {
		standing := g.Hint != host.HintAgain && slices.Contains(l.gaps, g)
		if g.Decides && (g.Protocol == "" || g.Protocol == l.socket.Protocol) && !standing {
			hidden, marks[i] = true, true
		}
	}
	return hidden
}

// serves reports whether the socket takes traffic from peers it was not
// connected to.
func serves(s *Socket) bool {
	return s.State == host.StateListen || s.State == host.StateUnconnected
}

// sameHolders reports whether two looks at one socket show the same processes.
// The pid will do: for another process of the same pid to hold the same socket,
// the first must have handed it over and ended, and all pids have come round,
// between two looks.
func sameHolders(a, b *Socket) bool {
	kernel := (a.HolderStatus == host.HoldersKernel) == (b.HolderStatus == host.HoldersKernel)
	return kernel && slices.EqualFunc(a.Holders, b.Holders, func(a, b Holder) bool { return a.PID == b.PID })
}

func sortEvents(events []Event) {
	order := port.Protocols()
	slices.SortFunc(events, func(a, b Event) int {
		return cmp.Or(
			cmp.Compare(a.Target.Port, b.Target.Port),
			cmp.Compare(slices.Index(order, a.Target.Protocol), slices.Index(order, b.Target.Protocol)),
			a.about().Local.Addr().Compare(b.about().Local.Addr()),
			cmp.Compare(closedFirst(a.Kind), closedFirst(b.Kind)),
			cmp.Compare(a.about().ID, b.about().ID),
		)
	})
}

func closedFirst(kind EventKind) int {
	if kind == EventClosed {
		return 0
	}
	return 1
}
