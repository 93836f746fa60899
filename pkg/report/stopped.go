package report

import (
	"time"

	"github.com/portwho/portwho/pkg/host"
)

// StopSchema names the JSON form of a StopReport.
const StopSchema = "portwho.stop/1"

// StopReport is the answer to portwho kill: one outcome a port.
type StopReport struct {
	Schema  string    `json:"schema"`
	Tool    Tool      `json:"tool"`
	Host    host.Info `json:"host"`
	TakenAt time.Time `json:"taken_at"`
	// DryRun says that nothing was done: the outcomes hold plans only.
	DryRun   bool       `json:"dry_run"`
	Gaps     []host.Gap `json:"gaps"`
	Outcomes []Outcome  `json:"outcomes"`
}
