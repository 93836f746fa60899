package report

import "github.com/portwho/portwho/pkg/port"

// FindingID names a kind of finding. The set is closed: docs/ci.md lists it.
type FindingID string

// The findings.
const (
	// FindingTaken: somebody else has the port.
	FindingTaken FindingID = "taken"
	// FindingMine: this project's own container or process has it.
	FindingMine FindingID = "mine"
	// FindingDeclaredTwice: two declarations that start together want it.
	FindingDeclaredTwice FindingID = "declared_twice"
	// FindingEphemeral: this machine hands the port out to outgoing
	// connections, so that one may have it when the server starts.
	FindingEphemeral FindingID = "ephemeral_range"
	// FindingReserved: an administrator has set the port aside
	// (net.ipv4.ip_local_reserved_ports).
	FindingReserved FindingID = "reserved"
	// FindingPrivileged: the user may not bind it.
	FindingPrivileged FindingID = "privileged"
	// FindingBrowserBlocked: browsers refuse to connect to it (WHATWG Fetch,
	// port blocking).
	FindingBrowserBlocked FindingID = "browser_blocked"
	// FindingShadowed: the port can be bound, and clients may still reach
	// another server.
	FindingShadowed FindingID = "shadowed"
	// FindingExposed: a port that commonly gives away data or control is
	// declared for every address.
	FindingExposed FindingID = "exposed"
	// FindingAddressNotLocal: the declared address is not this machine's.
	FindingAddressNotLocal FindingID = "address_not_local"
	// FindingBadValue: what stands where a port belongs is none.
	FindingBadValue FindingID = "bad_value"
	// FindingUnreadable: a file, or a part of it, could not be understood.
	FindingUnreadable FindingID = "unreadable"
	// FindingUnexpected: an expectation is not met.
	FindingUnexpected FindingID = "unexpected"
	// FindingRefused: the kernel refuses the bind for another reason.
	FindingRefused FindingID = "refused"
	// FindingUnknown: whether the port can be bound could not be told.
	FindingUnknown FindingID = "unknown"
)

// FindingIDs are all of them, in the order of docs/json.md.
func FindingIDs() []FindingID {
	return []FindingID{
		FindingTaken, FindingMine, FindingDeclaredTwice, FindingEphemeral, FindingReserved,
		FindingPrivileged, FindingBrowserBlocked, FindingShadowed, FindingExposed,
		FindingAddressNotLocal, FindingBadValue, FindingUnreadable, FindingUnexpected,
		FindingRefused, FindingUnknown,
	}
}

// Severity is how much a finding matters.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"   // the check fails
	SeverityWarning Severity = "warning" // it will bite some day
	SeverityNote    Severity = "note"    // good to know
)

// Finding is something about a declared or checked port that a person should
// know before anything starts.
type Finding struct {
	ID       FindingID `json:"id"`
	Severity Severity  `json:"severity"`
	// Allowed says that somebody has agreed to it, so that it fails nothing.
	Allowed bool `json:"allowed"`
	// File is empty, and Line and Column are 0, where the port came from the
	// command line.
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	// Name is that of the declaration.
	Name string `json:"name"`
	// Protocol is empty and Port is 0 where it is about a file.
	Protocol port.Protocol `json:"protocol,omitempty"`
	Address  string        `json:"address"`
	Port     uint16        `json:"port"`
	// Summary is one sentence. It may quote process names and files.
	Summary string `json:"summary"`
	// Causes are those of the port's result that explain it.
	Causes   []CauseID `json:"causes"`
	Remedies []Remedy  `json:"remedies"`
}

// Allowance is an agreement to a finding.
type Allowance struct {
	ID FindingID
	// Port is 0 for every port.
	Port uint16
}
