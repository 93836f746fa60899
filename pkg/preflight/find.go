package preflight

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/report"
)

// found are files of one format that are read together.
type found struct {
	format format
	files  []file
}

// find reads the files that the configuration names, else those that
// portwho.yaml names, else those that the project's folder is found to have. A
// file that is found and cannot be read is a finding; one that is named on the
// command line is an error.
func (r *reader) find() ([]found, []report.Finding, error) {
	if len(r.config.Files) > 0 {
		var files []taken
		for _, name := range r.config.Files {
			f, err := r.load(name)
			if err != nil {
				return nil, nil, err
			}
			known, ok := formatOf(f)
			if !ok {
				return nil, nil, &FileError{Name: f.name, Err: ErrUnknownFormat}
			}
			if line, ok := unfilled(f); ok {
				return nil, nil, &FileError{Name: f.name, Err: ErrTemplate, Line: line}
			}
			files = append(files, taken{f, known.id})
		}
		return grouped(files), nil, nil
	}
	d, err := r.discover()
	if err != nil {
		return nil, nil, err
	}
	return grouped(d.files), d.findings, nil
}

// taken is a file of the project and its format.
type taken struct {
	file   file
	format report.Format
}

// grouped puts files of a format together, the formats in their order, each
// file once.
func grouped(files []taken) []found {
	var out []found
	for _, known := range formats() {
		group := found{format: known}
		seen := map[string]bool{}
		for _, f := range files {
			if f.format == known.id && !seen[f.file.path] {
				seen[f.file.path] = true
				group.files = append(group.files, f.file)
			}
		}
		if len(group.files) > 0 {
			out = append(out, group)
		}
	}
	return out
}

// discovery looks for the files of a project.
type discovery struct {
	r        *reader
	files    []taken
	findings []report.Finding
	closed   []string // folders that are not this user's to look into
}

func (r *reader) discover() (*discovery, error) {
	d := &discovery{r: r}
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		var pathError *os.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err
		}
		return nil, &FileError{Name: filepath.ToSlash(r.dir), Err: err}
	}
	if d.own(entries) {
		return d, nil
	}
	d.compose(entries)
	d.names(entries, ".", report.FormatEnv, ".env", ".env.local", ".env.development", ".env.development.local")
	d.names(entries, ".", report.FormatProcfile, "Procfile", "Procfile.dev")
	d.names(entries, ".", report.FormatPackageJSON, "package.json")
	d.devcontainers(entries)
	d.launchSettings(entries)
	d.manifests(entries)
	d.tellClosed()
	return d, nil
}

// own takes portwho.yaml, and the files that it says are to be read. It is false
// where it names none, so that they have to be found.
func (d *discovery) own(entries []fs.DirEntry) bool {
	for i, name := range ownNames() {
		if !has(entries, name) {
			continue
		}
		d.take(filepath.Join(d.r.dir, name), report.FormatPortwho)
		for _, other := range ownNames()[i+1:] {
			if has(entries, other) {
				bad := mistake(file{name: other}, 1, 1, other+" is not read: "+name+" is there as well")
				bad.Severity = report.SeverityWarning
				d.findings = append(d.findings, bad)
			}
		}
		break
	}
	if len(d.files) == 0 {
		return false
	}
	own := d.files[0].file
	names := ownFiles(own)
	for _, n := range names {
		path := n.Value
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(own.path), path)
		}
		f, err := d.r.load(path)
		known, ok := formatOf(f)
		if err == nil && !ok {
			err = &FileError{Name: f.name, Err: ErrUnknownFormat}
		}
		if err != nil {
			d.findings = append(d.findings, mistake(own, n.Line, n.Column, err.Error()))
			continue
		}
		d.files = append(d.files, taken{f, known.id})
	}
	return len(names) > 0
}

