package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func shadowed(v *view) (report.Cause, bool) {
	rivals := v.rivals()
	if rivals == nil {
		return report.Cause{}, false
	}
	evidence := map[string]any{}
	var all []*host.Socket
	parts := make([]string, 0, len(rivals))
	confidence := report.Certain
	for _, g := range rivals {
		all = append(all, g...)
		name, _ := who(v.snap, g...)
		parts = append(parts, fmt.Sprintf("%s%s on %s", name, inCharge(g), addressList(g)))
		if slices.ContainsFunc(g, isHidden) {
			confidence = report.Likely // who cannot be seen may be one of the others
		}
	}
	evidence["sockets"] = ids(all)
	names := map[string]string{localhost: localhost, "127.0.0.1": "loopback_ipv4", "::1": "loopback_ipv6"}
	for _, a := range v.answers() {
		if name := names[a.destination]; name != "" {
			evidence[name] = ids(a.sockets)
		}
	}
	return report.Cause{
		ID:         CauseShadowed,
		Confidence: confidence,
		Summary:    fmt.Sprintf("%s have the port side by side, and which of them a client reaches depends on the address it uses", joinAnd(parts)),
		Evidence:   evidence,
		Remedies: []report.Remedy{{
			Summary: "stop one of the servers or give it another port; until then, write the address instead of localhost",
			Command: []string{},
		}},
	}, true
}

// rivals are the programs that serve the port beside each other so that one of
// them may get what was meant for another: their addresses meet, or one has
// localhost on IPv4 and the other on IPv6. Nil where there are none.
func (v *view) rivals() [][]*host.Socket {
	groups := v.programs(v.serving)
	if len(groups) < 2 {
		return nil
	}
	var out [][]*host.Socket
	for i, g := range groups {
		if slices.ContainsFunc(groups, func(other []*host.Socket) bool {
			return !slices.Equal(other, groups[i]) && v.compete(g, other)
		}) {
			out = append(out, g)
		}
	}
	return out
}

// compete reports whether clients can mistake the servers of two groups for
// each other.
func (v *view) compete(a, b []*host.Socket) bool {
	for _, s := range a {
		for _, t := range b {
			if s.InterfaceIndex != t.InterfaceIndex && s.InterfaceIndex != 0 && t.InterfaceIndex != 0 {
				continue
			}
			c := host.Candidate{Protocol: s.Protocol, Local: s.Local}
			c.Options.IPv6Only = effectiveV6Only(s) == yes
			if overlap(c, t) == yes {
				return true
			}
		}
	}
	if v.family != 0 {
		return false
	}
	four, six := v.answering(netip.AddrFrom4([4]byte{127, 0, 0, 1})), v.answering(netip.IPv6Loopback())
	return touches(four, a) && touches(six, b) || touches(four, b) && touches(six, a)
}

func touches(sockets, group []*host.Socket) bool {
	return slices.ContainsFunc(sockets, func(s *host.Socket) bool { return slices.Contains(group, s) })
}

// reached says which of the groups a client on this machine reaches, as a
// sentence to follow the list of them: ". localhost reaches the first".
func (v *view) reached(groups [][]*host.Socket) string {
	answers := v.answers()
	if len(answers) == 0 {
		return ""
	}
	if answers[0].destination == localhost && len(answers[0].sockets) > 0 {
		return ". " + v.reaches(answers[0], groups)
	}
	parts := make([]string, 0, len(answers))
	for i, a := range answers {
		if i == 0 || a.address != answers[0].address {
			parts = append(parts, v.reaches(a, groups))
		}
	}
	return ". " + joinAnd(parts)
}

func (v *view) reaches(a answer, groups [][]*host.Socket) string {
	var which []string
	for i, g := range groups {
		if touches(a.sockets, g) {
			which = append(which, "the "+ordinal(i))
		}
	}
	name := a.destination
	if a.address.String() != name {
		name += " (" + a.address.String() + ")"
	}
	switch {
	case len(which) == 0 && a.redirect != nil:
		return fmt.Sprintf("%s reaches neither: a rule sends it to %s", name, v.redirectTarget(a.redirect))
	case len(which) == 0 && len(groups) == 2:
		return name + " reaches neither"
	case len(which) == 0:
		return name + " reaches none of them"
	case len(which) == 1:
		return a.destination + " reaches " + which[0]
	}
	return a.destination + " reaches " + strings.Join(which, " or ")
}

func ordinal(i int) string {
	words := []string{"first", "second", "third", "fourth", "fifth"}
	if i < len(words) {
		return words[i]
	}
	return fmt.Sprintf("%dth", i+1)
}

// number writes small numbers as words.
func number(n int) string {
	words := []string{"no", "one", "two", "three", "four", "five"}
	if n < len(words) {
		return words[n]
	}
	return fmt.Sprint(n)
}
