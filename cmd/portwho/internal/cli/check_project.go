package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/preflight"
	"github.com/portwho/portwho/pkg/report"
)

// preflight reads the files and the flags that say what is checked. Files are
// read where no target was named, or where the files were.
func (a *app) preflight(ctx context.Context, f checkFlags, targets []port.Target) (diagnose.Preflight, error) {
	p := diagnose.Preflight{Asked: targets, Profiles: f.profiles}
	if slices.Contains(f.files, "") {
		return p, usage(errors.New("--file has no name"), "is a variable of the script empty?")
	}
	for _, text := range f.expect {
		e, err := preflight.ParseExpectation(text)
		if err != nil {
			return p, syntaxFailure("--expect", err)
		}
		p.Expectations = append(p.Expectations, e)
	}
	for _, text := range f.allow {
		allowed, err := preflight.ParseAllowance(text)
		if err != nil {
			return p, syntaxFailure("--allow", err)
		}
		p.Allowances = append(p.Allowances, allowed)
	}
	if len(targets) == 0 || len(f.files) > 0 {
		project, err := preflight.Read(ctx, preflight.Config{Files: f.files, Environ: a.env, Profiles: f.profiles})
		var bad *preflight.FileError
		if errors.As(err, &bad) && len(f.files) == 0 {
			return p, usage(err, "go to the folder of a project, or name its files with --file FILE")
		}
		if errors.As(err, &bad) {
			return p, usage(err, "--file takes a file in which a project names its ports")
		}
		if err != nil {
			return p, err
		}
		p.Files, p.Declarations, p.FileFindings = project.Files, project.Declarations, project.Findings
		if len(p.Profiles) == 0 {
			p.Profiles = project.Profiles
		}
		p.Expectations = append(project.Expectations, p.Expectations...)
		p.Allowances = append(project.Allowances, p.Allowances...)
		if len(targets)+len(f.files)+len(p.Declarations)+len(p.Expectations) == 0 && onlyNotes(p.FileFindings) {
			return p, nothingDeclared(project.Files, p.FileFindings)
		}
	}
	folder, err := filepath.Abs(".")
	if err != nil {
		return p, fmt.Errorf("find the current folder: %w", err)
	}
	p.Folders = a.ownFolders(folder)
	for i, e := range p.Expectations {
		if e.File == "" { // those of portwho.yaml have their port
			if e, err = preflight.ResolveExpectation(e, p.Declarations); err != nil {
				return p, syntaxFailure("--expect", err)
			}
		}
		if e.Owner.Project != "" {
			e.Owner.Project = realPath(folder, e.Owner.Project)
		}
		p.Expectations[i] = e
	}
	return p, nil
}

func onlyNotes(findings []report.Finding) bool {
	return !slices.ContainsFunc(findings, func(f report.Finding) bool { return f.Severity != report.SeverityNote })
}

// nothingDeclared says that there is nothing to check, and what was not looked
// into.
func nothingDeclared(files []string, notes []report.Finding) error {
	text := "no file in this folder declares a port"
	if len(files) > 0 {
		text = "no port is declared in " + strings.Join(files, ", ")
	}
	for _, note := range notes {
		text += "; " + note.Summary
	}
	return usage(errors.New(text), "name a port, as portwho check 8080, or a file with --file FILE")
}

// syntaxFailure is a mistake in what a flag was given, with what was probably
// meant.
func syntaxFailure(flag string, err error) error {
	var bad *preflight.SyntaxError
	if errors.As(err, &bad) && bad.Suggestion != "" {
		return usage(err, fmt.Sprintf("did you mean %s %s?", flag, bad.Suggestion))
	}
	if flag == "--allow" {
		return usage(err, "--allow takes exposed, or exposed:5432 for one port; portwho explain exposed tells what it is")
	}
	return usage(err, "--expect takes 8080=free, 5432=unit:postgresql.service, 3000=user:me,reach:loopback")
}

// ownFolders are the names of the project's folder. A home folder and the root
// are no project: too much works in them.
func (a *app) ownFolders(folder string) []string {
	out := []string{folder}
	if real := realPath("", folder); real != folder {
		out = append(out, real)
	}
	home, _ := a.lookup("HOME")
	return slices.DeleteFunc(out, func(dir string) bool {
		return filepath.Dir(dir) == dir || home != "" && (dir == filepath.Clean(home) || dir == realPath("", home))
	})
}

// realPath is a path without symbolic links, as far as it is there.
func realPath(folder, path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(folder, path)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return filepath.Clean(path)
}

// checkAll answers everything a preflight is about from one reading of the
// machine.
func (a *app) checkAll(ctx context.Context, p diagnose.Preflight, opts diagnose.Options, noProbe bool) (report.Report, error) {
	targets := p.Targets(opts)
	if len(targets) == 0 && !slices.ContainsFunc(p.Declarations, func(d report.Declaration) bool { return d.Use != report.UseConnect && d.Port != 0 }) {
		return a.listing(p, opts), nil // no scope is every socket of the machine
	}
	rep, snap, err := a.check(ctx, targets, opts, noProbe)
	if err != nil {
		return rep, err
	}
	rep.Declarations = p.Declarations
	rep.Findings = diagnose.Findings(snap, rep, p, opts)
	return rep, nil
}

// listing tells what the files say and nothing of the machine.
func (a *app) listing(p diagnose.Preflight, opts diagnose.Options) report.Report {
	name, _ := os.Hostname()
	snap := &host.Snapshot{TakenAt: a.now().UTC(), Host: host.Info{Name: name, OS: runtime.GOOS}}
	rep := diagnose.Diagnose(snap, nil, opts)
	rep.Declarations = p.Declarations
	p.Declarations, p.Expectations = nil, nil
	rep.Findings = diagnose.Findings(snap, rep, p, opts)
	return rep
}
