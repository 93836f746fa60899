package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteMarkdown writes the report of a check as a table in GitHub Flavored
// Markdown, for $GITHUB_STEP_SUMMARY and comments on merge requests: a row for
// each finding and for each checked port that is fine.
func WriteMarkdown(w io.Writer, r Report) error {
	list := checked(r)
	var b strings.Builder
	fmt.Fprintf(&b, "### portwho check\n\n%s\n", tally(list))
	if len(list) > 0 {
		b.WriteString("\n| | port | finding | declared at | next |\n|---|---|---|---|---|\n")
	}
	for _, f := range list {
		finding := markdownText(f.Summary)
		if f.ID != "" {
			finding = withColon(fmt.Sprintf("<code>%s</code>", f.ID), finding)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n",
			f.weight(), markdownCode(f.subject()), finding, markdownCode(f.place()), f.nextCell())
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write Markdown: %w", err)
	}
	return nil
}

// nextCell is what to do, one thing a line.
func (f Finding) nextCell() string {
	var out []string
	for _, r := range f.Remedies {
		command := ""
		if len(r.Command) > 0 {
			command = markdownCode(shellWords(r.Command))
		}
		cell := withColon(markdownText(r.Summary), command)
		if cell != "" {
			out = append(out, cell)
		}
	}
	return strings.Join(out, "<br>")
}

// tally counts findings: 2 errors, 1 warning, 1 allowed, 3 ports without a
// finding.
func tally(list []Finding) string {
	words := []string{"error", "warning", "note", "allowed", "ok"}
	counts := make([]int, len(words))
	for _, f := range list {
		switch {
		case f.ID == "":
			counts[4]++
		case f.Allowed:
			counts[3]++
		case f.Severity == SeverityError:
			counts[0]++
		case f.Severity == SeverityWarning:
			counts[1]++
		default:
			counts[2]++
		}
	}
	var parts []string
	for i, n := range counts {
		switch {
		case n == 0:
		case n > 1 && i < 3:
			parts = append(parts, fmt.Sprintf("%d %ss", n, words[i]))
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n, words[i]))
		}
	}
	if len(parts) == 0 {
		return "nothing was checked"
	}
	return strings.Join(parts, ", ")
}

// markdownCode writes text in the type of code. HTML, because the fences of
// Markdown and the bars of a table get in each other's way.
func markdownCode(s string) string { return "<code>" + markdownText(s) + "</code>" }

// markdownText writes text that Markdown, HTML and the sites that show them
// take for nothing but text. A character reference never is markup (CommonMark,
// section 2.5), so every character that could mean something becomes one. Sites
// look for names and numbers to link (@team, #12) after that, in the text as it
// is shown; a zero-width space keeps them from finding any.
func markdownText(s string) string {
	s = visible(s)
	var b strings.Builder
	for i, r := range s {
		rest := s[i+utf8.RuneLen(r):]
		switch {
		case strings.ContainsRune("@#", r):
			fmt.Fprintf(&b, "&#%d;&#8203;", r)
		case strings.ContainsRune("\\`*_[]<>&|~$\"!^{}=", r),
			r == ':' && strings.HasPrefix(rest, "//"), // https://
			r == '.' && i >= 3 && strings.EqualFold(s[i-3:i], "www"):
			fmt.Fprintf(&b, "&#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
