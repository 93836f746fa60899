package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// mostRivals bounds how many ranges are compared; a project with more of them on
// the same ports has other worries.
const mostRivals = 64

// tooFew says that ranges, any port of which will do, want more ports together
// than can be had of them. It is told at the last one that finds none.
func tooFew(c *checker, w *wanted) (report.Finding, bool) {
	if !w.isRange() || !c.isActive(w) || w.result == nil || inUse(w.result) && !c.isMine(w, w.result) {
		return report.Finding{}, false
	}
	rivals := []*wanted{w}
	for _, other := range c.wanted {
		if other == w {
			break
		}
		overlaps := other.ports.First <= w.ports.Last && w.ports.First <= other.ports.Last
		if other.isRange() && overlaps && c.isActive(other) && !slices.ContainsFunc(rivals, func(r *wanted) bool { return !c.rival(r, other) }) {
			if rivals = append(rivals, other); len(rivals) > mostRivals {
				return report.Finding{}, false
			}
		}
	}
	// Hall's theorem: there is a port for each unless some of them lie in a range
	// with fewer.
	for _, a := range rivals {
		for _, b := range rivals {
			within := port.Range{First: a.ports.First, Last: b.ports.Last}
			if within.First > w.ports.First || within.Last < w.ports.Last {
				continue
			}
			inside := slices.DeleteFunc(slices.Clone(rivals), func(r *wanted) bool { return r.ports.First < within.First || r.ports.Last > within.Last })
			if usable := c.usable(w, within); usable < len(inside) {
				return tooFewOf(within, usable, inside), true
			}
		}
	}
	return report.Finding{}, false
}

// isActive reports whether a file declares a port that will be had at its start.
func (c *checker) isActive(w *wanted) bool { return w.declaration != nil && !w.inactive }

// rival reports whether two declarations cannot have the same port.
func (c *checker) rival(a, b *wanted) bool {
	return a.protocol == b.protocol && together(a.declaration, b.declaration, c.preflight.Profiles) == report.SeverityError && c.addressesMeet(a, b)
}

// usable counts the ports of a range that a declaration may have: those that
// nobody else holds and no line declares by its number.
func (c *checker) usable(w *wanted, within port.Range) int {
	n := 0
	for number := int(within.First); number <= int(within.Last); number++ {
		r := c.results[seat{w.protocol, w.address, uint16(number)}]
		taken := r != nil && inUse(r) && !c.isMine(w, r)
		fixed := slices.ContainsFunc(c.declared[place{w.protocol, uint16(number)}], func(one *wanted) bool { return c.isActive(one) && c.rival(one, w) })
		if !taken && !fixed {
			n++
		}
	}
	return n
}

func tooFewOf(within port.Range, usable int, inside []*wanted) report.Finding {
	slices.Reverse(inside[1:]) // the declaration itself stands first, then the others
	slices.Reverse(inside)
	d := inside[len(inside)-1].declaration
	var names []string
	for _, w := range inside {
		names = append(names, declarer(w.declaration, d))
	}
	who := strings.Join(names, " and ")
	if len(names) > 2 {
		who = fmt.Sprintf("%s and %d more", strings.Join(names[:2], ", "), len(names)-2)
	}
	verb := "want a port each"
	if len(names) == 1 {
		verb = "wants a port"
	}
	had := fmt.Sprintf("%d can be had", usable)
	if usable == 0 {
		had = "none can be had: other lines declare them, or others hold them"
	}
	return report.Finding{
		ID: report.FindingDeclaredTwice, Severity: report.SeverityError,
		Summary:  fmt.Sprintf("%s %s of %s/%s, of which %s", who, verb, within, inside[0].protocol, had),
		Remedies: []report.Remedy{{Summary: fmt.Sprintf("give them more ports: %s", placeOf(d))}},
	}
}
