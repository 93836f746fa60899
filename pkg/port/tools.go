package port

// Tool is a developer tool that commonly uses a port. A number never proves
// the tool.
type Tool struct {
	Name string `json:"name"`
	// Risk is what a stranger who can reach the port commonly gets.
	Risk Risk `json:"risk"`
	// URL is the documentation that names the port.
	URL string `json:"url"`
}

// Risk tags what an exposed port commonly gives away.
type Risk string

// The risk tags.
const (
	RiskNone  Risk = ""
	RiskRCE   Risk = "rce"   // running code without a password
	RiskAdmin Risk = "admin" // control or data without a password by default
	RiskDB    Risk = "db"    // a data store; authentication varies
)
