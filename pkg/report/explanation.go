package report

import "github.com/portwho/portwho/pkg/port"

// ExplanationSchema names the JSON form of an Explanation.
const ExplanationSchema = "portwho.explain/1"

// Explanation is the answer to portwho explain: what port numbers, causes and
// findings mean.
type Explanation struct {
	Schema   string             `json:"schema"`
	Tool     Tool               `json:"tool"`
	Ports    []ExplainedPort    `json:"ports"`
	Causes   []ExplainedCause   `json:"causes"`
	Findings []ExplainedFinding `json:"findings"`
}

// ExplainedFinding is what one finding of portwho check means, whatever the
// port.
type ExplainedFinding struct {
	ID FindingID `json:"id"`
	// Title says it in a phrase, Meaning in some sentences with what to do.
	Title   string `json:"title"`
	Meaning string `json:"meaning"`
}

// ExplainFinding says what a finding means; false for an id that does not exist.
func ExplainFinding(id FindingID) (ExplainedFinding, bool) {
	title, help := rule(id)
	return ExplainedFinding{id, title, help}, title != ""
}

// ExplainedCause is what one cause means, whatever the machine.
type ExplainedCause struct {
	ID CauseID `json:"id"`
	// Title says it in a phrase.
	Title string `json:"title"`
	// Meaning says in some sentences what happens, Evidence how it is told from
	// other causes, and Advice what to do.
	Meaning  string `json:"meaning"`
	Evidence string `json:"evidence"`
	Advice   string `json:"advice"`
	// Systems are the operating systems it exists on, by the names of Go
	// (runtime.GOOS).
	Systems []string `json:"systems"`
	// Told is false for an id that is kept until portwho tells the cause.
	Told bool `json:"told"`
}

// ExplainedPort is what one number means for one protocol.
type ExplainedPort struct {
	Protocol port.Protocol `json:"protocol"`
	Port     uint16        `json:"port"`
	PortInfo
}
