package report

import "github.com/portwho/portwho/pkg/port"

// ExplanationSchema names the JSON form of an Explanation.
const ExplanationSchema = "portwho.explain/1"

// Explanation is the answer to portwho explain: what port numbers mean.
type Explanation struct {
	Schema string          `json:"schema"`
	Tool   Tool            `json:"tool"`
	Ports  []ExplainedPort `json:"ports"`
}

// ExplainedPort is what one number means for one protocol.
type ExplainedPort struct {
	Protocol port.Protocol `json:"protocol"`
	Port     uint16        `json:"port"`
	PortInfo
}
