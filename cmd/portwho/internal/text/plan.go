package text

import (
	"io"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// Plan writes what a stop would do: what it runs and why, the processes it
// ends, what else that touches, and what stands against it.
func Plan(w io.Writer, action report.Action, opts Options) error {
	p := newPage(opts)
	if err := p.plan(action); err != nil {
		return err
	}
	return p.writeTo(w)
}

func (p *page) plan(action report.Action) error {
	name := portName(action.Target.Port, action.Target.Protocol)
	subject := term.Clean(name + ": ").In(term.Bold)
	switch {
	case len(action.Refusals) > 0:
		p.prose(0, 2, subject.Plus(term.Clean("refused").In(term.Bad), term.Clean(", nothing will be stopped")))
	case len(action.Victims) == 0 && len(action.Commands) == 0:
		p.prose(0, 2, subject.Plus(term.Clean("nothing").In(term.Good), term.Clean(" to stop")))
	default:
		p.prose(0, 2, subject.Plus(term.Clean("will stop ").In(term.Warn), willStop(action)))
	}
	p.commands(action.Commands)
	if err := p.victims(action.Victims); err != nil {
		return err
	}
	p.refusals(action.Refusals)
	p.spared(action.Spared)
	p.left(action)
	p.blast(action)
	p.again(action.Again, "to start it again:")
	return nil
}

// willStop names what a plan stops, things in charge before processes.
func willStop(action report.Action) term.Text {
	names := make([]string, 0, len(action.Commands)+1)
	for _, c := range action.Commands {
		names = append(names, managerName(c.Manager))
	}
	if n := len(action.Victims); n > 0 {
		names = append(names, processCount(n).String())
	}
	return term.Clean(joinAnd(names))
}

func processCount(n int) term.Text {
	if n == 1 {
		return term.Clean("1 process")
	}
	return term.Cleanf("%d processes", n)
}

func (p *page) victims(victims []report.Victim) error {
	if len(victims) == 0 {
		return nil
	}
	p.gap()
	t := &table{columns: []*column{
		{title: "PROCESS", least: 20, cut: cutHolder},
		{title: "USER", least: 8, drop: 2},
		{title: "UP", drop: 1},
		{title: "WHY"},
		{title: "COMMAND", least: 20, drop: 3},
	}}
	for _, v := range victims {
		up := term.Text{}
		if v.StartTime != nil && !p.opts.Now.IsZero() {
			up = term.Clean(age(p.opts.Now.Sub(*v.StartTime)))
		}
		t.add(nameHolders([]report.Holder{v.Holder}), victimUser(v), up, term.Clean(roleText(v)), commandText(v.Command))
	}
	return p.table(2, t, true)
}

// roleText says why a process is stopped.
func roleText(v report.Victim) string {
	switch v.Role {
	case report.RoleWatcher:
		return "starts it again"
	case report.RoleMaster:
		return "leads its workers"
	case report.RoleChild:
		return "child"
	}
	return "holds " + count(len(v.Sockets), "socket")
}

func victimUser(v report.Victim) term.Text {
	switch {
	case v.User != "":
		return term.Clean(v.User)
	case v.UID != nil:
		return term.Cleanf("uid %d", *v.UID)
	}
	return term.Text{}
}

// refusals say why not, and the right thing to run instead.
func (p *page) refusals(refusals []report.Refusal) {
	p.gapBefore(len(refusals))
	for _, r := range refusals {
		p.prose(0, 2, term.Clean("refused: ").In(term.Bad).Plus(term.Clean(r.Summary)))
		if len(r.Command) > 0 {
			p.runInstead(r.Command)
		}
		if r.Flag != "" {
			p.prose(2, 2, term.Cleanf("%s stops it all the same", r.Flag))
		}
	}
}

func (p *page) runInstead(argv []string) {
	const label = "run instead: "
	for i, line := range term.WrapCommand(argv, p.room(2+len(label)), term.Continued) {
		lead := term.Clean(label).In(term.Label)
		if i > 0 {
			lead = spaces(len(label))
		}
		p.line(2, lead.Plus(line.In(term.Bold)))
	}
}

// left says what goes on having the port because it was not chosen, and what
// that means for the port.
func (p *page) left(action report.Action) {
	if len(action.Left) == 0 {
		return
	}
	p.gap()
	p.prose(0, 2, term.Clean("not chosen: ").In(term.Warn).Plus(term.Clean(joinAnd(action.Left)), term.Clean(leftMeans(action))))
}

func leftMeans(action report.Action) string {
	if len(action.Candidates) == 0 {
		return ", so the port will not be free"
	}
	return ", so the port will be free on " + joinAnd(candidateAddresses(action)) + " only"
}

// candidateAddresses are where a stop proves the port free.
func candidateAddresses(action report.Action) []string {
	out := make([]string, 0, len(action.Candidates))
	for _, c := range action.Candidates {
		out = append(out, c.Local.Addr().String())
	}
	return out
}

// spared names the processes that talk to the port and are left alone.
func (p *page) spared(spared []report.Holder) {
	if len(spared) == 0 {
		return
	}
	p.gap()
	talk := map[bool]string{true: "talks", false: "talk"}[len(spared) == 1]
	p.prose(0, 2, term.Clean("left alone: ").In(term.Label).Plus(nameHolders(spared), term.Cleanf(", which only %s to the port", talk)))
}
