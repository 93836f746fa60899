package report

import (
	"time"

	"github.com/portwho/portwho/pkg/port"
)

// FreeSchema names the JSON form of a FreeReport.
const FreeSchema = "portwho.free/1"

// FreeReport is the answer to portwho free.
type FreeReport struct {
	Schema string `json:"schema"`
	Tool   Tool   `json:"tool"`
	// Project is the folder that the names belong to.
	Project string     `json:"project"`
	Ports   []FreePort `json:"ports"`
}

// FreePort is a port that was just proved to be free, and is now leased.
type FreePort struct {
	// Name is what the caller calls it; empty for none.
	Name     string        `json:"name"`
	Protocol port.Protocol `json:"protocol"`
	Port     uint16        `json:"port"`
	// Ephemeral says that the kernel may give the port to a connection at any
	// time. It is true only where the range that was asked for has no other.
	Ephemeral bool `json:"ephemeral"`
	// LeasedTo is the process that the lease ends with; 0 for none.
	LeasedTo int32 `json:"leased_to,omitempty"`
	// LeasedUntil is when the lease ends at the latest.
	LeasedUntil time.Time `json:"leased_until"`
}
