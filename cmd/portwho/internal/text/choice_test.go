package text

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// stoppingSome is a plan for one of two servers of a port.
func stoppingSome() report.Action {
	a := stopping()
	a.Only = []string{"process 41233 1"}
	a.Left = []string{"node (pid 813) on [::1]:62893"}
	a.Candidates = []host.Candidate{
		{Protocol: port.TCP, Local: netip.MustParseAddrPort("127.0.0.1:62893")},
		{Protocol: port.TCP, Local: netip.MustParseAddrPort("0.0.0.0:62893")},
	}
	return a
}

func stoppedSome() report.Outcome {
	o := stopped()
	o.Action = stoppingSome()
	return o
}

// TestChoose writes what a person chooses from.
func TestChoose(t *testing.T) {
	alone := stoppingSome()
	alone.Candidates = nil
	second := stopping()
	second.Target.Protocol = port.UDP
	var b strings.Builder
	for _, tt := range []struct {
		name      string
		actions   []report.Action
		addresses []string
	}{
		{"a process", []report.Action{stopping()}, []string{"127.0.0.1"}},
		{"two ports", []report.Action{stopping(), second}, []string{"127.0.0.1", "::1"}},
		{"a container", []report.Action{stoppingContainer()}, nil},
		{"one of two addresses", []report.Action{stoppingSome()}, nil},
		{"one of two on one address", []report.Action{alone}, nil},
		{"refused", []report.Action{refusing()}, nil},
	} {
		c := Choose(tt.actions, tt.addresses, options(80, false).at(taken))
		fmt.Fprintf(&b, "==== %s ====\nport %s\nwho %s\naddress %s\nuser %s\nup %s\ndoes %s\nrefused %v\n",
			tt.name, c.Port, c.Who, c.Address, c.User, c.Up, c.Does, c.Refused)
		for _, line := range c.Detail {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	compare(t, "testdata/choices.golden", b.String())
}

// TestChooseHostile: nothing from outside reaches the terminal as it is.
func TestChooseHostile(t *testing.T) {
	const bad = "\x1b[2J\r\n\u202e"
	a := stopping()
	a.Victims[0].Name, a.Victims[0].User, a.Victims[0].Cwd, a.Victims[0].Command = bad, bad, bad, []string{bad, bad}
	a.Left, a.Blast.Restart = []string{bad}, bad
	a.Commands = []report.Command{{Argv: []string{bad}, Why: bad, Manager: host.Manager{Kind: host.ManagerContainer, Name: bad}}}
	refused := a
	refused.Refusals = []report.Refusal{{Summary: bad, Command: []string{bad}, Flag: "--force"}}
	for _, action := range []report.Action{a, refused} {
		c := Choose([]report.Action{action}, []string{bad}, options(80, false))
		for _, text := range append([]term.Text{c.Port, c.Who, c.Address, c.User, c.Up, c.Does}, c.Detail...) {
			if s := text.String(); term.Sanitize(s) != s {
				t.Errorf("not sanitised: %q", s)
			}
		}
	}
}
