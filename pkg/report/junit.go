package report

import (
	"fmt"
	"io"
	"strings"
)

// WriteJUnit writes the report of a check as JUnit's XML: a test case for each
// finding and for each checked port that is fine. An error is a failure, or an
// error where it could not be told or read; what somebody agreed to is skipped;
// warnings and notes pass and say what they have to say in system-out. It
// follows the schemas of Jenkins (junit-4.xsd and junit-10.xsd of its xUnit
// plugin), whose order of elements is the strictest. With strict, warnings fail
// too.
func WriteJUnit(w io.Writer, r Report, strict bool) error {
	list := checked(r)
	failures, errors, skipped := 0, 0, 0
	for _, f := range list {
		switch f.outcome(strict) {
		case "failure":
			failures++
		case "error":
			errors++
		case "skipped":
			skipped++
		}
	}
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	fmt.Fprintf(&b, "<testsuites name=\"portwho check\" tests=\"%d\" failures=\"%d\" errors=\"%d\">\n", len(list), failures, errors)
	fmt.Fprintf(&b, "  <testsuite name=\"portwho check\" tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\"", len(list), failures, errors, skipped)
	if !r.TakenAt.IsZero() {
		fmt.Fprintf(&b, " timestamp=\"%s\"", r.TakenAt.UTC().Format("2006-01-02T15:04:05"))
	}
	if r.Host.Name != "" {
		fmt.Fprintf(&b, " hostname=\"%s\"", xmlText(visible(r.Host.Name)))
	}
	b.WriteString(">\n")
	for _, f := range list {
		f.testCase(&b, strict)
	}
	b.WriteString("  </testsuite>\n</testsuites>\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	return nil
}

// outcome is the element of a test case.
func (f Finding) outcome(strict bool) string {
	switch {
	case f.ID == "":
		return ""
	case f.Allowed:
		return "skipped"
	case f.Severity != SeverityError && !(strict && f.Severity == SeverityWarning):
		return "system-out"
	case f.ID == FindingUnknown, f.ID == FindingUnreadable:
		return "error"
	}
	return "failure"
}

// testCase writes one. Its name and class are the same when lines move.
func (f Finding) testCase(b *strings.Builder, strict bool) {
	name, class := f.subject(), "command line"
	if f.ID != "" {
		name += " " + string(f.ID)
	}
	if f.File != "" {
		class = visible(f.File)
	}
	fmt.Fprintf(b, "    <testcase name=\"%s\" classname=\"%s\"", xmlText(name), xmlText(class))
	element := f.outcome(strict)
	if element == "" {
		b.WriteString("/>\n")
		return
	}
	fmt.Fprintf(b, ">\n      <%s", element)
	if element == "failure" || element == "error" {
		fmt.Fprintf(b, " type=\"%s\" message=\"%s\"", f.ID, xmlText(visible(f.Summary)))
	}
	fmt.Fprintf(b, ">%s</%s>\n    </testcase>\n", xmlText(f.account()), element)
}

// account is everything about a finding, a line each.
func (f Finding) account() string {
	lines := []string{
		fmt.Sprintf("%s (%s)", f.ID, f.weight()),
		"at " + f.place(),
		visible(f.Summary),
	}
	for _, advice := range f.advice() {
		lines = append(lines, "next: "+advice)
	}
	return strings.Join(lines, "\n")
}

// xmlText escapes a string that is safe to show for text and attributes.
// Of "]]>", which text must not hold (XML 1.0, section 2.4), only the last
// character needs it.
func xmlText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace(s)
}
