package host

import "github.com/portwho/portwho/pkg/port"

// GapOptions is the Source of the gap that keeps the options of sockets which
// no process shows from being read. It matters only where a verdict hangs on
// them; the verdict says so itself.
const GapOptions = "bpf"

// GapDocker and GapPodman are the Sources of gaps about container engines. They
// keep a container from being named, and never a holder.
const (
	GapDocker = "docker"
	GapPodman = "podman"
)

// HintAgain is the Hint of a gap that is about one look alone: another one may
// not have it.
const HintAgain = "try again"

// Gap is something that could not be read, why, and what would help. A gap is
// part of the answer: it says what the rest of the snapshot cannot prove.
type Gap struct {
	// Source is what was read: sock_diag, /proc, gopsutil.
	Source string `json:"source"`
	// Subject is what stays unknown: "holders of 3 processes", "udp sockets".
	Subject string `json:"subject"`
	// Reason is the cause in lower case: "permission denied".
	Reason string `json:"reason"`
	// Hint is what would close the gap; may be empty.
	Hint string `json:"hint,omitempty"`
	// Decides says that the gap can change a verdict: sockets may be missing,
	// so that "free" cannot be told from it.
	Decides bool `json:"decides,omitempty"`
	// Protocol is the only protocol the gap is about; empty means all.
	Protocol port.Protocol `json:"protocol,omitempty"`
	// HoldersOnly says that the gap keeps holders from being named and
	// nothing else: every socket was read.
	HoldersOnly bool `json:"holders_only,omitempty"`
	// AnswersOnly says that the gap keeps portwho from telling who answers a
	// client and nothing else: whether a bind succeeds does not depend on it.
	AnswersOnly bool `json:"answers_only,omitempty"`
}

// OfEngine reports whether the gap is about a container engine.
func (g *Gap) OfEngine() bool { return g.Source == GapDocker || g.Source == GapPodman }

// HidesHolders reports whether the gap keeps the holders of sockets from being
// named, and nothing else.
func (g *Gap) HidesHolders() bool { return g.HoldersOnly && !g.OfEngine() }
