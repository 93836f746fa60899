package report

import (
	"net/netip"
	"time"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// Schema names the JSON form of a Report.
const Schema = "portwho.report/1"

// Report is the answer to one command.
type Report struct {
	Schema  string     `json:"schema"`
	Tool    Tool       `json:"tool"`
	Host    host.Info  `json:"host"`
	TakenAt time.Time  `json:"taken_at"`
	Gaps    []host.Gap `json:"gaps"`
	// Results are in the order of the targets; a target without a protocol
	// gives its TCP result first. A listing is sorted by port.
	Results []Result `json:"results"`
	// Declarations are the ports that the project's files name, in the order
	// of files and lines. Only portwho check of files has any.
	Declarations []Declaration `json:"declarations"`
	// Findings are what portwho check has to say, in the order of files,
	// lines and ports.
	Findings []Finding `json:"findings"`
}

// Tool is the program that made the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Result is the answer for one port and protocol.
type Result struct {
	Target Target `json:"target"`
	Status Status `json:"status"`
	// Summary is the whole answer in one sentence. It may quote process
	// names: sanitise it before it meets a terminal.
	Summary string   `json:"summary"`
	Port    PortInfo `json:"port"`
	Binds   []Bind   `json:"binds"`
	Sockets []Socket `json:"sockets"`
	// Answers tell who serves a client on this machine; empty where nobody
	// does and no rule takes the traffic, and in a listing.
	Answers []Answer `json:"answers"`
	Causes  []Cause  `json:"causes"`
}

// Answer is who a client on this machine reaches.
type Answer struct {
	// Destination is what the client asks for: localhost, 127.0.0.1, ::1, or
	// another address that localhost stands for.
	Destination string `json:"destination"`
	// Address is what that stands for; of localhost, the first address that a
	// client tries.
	Address string `json:"address"`
	// Sockets are the ids of the sockets that answer. More than one share
	// the address, and the kernel chooses. Empty means that nobody does.
	Sockets []string `json:"sockets"`
	// Redirected says where a rule of the packet filter sends the client
	// instead; empty where none does.
	Redirected string `json:"redirected"`
}

// Target is what was asked, for one port.
type Target struct {
	Text     string        `json:"text"`
	Protocol port.Protocol `json:"protocol"`
	// Address is as written; empty when none was.
	Address string `json:"address"`
	Port    uint16 `json:"port"`
}

// Status sums up the binds.
type Status string

// The statuses.
const (
	StatusFree        Status = "free"        // every bind would succeed
	StatusTaken       Status = "taken"       // every bind meets another socket
	StatusPartlyFree  Status = "partly_free" // some would, some would not
	StatusForbidden   Status = "forbidden"   // the user may not bind this port
	StatusUnavailable Status = "unavailable" // the address is not this machine's
	StatusUnknown     Status = "unknown"     // it could not be told
)

// PortInfo is what the number itself means.
type PortInfo struct {
	Class port.Class `json:"class"`
	// Range is the range of the class, such as 49152-65535.
	Range port.Range `json:"range"`
	// Service is the name registered with IANA; empty for none.
	Service string `json:"service"`
	// KnownAs are developer tools that commonly use the port. It is never
	// proof of who uses it here.
	KnownAs []port.Tool `json:"known_as"`
	// Ephemeral, Reserved and Privileged tell whether this machine hands the
	// port out to outgoing connections, keeps it out of that, or lets only
	// privileged users bind it; nil where that is unknown.
	Ephemeral  *bool `json:"ephemeral"`
	Reserved   *bool `json:"reserved"`
	Privileged *bool `json:"privileged"`
	// EphemeralRange is this machine's ephemeral range; nil where unknown.
	EphemeralRange *port.Range `json:"ephemeral_range"`
}

// Bind is the verdict on one candidate.
type Bind struct {
	Address string           `json:"address"`
	Options host.BindOptions `json:"options"`
	// Errno is empty when the bind would succeed and UNKNOWN when that could
	// not be told.
	Errno host.Errno `json:"errno"`
	Proof Proof      `json:"proof"`
	// Predicted is what the rule says without a probe. Where it differs from
	// Errno, the kernel's answer stands and a cause says what could explain
	// the difference.
	Predicted host.Errno `json:"predicted"`
	// BlockedBy are the ids of the sockets in the way; each would block
	// alone.
	BlockedBy []string `json:"blocked_by"`
	// MaybeBlockedBy are the ids of sockets that are in the way or not,
	// depending on something that could not be read.
	MaybeBlockedBy []string `json:"maybe_blocked_by"`
	// Rule says in one sentence which rule decided.
	Rule string `json:"rule"`
}

// Candidate returns what the verdict is about. Its address is invalid where
// Address is not one.
func (b Bind) Candidate(t Target) host.Candidate {
	addr, _ := netip.ParseAddr(b.Address)
	return host.Candidate{Protocol: t.Protocol, Local: netip.AddrPortFrom(addr, t.Port), Options: b.Options}
}

// Proof is how a verdict was reached.
type Proof string

// The proofs.
const (
	ProofProbe     Proof = "probe"     // the kernel was asked
	ProofPredicted Proof = "predicted" // by the rule, from what was read
)
