package main

import (
	"fmt"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/cli"
)

// manPage writes a page in the macros of man(7), which groff and mandoc read.
func manPage(p cli.ManualPage, all []cli.ManualPage, date string) string {
	var b strings.Builder
	name := strings.ReplaceAll(p.Name, " ", "-")
	b.WriteString(`.\" Written by go run ./cmd/portwho/internal/manual -write; do not edit.` + "\n")
	fmt.Fprintf(&b, ".TH %s 1 \"%s\" \"portwho\" \"portwho manual\"\n", roff(strings.ToUpper(name)), date)
	fmt.Fprintf(&b, ".SH NAME\n%s", fill(name+" - "+lower(p.Summary)))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n\\fB%s\\fR%s\n", roff(p.Name), roff(strings.TrimPrefix(p.Synopsis, p.Name)))
	b.WriteString(".SH DESCRIPTION\n")
	for i, paragraph := range p.Description {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		b.WriteString(fill(paragraph))
	}
	if len(p.Description) == 0 {
		b.WriteString(fill(sentence(p.Summary)))
	}
	if p.Commands != nil {
		b.WriteString(".SH COMMANDS\n")
		for _, g := range p.Commands {
			fmt.Fprintf(&b, ".SS %s\n", roff(g.Title))
			for _, c := range g.Commands {
				fmt.Fprintf(&b, ".TP\n.BR %s (1)\n%s", roff(strings.ReplaceAll(c.Name, " ", "-")), fill(sentence(c.Text)))
			}
		}
	}
	if len(p.Flags) > 0 {
		b.WriteString(".SH OPTIONS\n")
	}
	for _, g := range p.Flags {
		fmt.Fprintf(&b, ".SS %s\n", roff(g.Title))
		for _, f := range g.Flags {
			form := "\\fB" + roff(f.Long) + "\\fR"
			if f.Short != "" {
				form = "\\fB" + roff(f.Short) + "\\fR, " + form
			}
			if f.Value != "" {
				form += " \\fI" + roff(f.Value) + "\\fR"
			}
			fmt.Fprintf(&b, ".TP\n%s\n%s", form, fill(flagText(f)))
		}
	}
	b.WriteString(".SH EXIT STATUS\n")
	for _, s := range p.Exits {
		fmt.Fprintf(&b, ".TP\n.B %s\n%s", roff(s.Code), fill(s.Meaning))
	}
	entries(&b, "ENVIRONMENT", p.Environment)
	entries(&b, "FILES", p.Files)
	if len(p.Examples) > 0 {
		b.WriteString(".SH EXAMPLES\n")
	}
	for i, e := range p.Examples {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		if e.Text != "" {
			b.WriteString(fill(heading(e.Text)) + ".PP\n")
		}
		fmt.Fprintf(&b, ".RS 4\n.EX\n%s\n.EE\n.RE\n", atStart(roff(e.Command)))
	}
	b.WriteString(".SH SEE ALSO\n")
	var others []string
	for _, other := range all {
		if isRoot := !strings.Contains(p.Name, " "); other.Name != p.Name && (isRoot || !strings.Contains(other.Name, " ") || related(p.Name, other.Name)) {
			others = append(others, strings.ReplaceAll(other.Name, " ", "-"))
		}
	}
	for i, other := range others {
		comma := ","
		if i == len(others)-1 {
			comma = ""
		}
		fmt.Fprintf(&b, ".BR %s (1)%s\n", roff(other), comma)
	}
	return b.String()
}

// related reports whether a reader of one page may look for the other.
func related(name, other string) bool {
	for _, pair := range []string{"kill wait", "wait kill", "free run", "run free", "check free", "check wait", "watch kill", "explain check"} {
		a, b, _ := strings.Cut(pair, " ")
		if name == "portwho "+a && other == "portwho "+b {
			return true
		}
	}
	return false
}

func entries(b *strings.Builder, title string, list []cli.Entry) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	for _, e := range list {
		fmt.Fprintf(b, ".TP\n.I %s\n%s", roff(e.Name), fill(e.Text))
	}
}

// fill writes a paragraph in lines of the source, with flags in bold.
func fill(paragraph string) string {
	const width = 76
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(paragraph) {
		before, name, after := splitFlag(word)
		escaped := roff(before)
		if name != "" {
			escaped = roff(before) + "\\fB" + roff(name) + "\\fR" + roff(after)
		}
		switch {
		case column == 0:
			escaped = atStart(escaped)
		case column+1+len(escaped) > width:
			b.WriteByte('\n')
			column = 0
			escaped = atStart(escaped)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(escaped)
		column += len(escaped)
	}
	return b.String() + "\n"
}

// roff escapes a text for a line or an argument of a macro (groff_char(7)): a
// plain - is a hyphen there, and quotes, carets and tildes are typographic.
func roff(text string) string {
	return strings.NewReplacer(
		`\`, `\e`, `-`, `\-`, `"`, `\(dq`, `'`, `\(aq`, "`", `\(ga`, `^`, `\(ha`, `~`, `\(ti`,
	).Replace(text)
}

// atStart keeps the beginning of a line from being a request.
func atStart(line string) string {
	if strings.HasPrefix(line, ".") {
		return `\&` + line
	}
	return line
}
