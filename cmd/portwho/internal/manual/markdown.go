package main

import (
	"fmt"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/cli"
)

const generated = "<!-- Written by go run ./cmd/portwho/internal/manual -write; do not edit. -->\n\n"

// markdown writes the page of a command.
func markdown(p cli.ManualPage) string {
	var b strings.Builder
	b.WriteString(generated)
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", p.Name, plain(sentence(p.Summary)))
	fmt.Fprintf(&b, "```text\n%s\n```\n", p.Synopsis)
	for _, paragraph := range p.Description {
		fmt.Fprintf(&b, "\n%s", wrap(paragraph))
	}
	if len(p.Examples) > 0 {
		b.WriteString("\n## Examples\n")
	}
	for _, e := range p.Examples {
		if e.Text != "" {
			fmt.Fprintf(&b, "\n%s", wrap(heading(e.Text)))
		}
		fmt.Fprintf(&b, "\n```sh %s\n%s\n```\n", kind(e.Command), e.Command)
	}
	if p.Commands != nil {
		b.WriteString("\n## Commands\n")
		commands(&b, p.Commands)
	}
	if len(p.Flags) > 0 {
		b.WriteString("\n## Flags\n")
	}
	for _, g := range p.Flags {
		fmt.Fprintf(&b, "\n### %s\n\n| flag | |\n|---|---|\n", plain(g.Title))
		for _, f := range g.Flags {
			form := "`" + strings.TrimSpace(f.Long+" "+f.Value) + "`"
			if f.Short != "" {
				form = "`" + f.Short + "`, " + form
			}
			fmt.Fprintf(&b, "| %s | %s |\n", strings.ReplaceAll(form, "|", `\|`), plain(flagText(f)))
		}
	}
	b.WriteString("\n## Exit status\n\n| code | |\n|---|---|\n")
	for _, s := range p.Exits {
		fmt.Fprintf(&b, "| %s | %s |\n", s.Code, plain(s.Meaning))
	}
	for _, list := range []struct {
		title   string
		entries []cli.Entry
	}{{"Environment", p.Environment}, {"Files", p.Files}} {
		if len(list.entries) > 0 {
			fmt.Fprintf(&b, "\n## %s\n\n| | |\n|---|---|\n", list.title)
		}
		for _, e := range list.entries {
			fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(e.Name, ", ", "`, `"), plain(e.Text))
		}
	}
	return b.String()
}

// index is the page that leads to the others.
func index(pages []cli.ManualPage) string {
	var b strings.Builder
	b.WriteString(generated + "# The commands of portwho\n\n")
	b.WriteString(wrap("A page for each command, with its examples, flags and exit codes. The man pages in ../man say the same, and portwho COMMAND --help says it shorter."))
	fmt.Fprintf(&b, "\n- [`portwho`](portwho.md): %s\n", plain(pages[0].Summary))
	commands(&b, pages[0].Commands)
	return b.String()
}

func commands(b *strings.Builder, groups []cli.CommandGroup) {
	for _, g := range groups {
		fmt.Fprintf(b, "\n%s\n\n", g.Title)
		for _, c := range g.Commands {
			fmt.Fprintf(b, "- [`%s`](%s.md): %s\n", c.Name, strings.ReplaceAll(c.Name, " ", "-"), plain(lower(c.Text)))
		}
	}
}

// kind is how an example is run by the test of the documents: where a server and
// a project are, or not at all where it takes a person or another shell.
func kind(command string) string {
	for _, part := range []string{"portwho watch", "completion zsh", "completion fish", "completion powershell"} {
		if strings.Contains(command, part) {
			return "norun"
		}
	}
	return "scene"
}

// wrap writes a paragraph in lines of up to 80 columns.
func wrap(paragraph string) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(plain(paragraph)) {
		switch {
		case column == 0:
		case column+1+len(word) > 80:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String() + "\n"
}

// plain escapes a text, and sets flags as code.
func plain(text string) string {
	var words []string
	for word := range strings.FieldsSeq(text) {
		before, name, after := splitFlag(word)
		word = escape(before)
		if name != "" {
			word = escape(before) + "`" + name + "`" + escape(after)
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func escape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, "`", "\\`", `<`, `\<`, `|`, `\|`, `[`, `\[`).Replace(text)
}
