package text

import (
	"slices"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// commands writes what will be run, and why that is the right thing.
func (p *page) commands(commands []report.Command) {
	p.gapBefore(len(commands))
	for _, c := range commands {
		p.labelled(2, "run: ", c.Argv)
		p.prose(7, 0, term.Clean(c.Why))
	}
}

// labelled writes a command that can be pasted, behind a label.
func (p *page) labelled(indent int, label string, argv []string) {
	for i, line := range commandLines(argv, p.room(indent+len(label))) {
		lead := term.Clean(label).In(term.Label)
		if i > 0 {
			lead = spaces(len(label))
		}
		p.line(indent, lead.Plus(line.In(term.Bold)))
	}
}

// commandLines fits a command to a width. A script for the shell is shown as
// itself, which is what a person types.
func commandLines(argv []string, width int) []term.Text {
	if len(argv) == 3 && argv[0] == "sh" && argv[1] == "-c" {
		return term.WrapScript(argv[2], width)
	}
	return term.WrapCommand(argv, width, term.Continued)
}

// mostChildren and mostPorts are how many are named.
const (
	mostChildren = 6
	mostPorts    = 8
)

// blast writes what a stop touches beside the port.
func (p *page) blast(action report.Action) {
	lines := blastLines(action)
	p.gapBefore(len(lines))
	for _, line := range lines {
		p.prose(0, 2, line)
	}
}

func blastLines(action report.Action) []term.Text {
	b := action.Blast
	var lines []term.Text
	add := func(label string, text term.Text) { lines = append(lines, term.Clean(label).In(term.Label).Plus(text)) }
	if n := len(b.Ports); n > 0 {
		shown := slices.Clone(b.Ports[:min(n, mostPorts)])
		if n > mostPorts {
			shown = append(shown, count(n-mostPorts, "other"))
		}
		add("also closes: ", term.Clean(joinAnd(shown)))
	}
	if n := len(b.Children); n > 0 {
		shown := nameHolders(b.Children[:min(n, mostChildren)])
		if n > mostChildren {
			shown = shown.Plus(term.Cleanf(" and %d more", n-mostChildren))
		}
		fate := ", which may end with it or go on without it"
		if len(action.Victims) == 0 {
			fate = ", which should end with it"
		}
		add("below it: ", shown.Plus(term.Clean(fate)))
	}
	if b.Clients > 0 {
		add("clients: ", term.Clean(count(b.Clients, "open connection")))
	}
	if b.Restart != "" {
		add("comes back: ", term.Clean(b.Restart))
	}
	return lines
}

// again writes how to start what was stopped, each command on a line of its
// own so that it can be pasted.
func (p *page) again(remedies []report.Remedy, heading string) {
	if len(remedies) == 0 {
		return
	}
	p.gap()
	p.line(0, term.Clean(heading).In(term.Label))
	for _, r := range remedies {
		if len(r.Command) == 0 {
			p.prose(2, 2, term.Clean(r.Summary))
			continue
		}
		p.labelled(2, "", r.Command)
	}
}
