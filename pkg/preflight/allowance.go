package preflight

import (
	"slices"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/report"
)

// ParseAllowance reads an agreement to a finding: its id, and after a colon the
// port, where it is for one port alone: exposed:5432. A - counts as a _.
//
// The error is always a *[SyntaxError].
func ParseAllowance(text string) (report.Allowance, error) {
	text = strings.TrimSpace(text)
	id, number, hasPort := strings.Cut(text, ":")
	fail := func(reason, suggestion string) (report.Allowance, error) {
		return report.Allowance{}, &SyntaxError{"allowance", text, reason, suggestion}
	}
	words := findingWords()
	id = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(id)), "-", "_")
	if !slices.Contains(words, id) {
		better := nearest(id, words)
		if better != "" && hasPort {
			better += ":" + number
		}
		return fail("there is no such finding", better)
	}
	a := report.Allowance{ID: report.FindingID(id)}
	if !hasPort {
		return a, nil
	}
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 16)
	if err != nil || n == 0 {
		return fail("the port after the colon is a number from 1 to 65535", "")
	}
	a.Port = uint16(n)
	return a, nil
}

func findingWords() []string {
	ids := report.FindingIDs()
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = string(id)
	}
	return words
}
