package cli

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// whole is portwho with all its commands.
func whole() *cobra.Command {
	root := new(app).rootCommand([]string{"--help"})
	root.InitDefaultHelpCmd()
	return root
}

func shown(root *cobra.Command) []*cobra.Command {
	out := []*cobra.Command{root}
	for _, c := range root.Commands() {
		if !c.Hidden {
			out = append(out, c)
		}
	}
	return out
}

// TestHelpFitsAScreen: no help is longer than people read, or wider than a
// terminal.
func TestHelpFitsAScreen(t *testing.T) {
	t.Parallel()
	for _, c := range shown(whole()) {
		args := append(strings.Fields(c.CommandPath())[1:], "--help")
		code, stdout, stderr := runCLI(context.Background(), args...)
		if code != exitOK || stderr != "" {
			t.Errorf("%v: exit %d, %s", args, code, stderr)
		}
		lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
		if len(lines) >= 40 {
			t.Errorf("%v has %d lines", args, len(lines))
		}
		for i, line := range lines {
			if n := utf8.RuneCountInString(line); n > 80 || strings.TrimRight(line, " ") != line {
				t.Errorf("%v: line %d has %d columns: %q", args, i+1, n, line)
			}
		}
		if !strings.Contains(stdout, "\nExit codes: ") {
			t.Errorf("%v tells no exit codes", args)
		}
	}
}

// TestHelpTellsEveryFlag, in a group that was chosen for it, and names none that
// is not there.
func TestHelpTellsEveryFlag(t *testing.T) {
	t.Parallel()
	for _, c := range shown(whole()) {
		p := pageOf(c.Name())
		if groups := groupsOf(c, p); len(groups) > len(p.groups) {
			t.Errorf("%s: no group of help_pages.go has %v", c.CommandPath(), groups[len(groups)-1].rows)
		}
		text := helpOf(c)
		for _, name := range regexp.MustCompile(`--([a-z0-9-]+)`).FindAllStringSubmatch(strings.Join(strings.Split(text, "\nMore flags")[:1], ""), -1) {
			if flagOf(c, name[1]) == nil && name[1] != "help" && !strings.Contains(c.Example+c.Long, name[0]) {
				t.Errorf("%s: its help names %s, which is not there", c.CommandPath(), name[0])
			}
		}
		named := text
		for rare := range strings.FieldsSeq(p.rare) {
			named += " --" + rare
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			told := strings.Contains(named, "--"+f.Name) || f.Shorthand != "" && strings.Contains(named, " -"+f.Shorthand)
			if !f.Hidden && f.Name != "help" && !told {
				t.Errorf("%s: its help does not tell --%s", c.CommandPath(), f.Name)
			}
		})
	}
}

// TestEveryCommandIsInTheHelp, in a group that was chosen for it.
func TestEveryCommandIsInTheHelp(t *testing.T) {
	t.Parallel()
	root := whole()
	grouped := map[string]bool{}
	for _, g := range commandGroups() {
		for name := range strings.FieldsSeq(g.names) {
			grouped[name] = true
			if found, _, err := root.Find([]string{name}); err != nil || found == root {
				t.Errorf("commandGroups names %s, which is no command", name)
			}
		}
	}
	for _, c := range shown(root)[1:] {
		if !grouped[c.Name()] {
			t.Errorf("commandGroups does not have %s", c.Name())
		}
		if first := c.Short[:1]; first != strings.ToUpper(first) || strings.HasSuffix(c.Short, ".") || len(c.Short) > 51 {
			t.Errorf("%s: %q is no short heading", c.Name(), c.Short)
		}
		if c.Name() != "version" && c.Example == "" {
			t.Errorf("%s has no example", c.Name())
		}
	}
	if n := len(examplesOf(root)); n < 3 || n > 5 {
		t.Errorf("portwho --help has %d examples", n)
	}
}

// TestExitWords: codes stay below each other where they take two lines.
func TestExitWords(t *testing.T) {
	t.Parallel()
	got := exitWords(exits(ExitStatus{"0", "well"}, ExitStatus{"4", strings.Repeat("long ", 9) + "indeed"}))
	want := "0 well, 2 usage, 3 could not tell,\n            4 " + strings.Repeat("long ", 9) + "indeed"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestManual: the manual tells every command and the flags of all.
func TestManual(t *testing.T) {
	t.Parallel()
	pages := Manual()
	if want := len(shown(whole())); len(pages) != want {
		t.Errorf("%d pages for %d commands", len(pages), want)
	}
	for _, p := range pages {
		told := map[string]bool{}
		for _, g := range p.Flags {
			for _, f := range g.Flags {
				if told[f.Long] {
					t.Errorf("%s tells %s twice", p.Name, f.Long)
				}
				if f.Text == "" {
					t.Errorf("%s says nothing of %s", p.Name, f.Long)
				}
				told[f.Long] = true
			}
		}
		for _, name := range []string{"--json", "--color", "--source", "--snapshot"} {
			if !told[name] {
				t.Errorf("%s does not tell %s", p.Name, name)
			}
		}
		if len(p.Exits) < 3 || p.Summary == "" || !strings.HasPrefix(p.Synopsis, "portwho") {
			t.Errorf("%s lacks something: %+v", p.Name, p)
		}
	}
}
