package preflight

import (
	"strings"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// ParseExpectation reads what should be true of a port:
//
//	8080=free                          nobody has it and a server could bind it
//	3000=taken                         somebody serves it
//	5432=unit:postgresql.service       that unit serves it, and nobody else
//	127.0.0.1:3000=user:me,reach:loopback
//	udp/53=process:dnsmasq
//	web=free                           the port that the project calls web
//
// What stands before the first = is a target with a single port
// ([port.ParseTarget]), or a word that a file declares a port under. What
// comes after are free, taken, the keys of [ParseOwner], and reach:loopback,
// reach:link or reach:all, with commas in between. All must be met.
//
// A word is in Name. Its Target is the registered service of that name, and
// the zero Target where there is none; [ResolveExpectation] looks for what the
// project calls so.
//
// The error is always a *[SyntaxError].
func ParseExpectation(text string) (report.Expectation, error) {
	text = strings.TrimSpace(text)
	subject, expected, ok := strings.Cut(text, "=")
	subject, expected = strings.TrimSpace(subject), strings.TrimSpace(expected)
	fail := func(reason, suggestion string) (report.Expectation, error) {
		return report.Expectation{}, &SyntaxError{"expectation", text, reason, suggestion}
	}
	switch {
	case text == "":
		return fail("it is empty", "")
	case !ok:
		return fail("what is expected goes after a =", withoutEquals(text))
	}
	e := report.Expectation{Text: text}
	target, err := port.ParseTarget(subject)
	switch {
	case isName(subject):
		e.Name = subject
		if err == nil && target.Ports.Len() == 1 {
			e.Target = target
		}
	case err != nil:
		reason, better := targetFault(err)
		if better != "" {
			better += "=" + expected
		}
		return fail(reason, better)
	case target.Ports.Len() != 1:
		return fail("an expectation is about one port", port.One(target.Ports.First).String()+"="+expected)
	default:
		e.Target = target
	}
	said, reason, better := parseTerms(expected, true)
	if reason != "" {
		if better != "" {
			better = subject + "=" + better
		}
		return fail(reason, better)
	}
	e.Free, e.Owner, e.Reach = said.free, said.owner, said.reach
	return e, nil
}

// ParseOwner reads who should serve a port: pid:N, user:NAME or user:me,
// process:NAME, unit:NAME, container:NAME, service:NAME or
// service:PROJECT/NAME, project:FOLDER. Several go together with commas in
// between, and all must be met. A unit without a suffix is a service.
//
// The error is always a *[SyntaxError].
func ParseOwner(text string) (report.Owner, error) {
	text = strings.TrimSpace(text)
	said, reason, better := parseTerms(text, false)
	if reason != "" {
		return report.Owner{}, &SyntaxError{"owner", text, reason, better}
	}
	return said.owner, nil
}

// isName tells a name that a project may give a port from the other forms of a
// target: it starts with a letter and has nothing that separates.
func isName(text string) bool {
	for i, r := range text {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r >= 0x80
		if !letter && (i == 0 || !('0' <= r && r <= '9' || r == '-' || r == '_' || r == '.')) {
			return false
		}
	}
	return text != "" && !strings.EqualFold(text, "localhost")
}

// withoutEquals guesses what an expectation without a = was meant to be.
func withoutEquals(text string) string {
	for i, r := range text {
		if r != ':' && r != ' ' {
			continue
		}
		if _, reason, _ := parseTerms(text[i+1:], true); reason == "" {
			return text[:i] + "=" + text[i+1:]
		}
	}
	if _, err := port.ParseTarget(text); err == nil {
		return text + "=free"
	}
	return ""
}
