package text

import (
	"slices"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// Choice is one thing that a person may choose to stop, in the words of a line.
type Choice struct {
	Port, Who, Address, User, Up, Does term.Text
	// Detail is what there is to know before it is chosen, a paragraph each.
	Detail []term.Text
	// Refused says that it cannot be chosen; Does and Detail tell why.
	Refused bool
}

// Choose puts one thing that could be stopped into words. The actions are the
// plans for it, one a port; addresses are where it has those ports.
func Choose(actions []report.Action, addresses []string, opts Options) Choice {
	first := actions[0]
	c := Choice{Who: choiceName(first), Address: term.Clean(strings.Join(addresses, ", "))}
	var ports []string
	var held []*report.Socket
	for _, a := range actions {
		ports = append(ports, choicePort(a.Target))
		held = append(held, &report.Socket{Holders: holdersOfAction(a)})
	}
	c.Port = term.Clean(strings.Join(ports, ", "))
	c.User, c.Up = userCell(held), upCell(held, opts.Now)
	for _, a := range actions {
		if len(a.Refusals) > 0 {
			c.Refused = true
			c.Does = term.Clean("refused: ").In(term.Bad).Plus(term.Clean(a.Refusals[0].Summary))
			c.Detail = refusalDetail(a)
			return c
		}
	}
	c.Does = choiceDoes(first)
	c.Detail = choiceDetail(first, opts)
	return c
}

// choicePort is a port as portwho kill takes it: a number alone means TCP.
func choicePort(t report.Target) string {
	if t.Protocol == port.TCP {
		return portNumber(t.Port)
	}
	return portName(t.Port, t.Protocol)
}

// choiceName is what is in charge, else who holds the port.
func choiceName(a report.Action) term.Text {
	if len(a.Commands) > 0 {
		names := make([]string, len(a.Commands))
		for i, command := range a.Commands {
			names[i] = managerName(command.Manager)
		}
		return term.Clean(joinAnd(names))
	}
	if len(a.Victims) == 0 {
		return term.Text{}
	}
	return nameHolders(holdersOfAction(a))
}

// holdersOfAction are the processes that an action ends, by whatever means.
func holdersOfAction(a report.Action) []report.Holder {
	victims := slices.Clone(a.Victims)
	for _, command := range a.Commands {
		victims = append(victims, command.Processes...)
	}
	out := make([]report.Holder, 0, len(victims))
	for _, v := range victims {
		out = append(out, v.Holder)
	}
	return out
}

// choiceDoes is what stopping it takes.
func choiceDoes(a report.Action) term.Text {
	var parts []term.Text
	for _, command := range a.Commands {
		parts = append(parts, term.Clean("run ").Plus(commandLines(command.Argv, 0)...))
	}
	if n := len(a.Victims); n > 0 {
		parts = append(parts, term.Clean("end ").Plus(processCount(n)))
	}
	return term.Join(", ", parts...)
}

func refusalDetail(a report.Action) []term.Text {
	var out []term.Text
	for _, r := range a.Refusals {
		out = append(out, term.Clean("refused: ").In(term.Bad).Plus(term.Clean(r.Summary)))
		if len(r.Command) > 0 {
			out = append(out, term.Clean("run instead: ").In(term.Label).Plus(commandLines(r.Command, 0)...))
		}
		if r.Flag != "" {
			out = append(out, term.Cleanf("%s stops it all the same", r.Flag))
		}
	}
	return out
}

func choiceDetail(a report.Action, opts Options) []term.Text {
	var out []term.Text
	for _, c := range a.Commands {
		out = append(out, term.Clean(c.Why))
	}
	if len(a.Victims) > 0 {
		v := a.Victims[0]
		line := term.Clean("command: ").In(term.Label).Plus(commandText(v.Command))
		if v.Cwd != "" && v.Cwd != "/" {
			line = line.Plus(term.Clean(" in ").In(term.Label), opts.path(v.Cwd))
		}
		if len(v.Command) > 0 {
			out = append(out, line)
		}
	}
	if len(a.Left) > 0 {
		out = append(out, term.Clean("beside it: ").In(term.Warn).Plus(term.Clean(joinAnd(a.Left)), term.Clean(alone(a))))
	}
	return append(out, blastLines(a)...)
}

// alone says what comes of the port when nothing else is chosen.
func alone(a report.Action) string {
	if len(a.Candidates) == 0 {
		return "; to stop this alone does not free the port"
	}
	return "; to stop this alone frees the port on " + joinAnd(candidateAddresses(a)) + " only"
}
