package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// ManualPage is what the manual tells of one command, as data.
type ManualPage struct {
	// Name is the command with its parents: portwho kill.
	Name string
	// Summary is one line that begins with a capital letter.
	Summary string
	// Synopsis is how the command is called.
	Synopsis string
	// Description is paragraphs of plain text.
	Description []string
	// Commands are those of portwho itself, by groups; nil on other pages.
	Commands []CommandGroup
	Flags    []FlagGroup
	Exits    []ExitStatus
	// Environment and Files are what else the command reads or sets.
	Environment, Files []Entry
	Examples           []Example
}

// CommandGroup is commands that are for the same.
type CommandGroup struct {
	Title    string
	Commands []Entry
}

// FlagGroup is flags that are for the same.
type FlagGroup struct {
	Title string
	Flags []Flag
}

// Flag is one flag.
type Flag struct {
	// Short is -n or empty, Long is --dry-run.
	Short, Long string
	// Value is what stands for its value; empty where it takes none.
	Value string
	// Text is what it does, in lower case; the default is no part of it.
	Text string
	// Default is empty where that is to do nothing.
	Default string
}

// Entry is a name and what it means.
type Entry struct{ Name, Text string }

// Manual returns the pages of the manual: portwho itself, then its commands in the
// order of the help.
func Manual() []ManualPage {
	root := new(app).rootCommand([]string{"--help"})
	root.InitDefaultHelpCmd()
	pages := []ManualPage{manualPage(root)}
	for _, g := range commandGroups() {
		for _, c := range commandsOf(root, g) {
			pages = append(pages, manualPage(c))
		}
	}
	return pages
}

func manualPage(cmd *cobra.Command) ManualPage {
	p, m := pageOf(cmd.Name()), manualOf(cmd.Name())
	out := ManualPage{
		Name: cmd.CommandPath(), Summary: cmd.Short, Synopsis: cmd.UseLine(), Exits: p.exits,
		Environment: m.environment, Files: m.files, Examples: examplesOf(cmd),
	}
	text := long(cmd)
	if m.more != "" {
		text += "\n\n" + m.more
	}
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if paragraph = strings.Join(strings.Fields(paragraph), " "); strings.TrimSuffix(paragraph, ".") != cmd.Short {
			out.Description = append(out.Description, paragraph)
		}
	}
	if !cmd.HasParent() {
		for _, g := range commandGroups() {
			group := CommandGroup{Title: g.title}
			for _, c := range commandsOf(cmd, g) {
				group.Commands = append(group.Commands, Entry{c.CommandPath(), c.Short})
			}
			if last := len(out.Commands) - 1; g.title == "" {
				out.Commands[last].Commands = append(out.Commands[last].Commands, group.Commands...)
			} else {
				out.Commands = append(out.Commands, group)
			}
		}
	}
	groups := groupsOf(cmd, p)
	for name := range strings.FieldsSeq(p.rare) {
		last := &groups[len(groups)-1]
		last.rows = append(last.rows, flagRow{name, ""})
	}
	for _, g := range groups {
		group := FlagGroup{Title: g.title}
		for _, r := range g.rows {
			for name := range strings.FieldsSeq(r.flags) {
				if f := flagOf(cmd, name); f != nil {
					group.Flags = append(group.Flags, manualFlag(f))
				}
			}
		}
		out.Flags = append(out.Flags, group)
	}
	if cmd.HasParent() {
		everywhere := FlagGroup{Title: "Everywhere"}
		cmd.Root().PersistentFlags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				everywhere.Flags = append(everywhere.Flags, manualFlag(f))
			}
		})
		out.Flags = append(out.Flags, everywhere)
	}
	return out
}

func manualFlag(f *pflag.Flag) Flag {
	value, text := pflag.UnquoteUsage(f)
	out := Flag{Long: "--" + f.Name, Value: value, Text: text, Default: defaultOf(f)}
	if f.Shorthand != "" {
		out.Short = "-" + f.Shorthand
	}
	return out
}
