package preflight

import (
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// ResolveExpectation gives an expectation with a Name the port that is declared
// under it, in portwho.yaml before any other file. Where nothing is, the Target
// that it has stays, and it is an error to have none.
//
// The error is always a *[SyntaxError].
func ResolveExpectation(e report.Expectation, declared []report.Declaration) (report.Expectation, error) {
	if e.Name == "" {
		return e, nil
	}
	var names, texts []string
	var targets []port.Target
	own := slices.ContainsFunc(declared, func(d report.Declaration) bool {
		return d.Format == report.FormatPortwho && d.Name == e.Name
	})
	for _, d := range declared {
		if own && d.Format != report.FormatPortwho {
			continue
		}
		if d.Port == 0 || d.LastPort != d.Port {
			continue
		}
		if d.Name != e.Name {
			names = append(names, d.Name)
			continue
		}
		t := targetOf(d)
		if text := t.String(); !slices.Contains(texts, text) {
			texts, targets = append(texts, text), append(targets, t)
		}
	}
	fail := func(reason, subject string) (report.Expectation, error) {
		if subject != "" {
			_, expected, _ := strings.Cut(e.Text, "=")
			subject += "=" + expected
		}
		return e, &SyntaxError{"expectation", e.Text, reason, subject}
	}
	switch {
	case len(targets) == 1:
		e.Target = targets[0]
		return e, nil
	case len(targets) > 1:
		return fail(e.Name+" has several ports: "+strings.Join(texts, ", "), texts[0])
	case e.Target.Ports.First == 0:
		return fail("no file declares a port "+quote(e.Name)+", and it is no known service", nearest(e.Name, names))
	}
	return e, nil
}

// targetOf is the target that stands for a declared port.
func targetOf(d report.Declaration) port.Target {
	t := port.Target{Protocol: d.Protocol, Ports: port.One(d.Port)}
	if d.Address != "" {
		address := d.Address
		if strings.Contains(address, ":") {
			address = "[" + address + "]"
		}
		if at, err := port.ParseTarget(address + ":" + t.Ports.String()); err == nil {
			t.Host, t.Addresses = at.Host, at.Addresses
		}
	}
	t.Text = t.String()
	return t
}
