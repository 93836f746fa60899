package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// declaredTwice says that an earlier declaration wants the same port, at the
// same time and on an address that both include. It is told at the later one,
// about the first one that it meets.
func declaredTwice(c *checker, w *wanted) (report.Finding, bool) {
	if w.declaration == nil || w.isRange() {
		return report.Finding{}, false
	}
	for _, first := range c.declared[place{w.protocol, w.ports.First}] {
		if first == w {
			break
		}
		a, b := first.declaration, w.declaration
		severity := together(a, b, c.preflight.Profiles)
		if severity == "" || !c.addressesMeet(first, w) {
			continue
		}
		if severity == report.SeverityError && (first.inactive || w.inactive) {
			severity = report.SeverityWarning // it will be so when the profile is started
		}
		verb := "both want"
		if severity != report.SeverityError {
			verb = "may both want"
		}
		return report.Finding{
			ID: report.FindingDeclaredTwice, Severity: severity,
			Summary: fmt.Sprintf("%s and %s %s %s", declarer(a, b), declarer(b, a), verb, w.name()),
			Remedies: []report.Remedy{
				{Summary: fmt.Sprintf("give one of them another port: %s or %s", placeOf(a), placeOf(b))},
			},
		}, true
	}
	return report.Finding{}, false
}

// declarer names a declaration beside another one.
func declarer(d, other *report.Declaration) string {
	name := d.Name
	if name == "" {
		name = "a port"
	}
	if d.Format == report.FormatCompose && d.Project != "" && d.Project != other.Project {
		name += " of " + d.Project
	}
	return fmt.Sprintf("%s (%s)", name, placeOf(d))
}

// together tells how surely two declarations of a port are about two programs
// that run at the same time; empty for not at all. Different files often say
// the same about one program, so what they have in common is no error.
func together(a, b *report.Declaration, profiles []string) report.Severity {
	sameFile := a.File == b.File
	switch {
	case sameFile && a.Line == b.Line && a.Column == b.Column, sameStarter(a, b):
		return ""
	case a.Format == report.FormatCompose && b.Format == report.FormatCompose:
		if !startTogether(a.Profiles, b.Profiles, profiles) {
			return ""
		}
		return report.SeverityError
	case a.Format == report.FormatPortwho || b.Format == report.FormatPortwho:
		// The project's own list names ports that other files declare.
		if a.Format != b.Format {
			return ""
		}
		return report.SeverityError
	case a.Format == b.Format:
		switch a.Format {
		case report.FormatPackageJSON, report.FormatLaunchSettings:
			return "" // one is chosen when the project is started
		case report.FormatEnv, report.FormatKubernetes:
			// Several variables may be for one program; two pods may be on two
			// machines.
			return report.SeverityWarning
		case report.FormatProcfile:
			if !sameFile {
				return ""
			}
		}
		return report.SeverityError
	}
	return acrossFormats(a, b)
}

// sameStarter reports whether two declarations are one thing said twice: a
// variable of two .env files, a port of a service that an override repeats.
func sameStarter(a, b *report.Declaration) bool {
	if a.Format != b.Format || a.Name != b.Name || a.Project != b.Project {
		return false
	}
	switch a.Format {
	case report.FormatEnv:
		return true
	case report.FormatCompose, report.FormatDevcontainer:
		return a.Target == b.Target && a.Address == b.Address
	}
	return a.File != b.File
}

// startTogether reports whether two services of compose start at the same time:
// the profiles of both are among the chosen ones, or one is in all of the
// other's. A service without a profile always starts.
func startTogether(a, b, chosen []string) bool {
	if len(a) == 0 || len(b) == 0 {
		return true
	}
	isChosen := func(profile string) bool { return slices.Contains(chosen, profile) }
	switch {
	case slices.Contains(chosen, "*"):
		return true
	case slices.ContainsFunc(a, func(profile string) bool { return slices.Contains(b, profile) }):
		return true
	}
	return slices.ContainsFunc(a, isChosen) && slices.ContainsFunc(b, isChosen)
}

// acrossFormats compares what two kinds of files say. Only what an engine
// publishes is certainly another program than the one that a variable, a script
// or a Procfile is about.
func acrossFormats(a, b *report.Declaration) report.Severity {
	published, other := a, b
	if a.Use != report.UsePublish {
		published, other = b, a
	}
	switch {
	case published.Use != report.UsePublish || published.Format == report.FormatDevcontainer || other.Format == report.FormatDevcontainer:
		return ""
	case other.Use == report.UsePublish:
		return report.SeverityWarning // an engine and a cluster
	case slices.ContainsFunc(variablesIn(published.Text), func(name string) bool {
		return name == other.Name && other.Format == report.FormatEnv || slices.Contains(variablesIn(other.Text), name)
	}):
		return "" // one variable is what both go by
	case published.Target == other.Port, other.Format == report.FormatPackageJSON, other.Format == report.FormatLaunchSettings:
		// The program in the container may be the one, and whoever starts it by
		// hand may not start the container.
		return report.SeverityNote
	}
	return report.SeverityWarning
}

// variablesIn are the variables that a text has, as $NAME, ${NAME} or
// ${NAME:-default}.
func variablesIn(text string) []string {
	var out []string
	for {
		_, after, found := strings.Cut(text, "$")
		if !found {
			return out
		}
		text = strings.TrimPrefix(after, "{")
		end := 0
		for end < len(text) && isWordByte(text[end]) {
			end++
		}
		if end > 0 {
			out = append(out, text[:end])
		}
	}
}

func isWordByte(b byte) bool {
	return b == '_' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// addressesMeet reports whether a socket on the address of one keeps the other
// from its own. Engines publish on IPv4 and IPv6 by two sockets, so :: of
// theirs has no part in IPv4.
func (c *checker) addressesMeet(a, b *wanted) bool {
	if a.address == "" || b.address == "" {
		return true
	}
	as, okA := addressesNamed(a.address)
	bs, okB := addressesNamed(b.address)
	if !okA || !okB {
		return a.address == b.address
	}
	return len(as) == 0 || len(bs) == 0 || slices.ContainsFunc(as, func(x netip.Addr) bool {
		return slices.ContainsFunc(bs, func(y netip.Addr) bool {
			only := byEngine(a.declaration) || byEngine(b.declaration)
			candidate := host.Candidate{Protocol: port.TCP, Local: netip.AddrPortFrom(x, a.ports.First)}
			candidate.Options.IPv6Only = only
			existing := &host.Socket{Protocol: port.TCP, Local: netip.AddrPortFrom(y, a.ports.First), State: host.StateListen}
			if y.IsUnspecified() && y.Is6() {
				existing.V6Only = &only // any other address decides it
			}
			return overlap(candidate, existing) == yes
		})
	})
}
