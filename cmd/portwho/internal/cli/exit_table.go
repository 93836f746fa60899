package cli

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// ExitStatus is an exit code of a command and what it means. The help, the man
// pages and the Markdown pages tell them from the same table.
type ExitStatus struct {
	// Code is a number, or N where it is another program's.
	Code string
	// Meaning is part of a sentence in lower case.
	Meaning string
}

func usageStatus() ExitStatus    { return ExitStatus{"2", "usage"} }
func internalStatus() ExitStatus { return ExitStatus{"5", "portwho itself failed"} }

// exits adds to the codes of a command those that every command has, and sorts
// them.
func exits(own ...ExitStatus) []ExitStatus {
	for _, s := range []ExitStatus{
		usageStatus(), {"3", "could not tell"}, internalStatus(), {"130", "interrupted"},
	} {
		if !slices.ContainsFunc(own, func(o ExitStatus) bool { return o.Code == s.Code }) {
			own = append(own, s)
		}
	}
	slices.SortStableFunc(own, func(a, b ExitStatus) int { return cmp.Compare(number(a.Code), number(b.Code)) })
	return own
}

func number(code string) int {
	n, _ := strconv.Atoi(code)
	return n
}

// exitWords tells exit codes in a line or two of help, without what goes without
// saying.
func exitWords(statuses []ExitStatus) string {
	var words []string
	for _, s := range statuses {
		if n := number(s.Code); n != exitInternal && n != exitInterrupted {
			words = append(words, s.Code+" "+s.Meaning)
		}
	}
	const before, wide = len("Exit codes: "), 80
	var b strings.Builder
	column := before
	for i, w := range words {
		if i < len(words)-1 {
			w += ","
		}
		switch {
		case i == 0:
		case column+1+len(w) > wide:
			b.WriteString("\n" + strings.Repeat(" ", before))
			column = before
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(w)
		column += len(w)
	}
	return b.String()
}
