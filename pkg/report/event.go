package report

import "time"

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
	// Target is the protocol, the address and the port.
	Target Target `json:"target"`
	// Socket is how it is now; nil once it is gone.
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
	EventPresent EventKind = "present" // it was there at the first look
	EventOpened  EventKind = "opened"
	EventClosed  EventKind = "closed"
	EventHolder  EventKind = "holder" // the same socket, held by others
)
