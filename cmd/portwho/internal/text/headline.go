package text

import (
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// headline is the answer in one sentence, with the words that say how it
// stands in colour.
func headline(r report.Result) term.Text {
	if strings.TrimSpace(r.Summary) == "" {
		name := term.Clean(portName(r.Target.Port, r.Target.Protocol) + " is ").In(term.Bold)
		return name.Plus(term.Clean(statusWords(r.Status)).In(statusStyle(r.Status)))
	}
	before, status, after := splitSummary(r.Summary)
	return term.Clean(before).In(term.Bold).Plus(term.Clean(status).In(statusStyle(r.Status)), term.Clean(after))
}

// splitSummary finds the words of a summary that say how the port stands: what
// follows the subject ("62893/tcp is ") up to the first pause. Where there are
// none, all of it is after.
func splitSummary(summary string) (before, status, after string) {
	start, verb := len(summary), ""
	for _, v := range []string{" is ", " has ", " will ", " may ", " cannot "} {
		if i := strings.Index(summary, v); i >= 0 && i < start {
			start, verb = i, v
		}
	}
	if verb == "" {
		return "", "", summary
	}
	start++
	if verb == " is " {
		start += len("is ")
	}
	end := len(summary)
	for _, pause := range []string{":", ";", ",", " by ", " to "} {
		if i := strings.Index(summary[start:], pause); i >= 0 {
			end = min(end, start+i)
		}
	}
	return summary[:start], summary[start:end], summary[end:]
}

func statusStyle(s report.Status) term.Style {
	switch s {
	case report.StatusTaken:
		return term.Bad
	case report.StatusFree:
		return term.Good
	}
	return term.Warn
}

// statusWords is the status as a person says it.
func statusWords(s report.Status) string { return strings.ReplaceAll(string(s), "_", " ") }
