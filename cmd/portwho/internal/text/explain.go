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
	for _, one := range e.Ports {
		p.gap()
		p.explain(one)
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
	p.pairs(2, []pair{{"see", links(e.PortInfo)}})
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

// commonTools lists the tools with their risk.
func commonTools(info report.PortInfo) []term.Text {
	var out []term.Text
	for _, t := range info.KnownAs {
		line := term.Clean(t.Name)
		if risk := riskWords(t.Risk); risk != "" {
			line = line.Plus(term.Clean(": " + risk).In(riskStyle(t.Risk)))
		}
		out = append(out, line)
	}
	return out
}

func links(info report.PortInfo) []term.Text {
	var out []term.Text
	for _, t := range info.KnownAs {
		url := term.Clean(t.URL)
		if t.URL != "" && !slices.ContainsFunc(out, func(o term.Text) bool { return o.String() == url.String() }) {
			out = append(out, url)
		}
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
