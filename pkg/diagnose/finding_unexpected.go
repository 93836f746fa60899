package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// unmet is the finding about an expectation that is not met, or of which that
// could not be told.
func (c *checker) unmet(e report.Expectation) []report.Finding {
	if e.Target.Ports.First == 0 {
		return nil
	}
	protocol := certainProtocols(e.Target, c.opts)[0]
	f := report.Finding{
		ID: report.FindingUnexpected, Severity: report.SeverityError, File: e.File, Line: e.Line, Name: e.Name,
		Protocol: protocol, Address: e.Target.Host, Port: e.Target.Ports.First,
	}
	r := c.results[seat{protocol, e.Target.Host, e.Target.Ports.First}]
	if r == nil {
		return nil
	}
	met, known, why := c.meets(e, r)
	switch {
	case met:
		return nil
	case known && e.Free:
		f.Summary = fmt.Sprintf("%s should be free, and %s", subjectOf(r), why)
	case !known:
		f.ID = report.FindingUnknown
		f.Summary = fmt.Sprintf("whether %s %s could not be told: %s", subjectOf(r), expectedWords(e, "is "), why)
	default:
		f.Summary = fmt.Sprintf("%s should %s: %s", subjectOf(r), expectedWords(e, "be "), why)
	}
	f = explained(f, r, func(id report.CauseID) bool { return !isOdd(id) })
	if e.Owner.Unit != "" && r.Status == report.StatusFree && c.linux() {
		f.Remedies = append(f.Remedies, report.Remedy{Summary: "start it", Command: c.asRoot("systemctl", "start", e.Owner.Unit)})
	}
	return []report.Finding{f}
}

// meets tells whether an expectation is met, and why not.
func (c *checker) meets(e report.Expectation, r *report.Result) (met, known bool, why string) {
	if e.Free {
		return r.Status == report.StatusFree, r.Status != report.StatusUnknown, strings.TrimPrefix(r.Summary, subjectOf(r)+" ")
	}
	met, known, why = Owns(c.snap, *r, e.Owner)
	if e.Reach == "" || known && !met {
		return met, known, why
	}
	reach := c.reach(r)
	if reach != e.Reach {
		return false, true, fmt.Sprintf("%s, which %s", why, reachWords(reach))
	}
	return met, known, why
}

// reach is how far the sockets that serve a result reach together.
func (c *checker) reach(r *report.Result) report.Reach {
	order := []report.Reach{report.ReachNone, report.ReachLoopback, report.ReachLink, report.ReachAll}
	most := 0
	for _, s := range servingOf(c.snap, *r) {
		as := *s
		as.State = host.StateListen // whoever serves, the address says how far
		if s.Serves() {
			as.State = s.State
		}
		most = max(most, slices.Index(order, reachOf(c.snap, &as)))
	}
	return order[most]
}

func reachWords(r report.Reach) string {
	switch r {
	case report.ReachLoopback:
		return "only this machine reaches"
	case report.ReachLink:
		return "others reach through one address"
	case report.ReachAll:
		return "others reach through every address"
	}
	return "nobody reaches"
}

// expectedWords writes what is expected after "is " or "be ".
func expectedWords(e report.Expectation, be string) string {
	if e.Free {
		return be + "free"
	}
	var words []string
	for _, part := range []struct{ key, value string }{
		{"process", e.Owner.Process}, {"user", e.Owner.User}, {"unit", e.Owner.Unit}, {"container", e.Owner.Container},
		{"service", e.Owner.Service}, {"a program in", e.Owner.Project},
	} {
		if part.value != "" {
			words = append(words, part.key+" "+part.value)
		}
	}
	if e.Owner.PID != 0 {
		words = append([]string{fmt.Sprintf("pid %d", e.Owner.PID)}, words...)
	}
	out := be + "served"
	if len(words) > 0 {
		out += " by " + strings.Join(words, " and ")
	}
	if e.Reach != "" {
		out += fmt.Sprintf(" with reach %s", e.Reach)
	}
	return out
}
