package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// answersText says whom clients on this machine reach, where that is not what
// anybody would expect: several servers share the number, or a rule takes the
// traffic.
func answersText(r report.Result) []term.Text {
	surprising := slices.ContainsFunc(r.Causes, func(c report.Cause) bool { return c.ID == "shadowed" }) ||
		slices.ContainsFunc(r.Answers, func(a report.Answer) bool { return a.Redirected != "" })
	if !surprising {
		return nil
	}
	type group struct{ destinations, whom string }
	var groups []group
	var several []bool
	for i, a := range r.Answers {
		if i > 0 && r.Answers[0].Destination == "localhost" && a.Address == r.Answers[0].Address {
			continue // localhost has told it
		}
		name := a.Destination
		if a.Address != name {
			name += " (" + a.Address + ")"
		}
		whom := whoAnswers(r, a)
		at := slices.IndexFunc(groups, func(g group) bool { return g.whom == whom })
		if at < 0 {
			groups = append(groups, group{name, whom})
			several = append(several, false)
			continue
		}
		groups[at].destinations += ", " + name
		several[at] = true
	}
	var out []term.Text
	for i, g := range groups {
		verb := "reaches"
		if several[i] {
			verb = "reach"
			at := strings.LastIndex(g.destinations, ", ")
			g.destinations = g.destinations[:at] + " and " + g.destinations[at+2:]
		}
		out = append(out, term.Cleanf("%s %s %s", g.destinations, verb, g.whom))
	}
	return out
}

// whoAnswers names who serves a client, with the address they serve on.
func whoAnswers(r report.Result, a report.Answer) string {
	var names []string
	for _, s := range pointersTo(r.Sockets) {
		if !slices.Contains(a.Sockets, s.ID) {
			continue
		}
		name := "a process that could not be named"
		if len(s.Holders) > 0 {
			name = fmt.Sprintf("%s (pid %d)", s.Holders[0].Name, s.Holders[0].PID)
		} else if s.User != "" {
			name = "a process of " + s.User
		}
		if name += " on " + s.Local.Addr().String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	whom := strings.Join(names, " or ")
	switch {
	case a.Redirected != "" && whom != "":
		return fmt.Sprintf("%s, redirected by the packet filter to %s", whom, a.Redirected)
	case a.Redirected != "":
		return a.Redirected + ", redirected by the packet filter"
	case whom == "":
		return "nobody"
	}
	return whom
}
