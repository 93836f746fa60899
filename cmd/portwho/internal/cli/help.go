package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// setHelp has the help of all commands written here. That of cobra has one list
// of flags, in which nobody finds anything.
func setHelp(root *cobra.Command) {
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		_, _ = io.WriteString(cmd.OutOrStdout(), helpOf(cmd))
	})
}

// widestExample is how long an example may be for the others to be lined up with
// it.
const widestExample = 47

// helpOf is the help of a command: less than 40 lines of 80 columns, which a test
// holds.
func helpOf(cmd *cobra.Command) string {
	var b strings.Builder
	page := pageOf(cmd.Name())
	root := !cmd.HasParent()
	b.WriteString(long(cmd) + "\n\n")
	if root {
		b.WriteString("  portwho [TARGET...] [flags]   without a target: all that listens\n\n")
	} else {
		fmt.Fprintf(&b, "  %s\n\n", cmd.UseLine())
	}
	if examples := examplesOf(cmd); len(examples) > 0 {
		b.WriteString("Examples:\n")
		width := 0
		for _, e := range examples {
			if e.Text != "" && len(e.Command) < widestExample {
				width = max(width, len(e.Command))
			}
		}
		for _, e := range examples {
			fmt.Fprintf(&b, "  %s\n", strings.TrimRight(fmt.Sprintf("%-*s   %s", width, e.Command, e.Text), " "))
		}
		b.WriteString("\n")
	}
	if root {
		b.WriteString("Commands (portwho COMMAND --help tells more):\n")
		for _, g := range commandGroups() {
			if g.title == "" {
				fmt.Fprintf(&b, "  %-15s%s\n", "", strings.Join(strings.Fields(g.names), ", "))
				continue
			}
			label := g.title
			for _, c := range commandsOf(cmd, g) {
				fmt.Fprintf(&b, "  %-15s%-12s%s\n", label, c.Name(), c.Short)
				label = ""
			}
		}
		b.WriteString("\n")
	}
	groups := groupsOf(cmd, page)
	width := 0
	for _, g := range groups {
		for _, r := range g.rows {
			if r.text != noText {
				width = max(width, len(rowForm(cmd, r)))
			}
		}
	}
	for i, g := range groups {
		if root && i == 0 {
			g.title += " (man portwho tells all flags one by one)"
		}
		fmt.Fprintf(&b, "%s:\n", g.title)
		for _, r := range g.rows {
			if form := rowForm(cmd, r); form != "" {
				b.WriteString(strings.TrimRight(fmt.Sprintf("  %-*s  %s", width, form, rowText(cmd, r)), " ") + "\n")
			}
		}
		if !root {
			b.WriteString("\n")
		}
	}
	switch {
	case root:
		b.WriteString("\n")
	case page.rare != "":
		b.WriteString("More flags, as --json, --color and --reuse-port: portwho --help\n")
	default:
		b.WriteString("More flags, as --json and --color: portwho --help\n")
	}
	if words := exitWords(page.exits); words != "" {
		b.WriteString("Exit codes: " + words + "\n")
	}
	return b.String()
}

func long(cmd *cobra.Command) string {
	if cmd.Long != "" {
		return cmd.Long
	}
	return cmd.Short + "."
}

// examplesOf reads the examples of a command, one a line: what is typed, and
// after a # what that does.
func examplesOf(cmd *cobra.Command) []Example {
	var out []Example
	for line := range strings.Lines(cmd.Example) {
		typed, text, _ := strings.Cut(line, " # ")
		out = append(out, Example{Command: strings.TrimSpace(typed), Text: strings.TrimSpace(text)})
	}
	return out
}

// commandsOf are the commands of a group, those that no group names in the last.
func commandsOf(root *cobra.Command, g commandGroup) []*cobra.Command {
	var out []*cobra.Command
	for name := range strings.FieldsSeq(g.names) {
		for _, c := range root.Commands() {
			if c.Name() == name && !c.Hidden {
				out = append(out, c)
			}
		}
	}
	return out
}

// groupsOf are the groups of a command's flags. What none names is added to the
// last, so that no flag is left out.
func groupsOf(cmd *cobra.Command, p page) []flagGroup {
	named := map[string]bool{"help": true}
	for name := range strings.FieldsSeq(p.rare) {
		named[name] = true
	}
	groups := p.groups
	for _, g := range groups {
		for _, r := range g.rows {
			for name := range strings.FieldsSeq(r.flags) {
				named[name] = true
			}
		}
	}
	var rest []flagRow
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && !named[f.Name] {
			rest = append(rest, flagRow{f.Name, ""})
		}
	})
	if len(rest) > 0 {
		groups = append(groups, flagGroup{"More", rest})
	}
	return groups
}

func flagOf(cmd *cobra.Command, name string) *pflag.Flag {
	if f := cmd.Flags().Lookup(name); f != nil {
		return f
	}
	return cmd.Root().PersistentFlags().Lookup(name)
}

// rowForm is how the flags of a row are written. Only the last one has its
// value told where there are several.
func rowForm(cmd *cobra.Command, r flagRow) string {
	var forms []string
	names := strings.Fields(r.flags)
	for i, name := range names {
		f := flagOf(cmd, name)
		if f == nil {
			continue
		}
		form := "--" + f.Name
		switch {
		case f.Shorthand != "" && len(names) == 1:
			form = "-" + f.Shorthand + ", " + form
		case f.Shorthand != "":
			form = "-" + f.Shorthand
		}
		if value, _ := pflag.UnquoteUsage(f); value != "" && i == len(names)-1 {
			form += " " + value
		}
		forms = append(forms, form)
	}
	return strings.Join(forms, ", ")
}

// rowText says what the flags of a row do; that of a single flag is its own, with
// the default unless that is nothing.
func rowText(cmd *cobra.Command, r flagRow) string {
	if r.text != "" {
		return r.text
	}
	f := flagOf(cmd, r.flags)
	if f == nil {
		return ""
	}
	_, text := pflag.UnquoteUsage(f)
	if d := defaultOf(f); d != "" {
		text += " (default " + d + ")"
	}
	return text
}

// defaultOf is the default of a flag; empty where that is to do nothing.
func defaultOf(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "false", "0", "0s", "[]":
		return ""
	}
	return f.DefValue
}
