package text

import (
	"slices"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// mostRemedies is how many remedies are shown. The first ones are the best.
const mostRemedies = 4

const labelNext = "next: "

// remediesOf collects the remedies of causes, each command once. Those with a
// command come first.
func remediesOf(causes []report.Cause) []report.Remedy {
	var commands, advice []report.Remedy
	for _, c := range causes {
		for _, r := range c.Remedies {
			switch {
			case len(r.Command) == 0 && r.Summary == "":
			case len(r.Command) == 0:
				if !slices.ContainsFunc(advice, func(o report.Remedy) bool { return o.Summary == r.Summary }) {
					advice = append(advice, r)
				}
			case !slices.ContainsFunc(commands, func(o report.Remedy) bool { return slices.Equal(o.Command, r.Command) }):
				commands = append(commands, r)
			}
		}
	}
	all := append(commands, advice...)
	return all[:min(len(all), mostRemedies)]
}

// next writes what to do: commands with what they are for beside them, or
// below them where the line is too short.
func (p *page) next(causes []report.Cause) {
	remedies := remediesOf(causes)
	p.gapBefore(len(remedies))
	p.remedies(0, remedies)
}

// remedies writes what to do below the margin.
func (p *page) remedies(margin int, remedies []report.Remedy) {
	widest := 0
	for _, r := range remedies {
		if len(r.Command) > 0 {
			widest = max(widest, term.Width(term.QuoteCommand(r.Command)))
		}
	}
	indent := margin + len(labelNext)
	beside := true
	for _, r := range remedies {
		need := widest + 2*len(between) + term.Width(term.Sanitize(r.Summary))
		beside = beside && (len(r.Command) == 0 || p.room(indent) == 0 || need <= p.room(indent))
	}
	var lines []term.Text
	for _, r := range remedies {
		lines = append(lines, p.remedyLines(r, indent, widest, beside)...)
	}
	for i, line := range lines {
		if i == 0 {
			p.line(margin, term.Clean(labelNext).In(term.Label).Plus(line))
		} else {
			p.line(indent, line)
		}
	}
}

func (p *page) remedyLines(r report.Remedy, indent, widest int, beside bool) []term.Text {
	room := p.room(indent)
	if len(r.Command) == 0 {
		return term.Wrap(term.Clean(r.Summary), room)
	}
	if beside {
		command := term.Clean(term.QuoteCommand(r.Command))
		pad := widest + 2*len(between) - command.Width()
		return []term.Text{command.In(term.Bold).Plus(spaces(pad), term.Clean(r.Summary))}
	}
	var lines []term.Text
	for _, line := range term.WrapCommand(r.Command, room, term.Continued) {
		lines = append(lines, line.In(term.Bold))
	}
	if r.Summary != "" {
		for _, line := range term.Wrap(term.Clean(r.Summary), p.room(indent+len(between))) {
			lines = append(lines, spaces(len(between)).Plus(line))
		}
	}
	return lines
}
