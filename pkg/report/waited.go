package report

import (
	"time"

	"github.com/portwho/portwho/pkg/host"
)

// WaitSchema names the JSON form of a WaitReport.
const WaitSchema = "portwho.wait/1"

// WaitReport is the answer to portwho wait: one wait a port.
type WaitReport struct {
	Schema  string     `json:"schema"`
	Tool    Tool       `json:"tool"`
	Host    host.Info  `json:"host"`
	TakenAt time.Time  `json:"taken_at"` // when the waiting ended
	Gaps    []host.Gap `json:"gaps"`
	// For is what was waited for: free, listening, or http: with a path.
	For string `json:"for"`
	// Owner is whose server it had to be, as it was written; empty for
	// anybody's.
	Owner   string      `json:"owner"`
	Outcome WaitOutcome `json:"outcome"`
	// ElapsedMS is how long it took, in milliseconds.
	ElapsedMS uint64 `json:"elapsed_ms"`
	// Waits are in the order of the targets, their ports ascending.
	Waits []Wait `json:"waits"`
}

// WaitOutcome is how waiting ended.
type WaitOutcome string

// The outcomes.
const (
	WaitMet      WaitOutcome = "met"      // everything was as wanted, at the same time
	WaitTimeout  WaitOutcome = "timeout"  // the time was up first
	WaitHopeless WaitOutcome = "hopeless" // no time changes what is in the way
)

// Wait is what was seen of one port.
type Wait struct {
	// Met says that it was as wanted when it was last looked at.
	Met bool `json:"met"`
	// Summary says in one sentence how it stands. It may quote process names.
	Summary string `json:"summary"`
	// Changes are what was seen on the way, oldest first.
	Changes []Change `json:"changes"`
	// Result is the port at the end.
	Result Result `json:"result"`
}

// Change is how a port stood from some moment on.
type Change struct {
	At      time.Time `json:"at"`
	Summary string    `json:"summary"`
}
