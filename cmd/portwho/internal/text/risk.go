package text

import (
	"slices"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// worstRisk is the gravest risk of what commonly uses a port.
func worstRisk(info report.PortInfo) port.Risk {
	for _, risk := range []port.Risk{port.RiskRCE, port.RiskAdmin, port.RiskDB} {
		if slices.ContainsFunc(info.KnownAs, func(t port.Tool) bool { return t.Risk == risk }) {
			return risk
		}
	}
	return port.RiskNone
}

// riskNote marks a port that others can reach and that commonly gives
// something away, in a phrase and in a word. What really listens there may be
// harmless: the number proves nothing, so the phrase says "commonly", and the word
// has a question mark.
func riskNote(s *report.Socket, info report.PortInfo) (long, short term.Text) {
	risk := worstRisk(info)
	exposed := s.Reach == report.ReachAll || s.Reach == report.ReachLink
	if !exposed || risk == port.RiskNone {
		return long, short
	}
	kind := map[port.Risk]string{
		port.RiskRCE:   "remote code execution",
		port.RiskAdmin: "admin port",
		port.RiskDB:    "database",
	}[risk]
	style := riskStyle(risk)
	bang := term.Clean("! ").In(style)
	var tools []port.Tool
	for _, t := range info.KnownAs {
		if t.Risk == risk {
			tools = append(tools, t)
		}
	}
	return bang.Plus(term.Cleanf("commonly %s: %s, reachable from outside", toolNames(tools, 2), kind)),
		term.Cleanf("! %s?", risk).In(style)
}

// riskWords says what a stranger who reaches the port commonly gets.
func riskWords(risk port.Risk) string {
	switch risk {
	case port.RiskRCE:
		return "whoever can connect commonly runs code without a password"
	case port.RiskAdmin:
		return "whoever can connect commonly gets control or data without a password"
	case port.RiskDB:
		return "a data store; whether it asks for a password varies"
	}
	return ""
}
