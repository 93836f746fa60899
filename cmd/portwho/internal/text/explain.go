package text

import (
	"io"
	"slices"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// Explain writes what port numbers mean: class, registration, common uses and
// how this machine treats them; then what causes and findings mean.
func Explain(w io.Writer, e report.Explanation, opts Options) error {
	p := newPage(opts)
	for i := 0; i < len(e.Ports); i++ {
		p.gap()
		p.explain(e.Ports[i])
		if i+1 == len(e.Ports) || !p.addsNothing(e.Ports[i], e.Ports[i+1]) {
			continue
		}
		i++
		same := "has the same class, service and rules"
		if len(e.Ports[i].KnownAs) == len(e.Ports[i-1].KnownAs) {
			same = "means the same"
		}
		p.line(2, term.Cleanf("%s %s.", portName(e.Ports[i].Port, e.Ports[i].Protocol), same))
	}
	for _, one := range e.Causes {
		p.gap()
		p.explainCause(one)
	}
	for _, one := range e.Findings {
		p.gap()
		p.prose(0, 2, term.Clean(string(one.ID)).In(term.Bold).Plus(term.Cleanf(": %s (a finding of portwho check)", lowerFirst(one.Title))))
		p.pairs(2, []pair{
			{"meaning", []term.Text{term.Clean(one.Meaning)}},
			{"agree to it", []term.Text{term.Cleanf("portwho check --allow %s, or allow: [%s] in portwho.yaml", one.ID, one.ID)}},
		})
	}
	return p.writeTo(w)
}

// lowerFirst writes a title in the middle of a line.
func lowerFirst(title string) string {
	if title == "" {
		return ""
	}
	return strings.ToLower(title[:1]) + title[1:]
}

func (p *page) explain(e report.ExplainedPort) {
	p.line(0, term.Clean(portName(e.Port, e.Protocol)).In(term.Bold))
	p.pairs(2, []pair{
		{"class", []term.Text{term.Cleanf("%s (%s): %s", e.Class, e.Range, classMeaning(e.Class))}},
		{"service", p.registration(e)},
		{"commonly", commonTools(e.PortInfo)},
		{"here", p.treatment(e.PortInfo)},
	})
	// Links have the line to themselves: a broken one cannot be followed.
	p.pairs(2, []pair{{"see", p.links(e)}})
	if len(e.KnownAs) > 0 {
		p.prose(2, 0, term.Cleanf("The number proves nothing: portwho %s tells who holds it.", targetOf(e)))
	}
}

// targetOf is what to type to ask about the port.
func targetOf(e report.ExplainedPort) string {
	t := port.Target{Ports: port.One(e.Port)}
	if e.Protocol != port.TCP {
		t.Protocol = e.Protocol
	}
	return t.String()
}

func classMeaning(c port.Class) string {
	switch c {
	case port.WellKnown:
		return "assigned by IANA, for system services"
	case port.Registered:
		return "given out by IANA on request"
	}
	return "never assigned, for anybody to use"
}

func (p *page) registration(e report.ExplainedPort) []term.Text {
	if e.Service == "" {
		if e.Class == port.Dynamic {
			return nil
		}
		return []term.Text{term.Clean("none registered")}
	}
	text := e.Service
	if s, ok := port.ServiceOf(e.Protocol, e.Port); ok && s.Name == e.Service && s.Description != "" {
		text += ", " + s.Description
	}
	return []term.Text{term.Clean(text + " (registered with IANA)")}
}

// addsNothing reports whether the other protocol of a port means the same, so
// that a line tells it.
func (p *page) addsNothing(one, other report.ExplainedPort) bool {
	return one.Port == other.Port && (len(other.KnownAs) == 0 || slices.Equal(one.KnownAs, other.KnownAs)) && one.Class == other.Class &&
		slices.EqualFunc(p.registration(one), p.registration(other), sameText) &&
		slices.EqualFunc(p.treatment(one.PortInfo), p.treatment(other.PortInfo), sameText)
}

func sameText(a, b term.Text) bool { return a.String() == b.String() }

// commonTools lists the tools, those of one risk together, in the order in which
// the risks are met.
func commonTools(info report.PortInfo) []term.Text {
	var risks []port.Risk
	byRisk := map[port.Risk][]port.Tool{}
	for _, t := range info.KnownAs {
		if !slices.Contains(risks, t.Risk) {
			risks = append(risks, t.Risk)
		}
		byRisk[t.Risk] = append(byRisk[t.Risk], t)
	}
	var out []term.Text
	for _, risk := range risks {
		line := term.Clean(toolNames(byRisk[risk], len(byRisk[risk])))
		if words := riskWords(risk); words != "" {
			line = line.Plus(term.Clean(": " + words).In(riskStyle(risk)))
		}
		out = append(out, line)
	}
	return out
}

// mostLinks is how many pages an explanation names: more than that nobody reads,
// and JSON has them.
const mostLinks = 5

func (p *page) links(e report.ExplainedPort) []term.Text {
	var out []term.Text
	for _, t := range e.KnownAs {
		url := term.Clean(t.URL)
		if t.URL != "" && !slices.ContainsFunc(out, func(o term.Text) bool { return sameText(o, url) }) {
			out = append(out, url)
		}
	}
	if len(out) > mostLinks {
		return []term.Text{term.Cleanf("portwho explain %s --json, for the documentation of each", targetOf(e))}
	}
	return out
}

func riskStyle(risk port.Risk) term.Style {
	if risk == port.RiskDB {
		return term.Warn
	}
	return term.Bad
}

// treatment says how this machine treats the port, and what of that is not
// known.
func (p *page) treatment(info report.PortInfo) []term.Text {
	var out []term.Text
	for _, remark := range machineRemarks(info) {
		out = append(out, term.Clean(remark))
	}
	if info.Privileged != nil && !*info.Privileged {
		out = append(out, term.Clean("any user may bind it"))
	}
	if info.Privileged == nil {
		out = append(out, term.Clean("whether it takes privileges to bind is unknown"))
	}
	if info.Ephemeral == nil {
		out = append(out, term.Clean("the ephemeral range is unknown"))
	}
	return out
}
