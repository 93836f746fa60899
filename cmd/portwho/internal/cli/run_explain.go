package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/lease"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// unnamedPort is all there is to say where a program keeps the port to itself.
const unnamedPort = "note: the command says that a port is in use, and not which; portwho without arguments lists what listens"

// notStarted says why the command was not run.
func (a *app) notStarted(ctx context.Context, f toldFailure) error {
	if f.Port != 0 {
		if rep, err := a.verdictOn(ctx, []port.Target{targetFor(f.Protocol, f.Port)}); err == nil {
			a.printBeside(rep)
		}
	}
	return &failure{f.Code, errors.New(f.Error), f.Hint}
}

// explainFailure tells about the ports that the command wanted and could not
// have. What it wrote says which; where that could not be read, its leases are
// looked at, and if it says that some port is in use, the numbers among its
// arguments. A port that the command's own leftovers keep is told of there.
func (a *app) explainFailure(ctx context.Context, argv []string, wrote []byte, leases []lease.Lease, left []leftover) {
	refused, said := refusals(wrote)
	var targets []port.Target
	for _, r := range refused {
		targets = append(targets, targetFor(r.protocol, r.number))
	}
	guessed := len(targets) == 0
	if guessed {
		if len(wrote) > 0 && !said {
			return // it failed for another reason
		}
		for _, l := range leases {
			if !slices.ContainsFunc(left, func(o leftover) bool { return o.number == l.Port }) {
				targets = append(targets, targetFor(l.Protocol, l.Port))
			}
		}
		if said {
			targets = append(targets, numbersIn(argv)...)
		}
	}
	if len(targets) == 0 {
		if said {
			a.note("%s", unnamedPort)
		}
		return
	}
	rep, err := a.verdictOn(ctx, targets)
	if err != nil {
		return
	}
	if guessed {
		// Nothing says that the command wanted these; one that is taken is worth a
		// word.
		rep.Results = slices.DeleteFunc(rep.Results, func(r report.Result) bool { return heldCode(r) != exitOK })
	}
	switch {
	case !guessed:
		a.note("note: the command says that a port is in use")
	case said && len(rep.Results) > 0:
		a.note("note: the command says that a port is in use, and not which; it was given this one")
	case len(rep.Results) > 0:
	case said:
		a.note("%s", unnamedPort)
		return
	default:
		return
	}
	a.printBeside(rep)
}

// numbersIn are the arguments of a command that could be ports, whole or at the
// end, as in --port=8080 and 127.0.0.1:8080, each once.
func numbersIn(argv []string) []port.Target {
	var out []port.Target
	for _, arg := range argv[min(1, len(argv)):] {
		digits := arg[len(strings.TrimRight(arg, "0123456789")):]
		number, err := strconv.ParseUint(digits, 10, 16)
		if err != nil || number == 0 {
			continue
		}
		t := targetFor(port.TCP, uint16(number))
		if !slices.ContainsFunc(out, func(o port.Target) bool { return o.Ports == t.Ports }) {
			out = append(out, t)
		}
	}
	return out
}

// verdictOn answers as portwho TARGET does.
func (a *app) verdictOn(ctx context.Context, targets []port.Target) (report.Report, error) {
	snap, err := a.snapshot(ctx, host.Scope{Ports: portRanges(targets), Protocols: wanted(targets, nil)}, asked)
	if err != nil {
		return report.Report{}, err
	}
	return a.settle(ctx, snap, targets, diagnose.Options{Tool: tool()}, false), nil
}

// printBeside writes a verdict to stderr, where it is in nobody's way.
func (a *app) printBeside(rep report.Report) {
	beside := *a
	beside.stdout = a.stderr
	_ = beside.printVerdict(rep, lookFlags{})
}

func targetFor(protocol port.Protocol, number uint16) port.Target {
	t := port.Target{Protocol: protocol, Ports: port.One(number)}
	t.Text = fmt.Sprintf("%s/%d", protocol, number)
	return t
}
