package report

import (
	"fmt"
	"net/netip"
	"time"
)

// WatchSchema names the JSON form of an Event.
const WatchSchema = "portwho.watch/1"

// Event is one difference between two looks at the listeners. portwho watch
// writes one JSON line for each.
type Event struct {
	Schema string `json:"schema"`
	// At is when the look that shows it was taken. What happened did
	// so after the look before.
	At   time.Time `json:"at"`
	Kind EventKind `json:"event"`
	// Target is the protocol, the address and the port. It is empty where the
	// event is about no listener: EventUnknown and EventKnown.
	Target Target `json:"target,omitzero"`
	// Socket is how it is now; nil once it is gone. With EventClosed it is a UDP
	// socket that was connected to a peer, and has the id of before.
	Socket *Socket `json:"socket"`
	// Was is how it was; nil where it was not there.
	Was *Socket `json:"was"`
	// Since is when the look was taken that first showed what is gone or
	// changed now; nil where nothing was.
	Since *time.Time `json:"since"`
	// Summary is what happened, in one sentence. It may quote process names:
	// sanitise it before it meets a terminal.
	Summary string `json:"summary"`
}

// EventKind is what happened to a listener.
type EventKind string

// The kinds of events.
const (
	EventPresent EventKind = "present" // it was there before it was looked for
	EventOpened  EventKind = "opened"
	EventClosed  EventKind = "closed" // it is gone, or takes datagrams of one peer alone
	EventHolder  EventKind = "holder" // the same socket, held by others

	// EventUnknown and EventKnown are about a look: from the one on, something
	// could not be told, from the other on all can be told again. A [Watch]
	// gives none of them.
	EventUnknown EventKind = "unknown"
	EventKnown   EventKind = "known"
)

// Events tells what happened to listeners between two looks, sorted by port,
// protocol, address and id; of what happened at one address, what was closed
// comes first. A listener is known again by the id of its socket, so a server
// that was started anew on the same address was closed and opened. What after
// cannot tell did not happen: see [Watch].
func Events(before, after Report) []Event {
	var w Watch
	w.Look(before)
	return w.Look(after)
}

// newEvent returns an event about a listener. One of the sockets may be nil.
func newEvent(at time.Time, kind EventKind, socket, was *Socket, since *time.Time) Event {
	e := Event{
		Schema: WatchSchema, At: at, Kind: kind,
		Socket: socket, Was: was, Since: since, Summary: eventSummary(kind, socket, was),
	}
	e.Target = targetOf(e.about())
	return e
}

// LookEvent returns an event about a look: EventUnknown or EventKnown.
func LookEvent(at time.Time, kind EventKind, summary string) Event {
	return Event{Schema: WatchSchema, At: at, Kind: kind, Summary: summary}
}

// about is the listener, as it is or as it was.
func (e *Event) about() *Socket {
	if e.Socket == nil || e.Kind == EventClosed {
		return e.Was
	}
	return e.Socket
}

// targetOf is the target that means the address of a socket.
func targetOf(s *Socket) Target {
	addr := s.Local.Addr()
	return Target{
		Text:     fmt.Sprintf("%s/%s", s.Protocol, netip.AddrPortFrom(addr, s.Local.Port())),
		Protocol: s.Protocol, Address: addr.String(), Port: s.Local.Port(),
	}
}