// compose takes the files that docker compose takes in a folder: those that
// COMPOSE_FILE names, else the first of four names, and the override that goes
// with it.
func (d *discovery) compose(entries []fs.DirEntry) {
	if named := d.r.composeFileVariable(); named != nil {
		for _, path := range named {
			d.take(path, report.FormatCompose)
		}
		return
	}
	for _, names := range [][]string{
		{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"},
		{"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"},
	} {
		i := slices.IndexFunc(names, func(name string) bool { return has(entries, name) })
		if i < 0 {
			break
		}
		d.take(filepath.Join(d.r.dir, names[i]), report.FormatCompose)
	}
}

// names takes files of a folder in the given order. A folder is below the
// project's.
func (d *discovery) names(entries []fs.DirEntry, folder string, format report.Format, names ...string) {
	for _, name := range names {
		if has(entries, name) {
			d.take(filepath.Join(d.r.dir, folder, name), format)
		}
	}
}

// devcontainers takes the three places of the file (containers.dev, "Dev
// Container specification").
func (d *discovery) devcontainers(entries []fs.DirEntry) {
	const folder, name = ".devcontainer", "devcontainer.json"
	below := d.folder(entries, folder)
	d.names(below, folder, report.FormatDevcontainer, name)
	d.names(entries, ".", report.FormatDevcontainer, ".devcontainer.json")
	for _, e := range below {
		in := filepath.Join(folder, e.Name())
		d.names(d.folder(below, e.Name(), folder), in, report.FormatDevcontainer, name)
	}
}

// launchSettings takes the file of the project, or of each project one folder
// below.
func (d *discovery) launchSettings(entries []fs.DirEntry) {
	const folder, name = "Properties", "launchSettings.json"
	d.names(d.folder(entries, folder), folder, report.FormatLaunchSettings, name)
	for _, e := range entries {
		if e.Name() == "node_modules" || e.Name() == ".git" {
			continue
		}
		in := filepath.Join(e.Name(), folder)
		d.names(d.folder(d.folder(entries, e.Name()), folder, e.Name()), in, report.FormatLaunchSettings, name)
	}
}

// maxManifests is how many files of YAML are looked into for manifests.
const maxManifests = 1000

// manifests takes the files of Kubernetes and kind in the project's folder and
// in those that usually have them. What is called *.yaml may be anything, so
// their content decides, and one of the project's folder that cannot be read is
// nobody's.
func (d *discovery) manifests(entries []fs.DirEntry) {
	looked := 0
	for _, folder := range []string{".", "k8s", "kubernetes", "deploy", "manifests"} {
		below := entries
		if folder != "." {
			below = d.folder(entries, folder)
		}
		for _, e := range below {
			if _, ok := yamlStem(strings.ToLower(e.Name())); !ok || e.IsDir() {
				continue
			}
			if looked++; looked > maxManifests {
				bad := unreadable(file{name: d.r.nameOf(filepath.Join(d.r.dir, folder))}, 1, 1, fmt.Sprintf("there are more than %d files of YAML", maxManifests))
				bad.Severity = report.SeverityWarning
				d.findings = append(d.findings, bad)
				return
			}
			path := filepath.Join(d.r.dir, folder, e.Name())
			f, err := d.r.load(path)
			switch {
			case err == nil && looksKubernetes(f):
				known, _ := formatOf(f)
				d.files = append(d.files, taken{f, known.id})
			case errors.Is(err, fs.ErrPermission):
				d.closed = append(d.closed, d.r.nameOf(path))
			case err != nil && folder != ".":
				d.take(path, report.FormatKubernetes)
			}
		}
	}
}

// folder lists a folder that is among the entries of the one above, none where
// it is not there or no folder.
func (d *discovery) folder(entries []fs.DirEntry, name string, above ...string) []fs.DirEntry {
	i := slices.IndexFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
	if i < 0 || !entries[i].IsDir() && entries[i].Type()&fs.ModeSymlink == 0 {
		return nil
	}
	path := filepath.Join(append(append([]string{d.r.dir}, above...), name)...)
	below, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrPermission) {
		d.closed = append(d.closed, d.r.nameOf(path))
	}
	return below
}

// tellClosed notes the folders that could not be looked into. That one of them
// has a file of the project is no more than a guess, so this is no mistake, and
// one note is enough for all of them.
func (d *discovery) tellClosed() {
	slices.Sort(d.closed)
	d.closed = slices.Compact(d.closed)
	if len(d.closed) == 0 {
		return
	}
	names, more := strings.Join(d.closed[:min(len(d.closed), 3)], ", "), len(d.closed)-3
	if more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	note := unreadable(file{name: d.closed[0]}, 1, 1, "")
	note.Severity, note.Summary = report.SeverityNote, names+" cannot be looked into: permission denied"
	d.findings = append(d.findings, note)
}

func has(entries []fs.DirEntry, name string) bool {
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
}

// take reads a file that is there.
func (d *discovery) take(path string, format report.Format) {
	f, err := d.r.load(path)
	if err == nil {
		d.files = append(d.files, taken{f, format})
		return
	}
	bad := unreadable(f, 1, 1, err.Error())
	var why *FileError
	if errors.As(err, &why) {
		bad = unreadable(f, max(why.Line, 1), 1, why.Err.Error())
	}
	if errors.Is(err, ErrFolder) && format == report.FormatEnv {
		bad.Severity = report.SeverityNote // an environment of Python is often called .env
	}
	d.findings = append(d.findings, bad)
}

// unreadable is the finding for a part of a file that cannot be understood.
func unreadable(f file, line, column int, why string) report.Finding {
	return report.Finding{
		ID: report.FindingUnreadable, Severity: report.SeverityError,
		File: f.name, Line: line, Column: column, Summary: f.name + " cannot be understood: " + why,
	}
}
