package text

import (
	"slices"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// findings tells what was found in a sentence each, with what to do, the worst
// first. What somebody agreed to, and that a port is the project's own already,
// is in the table.
func (p *page) findings(findings []report.Finding) {
	sorted := slices.DeleteFunc(slices.Clone(findings), func(f report.Finding) bool { return weight(f) == 0 || f.ID == report.FindingMine })
	slices.SortStableFunc(sorted, func(a, b report.Finding) int { return weight(b) - weight(a) })
	var told []report.Remedy // a command that was told needs no second time
	apart := true
	for _, f := range sorted {
		remedies := slices.DeleteFunc(slices.Clone(f.Remedies), func(r report.Remedy) bool {
			return len(r.Command) > 0 && slices.ContainsFunc(told, func(o report.Remedy) bool { return slices.Equal(o.Command, r.Command) }) ||
				len(r.Command) == 0 && r.Summary == ""
		})
		remedies = remedies[:min(len(remedies), mostRemedies)]
		told = append(told, remedies...)
		if apart || len(remedies) > 0 {
			p.gap()
		}
		apart = len(remedies) > 0
		p.prose(0, 2, findingText(f))
		p.remedies(2, remedies)
	}
}

// findingText is a finding as compilers write what they find.
func findingText(f report.Finding) term.Text {
	place := placeOf(f.File, f.Line)
	if place != "" {
		place += ": "
	}
	return term.Clean(place).In(term.Bold).Plus(severityText(f), term.Cleanf(" %s", f.Summary), term.Cleanf(" [%s]", f.ID).In(term.Label))
}

func severityText(f report.Finding) term.Text {
	text := term.Cleanf("%s:", f.Severity)
	switch f.Severity {
	case report.SeverityError:
		return text.In(term.Bad)
	case report.SeverityWarning:
		return text.In(term.Warn)
	}
	return text.In(term.Label)
}

// checkTally counts ports and findings: 5 ports: 3 ok, 1 FAIL, 1 unknown; 2
// warnings.
func checkTally(rep report.Report, rows []checkRow) term.Text {
	if len(rep.Results) == 0 {
		out := term.Cleanf("%s declared", count(len(rep.Declarations), "port"))
		return out.Plus(countFindings(rep.Findings)...)
	}
	counts := map[string]int{}
	words := map[string]term.Text{}
	for _, r := range rows {
		word := r.word()
		if word.String() == "warn" || word.String() == "allowed" {
			word = term.Clean("ok").In(term.Good)
		}
		if r.unchecked != "" {
			word = term.Clean("not checked").In(term.Label)
		}
		counts[word.String()]++
		words[word.String()] = word
	}
	var parts []term.Text
	for _, word := range []string{"ok", "mine", "FAIL", "unknown", "not checked"} {
		if n := counts[word]; n > 0 {
			parts = append(parts, term.Cleanf("%d ", n).Plus(words[word]))
		}
	}
	out := term.Cleanf("%s: ", count(len(rows), "port")).Plus(term.Join(", ", parts...))
	return out.Plus(countFindings(rep.Findings)...)
}

// countFindings counts what the table does not show as a port that fails.
func countFindings(findings []report.Finding) []term.Text {
	var files, warnings, allowed int
	for _, f := range findings {
		switch {
		case f.Allowed:
			allowed++
		case f.Severity == report.SeverityWarning:
			warnings++
		case f.Severity == report.SeverityError && (f.ID == report.FindingBadValue || f.ID == report.FindingUnreadable):
			files++
		}
	}
	var parts []term.Text
	if files > 0 {
		parts = append(parts, term.Clean(count(files, "mistake")).In(term.Bad))
	}
	if warnings > 0 {
		parts = append(parts, term.Clean(count(warnings, "warning")).In(term.Warn))
	}
	if allowed > 0 {
		parts = append(parts, term.Cleanf("%d allowed", allowed))
	}
	if len(parts) == 0 {
		return nil
	}
	return []term.Text{term.Clean("; "), term.Join(", ", parts...)}
}

// mostRemarks is how many warnings are told about ports that were asked for one
// by one.
const mostRemarks = 3

// remarks tells what else there is to say about ports that were asked for one by
// one, in a sentence each.
func (p *page) remarks(findings []report.Finding) {
	found := slices.DeleteFunc(slices.Clone(findings), func(f report.Finding) bool { return f.Severity != report.SeverityWarning || f.Allowed })
	if len(found) == 0 {
		return
	}
	p.gap()
	for _, f := range found[:min(len(found), mostRemarks)] {
		p.prose(0, 2, findingText(f))
	}
	if more := len(found) - mostRemarks; more > 0 {
		p.prose(0, 2, term.Cleanf("and %s", count(more, "more warning")))
	}
}
