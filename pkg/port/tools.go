package port

import (
	_ "embed"
	"strings"
)

// tools is a table as described in table.go. A line is
//
//	5432	tcp	db	PostgreSQL	https://…
//
// with "none" for no risk. Within a port and protocol the tools that people
// meet most come first.
//
//go:embed tools.txt
var tools string

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

// ToolsOn returns the tools that commonly use a port, those that people meet
// most first; nil for none.
func ToolsOn(p Protocol, number uint16) []Tool {
	var on []Tool
	for line := range linesOf(tools, number) {
		if _, protocol, tool := parseTool(line); protocol == p {
			on = append(on, tool)
		}
	}
	return on
}

// toolPorts returns the ports that a tool commonly uses, sorted by protocol
// and number. The name is that of Tool, without regard to case.
func toolPorts(name string) []Assignment {
	var tcp, udp []Assignment
	for rest := tools; rest != ""; {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if number, protocol, tool := parseTool(line); strings.EqualFold(tool.Name, name) {
			if protocol == TCP {
				tcp = append(tcp, Assignment{protocol, number})
			} else {
				udp = append(udp, Assignment{protocol, number})
			}
		}
	}
	return append(tcp, udp...)
}

func parseTool(line string) (uint16, Protocol, Tool) {
	number, rest := leadingNumber(line)
	protocol, rest, _ := strings.Cut(strings.TrimPrefix(rest, "\t"), "\t")
	risk, rest, _ := strings.Cut(rest, "\t")
	name, url, _ := strings.Cut(rest, "\t")
	if risk == "none" {
		risk = ""
	}
	return number, Protocol(protocol), Tool{name, Risk(risk), url}
}
