package cli

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// The formats of portwho check.
const (
	formatText     = "text"
	formatJSON     = "json"
	formatJUnit    = "junit"
	formatSARIF    = "sarif"
	formatGitHub   = "github"
	formatMarkdown = "markdown"
)

func formats() []string {
	return []string{formatText, formatJSON, formatJUnit, formatSARIF, formatGitHub, formatMarkdown}
}

// formatFlags choose a format.
type formatFlags struct{ format string }

func (f *formatFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.format, "format", "", "`FORMAT` is text, json, junit, sarif, github or markdown")
}

func (f formatFlags) valid(json bool) error {
	switch f.format {
	case "", formatJSON:
		return nil
	case formatText, formatJUnit, formatSARIF, formatGitHub, formatMarkdown:
		if json {
			return usage(fmt.Errorf("--json and --format %s exclude each other", f.format), "leave out --json")
		}
		return nil
	}
	return usage(fmt.Errorf("--format does not take %s", quoted(f.format)), oneOf("--format", f.format, formats()...))
}

// formatOf is the format that was asked for, else the one for where it runs. A
// log of GitHub Actions shows findings beside the lines they are about; other
// systems take reports from files and show logs as they are.
func (a *app) formatOf(f formatFlags) string {
	actions, _ := a.lookup("GITHUB_ACTIONS")
	switch {
	case a.json:
		return formatJSON
	case f.format != "":
		return f.format
	case actions == "true" && !term.Detect(a.stdout, a.lookup, a.color).IsTTY:
		return formatGitHub
	}
	return formatText
}

// printGitHub writes the text for the log, the workflow commands, and the table
// for the summary of the step. What the text quotes may look like a command, so
// commands are stopped while it is written; who does not know the word cannot
// start them again.
func (a *app) printGitHub(rep report.Report, text func() error) error {
	word := fmt.Sprintf("portwho-%016x%016x", rand.Uint64(), rand.Uint64())
	if _, err := fmt.Fprintf(a.stdout, "::stop-commands::%s\n", word); err != nil {
		return err
	}
	err := text()
	if _, errEnd := fmt.Fprintf(a.stdout, "::%s::\n", word); err == nil {
		err = errEnd
	}
	if err != nil {
		return err
	}
	rep = a.fromRoot(rep)
	if err := report.WriteGitHub(a.stdout, rep); err != nil {
		return err
	}
	if file, _ := a.lookup("GITHUB_STEP_SUMMARY"); file != "" {
		if err := appendSummary(file, rep); err != nil {
			a.note("the summary of the step is left as it was: %v", err)
		}
	}
	return nil
}

// mostSummary is how long the summary of a step may be; GitHub drops a longer
// one.
const mostSummary = 1 << 20

// appendSummary adds the table to the summary of the step.
func appendSummary(file string, rep report.Report) error {
	var table strings.Builder
	if err := report.WriteMarkdown(&table, rep); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	if info, errStat := f.Stat(); errStat == nil && info.Size()+int64(table.Len()) > mostSummary {
		return errors.Join(errors.New("it would be longer than one megabyte"), f.Close())
	}
	_, err = f.WriteString(table.String())
	return errors.Join(err, f.Close())
}

// fromRoot returns the report with its files named from the root of the
// repository, where a CI system says where that is: it shows them so. Elsewhere
// they stay relative to the folder that was checked.
func (a *app) fromRoot(rep report.Report) report.Report {
	prefix := a.belowRoot()
	if prefix == "." || prefix == "" {
		return rep
	}
	name := func(file string) string {
		if file == "" || filepath.IsAbs(file) {
			return file
		}
		return path.Join(prefix, file)
	}
	rep.Declarations, rep.Findings = slices.Clone(rep.Declarations), slices.Clone(rep.Findings)
	for i := range rep.Declarations {
		rep.Declarations[i].File = name(rep.Declarations[i].File)
	}
	for i := range rep.Findings {
		rep.Findings[i].File = name(rep.Findings[i].File)
	}
	return rep
}

// belowRoot is the current folder as seen from the root of the repository; empty
// where it is not known to be below.
func (a *app) belowRoot() string {
	for _, variable := range []string{"GITHUB_WORKSPACE", "CI_PROJECT_DIR"} {
		root, _ := a.lookup(variable)
		if root == "" {
			continue
		}
		folder, err := filepath.Abs(".")
		if err != nil {
			return ""
		}
		below, err := filepath.Rel(realPath("", root), realPath("", folder))
		if err == nil && filepath.IsLocal(below) {
			return filepath.ToSlash(below)
		}
	}
	return ""
}
