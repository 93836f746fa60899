package report

// CauseID names a cause. The set is closed: docs/causes.md lists it.
type CauseID string

// Cause is one reason why a bind fails or behaves oddly.
type Cause struct {
	ID         CauseID    `json:"id"`
	Confidence Confidence `json:"confidence"`
	// Summary is one sentence. It may quote process names.
	Summary string `json:"summary"`
	// Evidence are the facts it rests on, by name: "sockets", "remote",
	// "expires_ms". Values are JSON scalars or arrays of them.
	Evidence map[string]any `json:"evidence"`
	Remedies []Remedy       `json:"remedies"`
}

// Confidence is how sure a cause is.
type Confidence string

// The confidences.
const (
	Certain  Confidence = "certain"  // the kernel or a probe says so
	Likely   Confidence = "likely"   // a rule of thumb with evidence
	Possible Confidence = "possible" // not excluded
)

// Remedy is something to do about a cause.
type Remedy struct {
	Summary string `json:"summary"`
	// Command is the exact command; empty where the remedy is a change in the
	// person's own program.
	Command []string `json:"command"`
}
