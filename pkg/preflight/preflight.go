package preflight

import (
	"context"

	"github.com/portwho/portwho/pkg/report"
)

// Config says which project to read.
type Config struct {
	// Dir is the project's folder; empty for the current one.
	Dir string
	// Files are the files to read, relative to the current folder; empty for
	// those that Dir is found to have. Several compose files are merged in this
	// order, as docker compose does with several -f.
	Files []string
	// Environ fills in variables, as KEY=VALUE. It goes before .env, as in
	// docker compose.
	Environ []string
	// Profiles are the compose profiles that will be started; "*" for all.
	Profiles []string
}

// Project is what the files of a project say.
type Project struct {
	// Files are the files that were read, as Declaration.File names them, those
	// included by others too.
	Files []string
	// Declarations and Findings are in the order of files and lines. The
	// findings are about the files alone: bad_value and unreadable.
	Declarations []report.Declaration
	Findings     []report.Finding
	// Expectations and Allowances are those of portwho.yaml.
	Expectations []report.Expectation
	Allowances   []report.Allowance
	// Profiles are the compose profiles that COMPOSE_PROFILES names, in the
	// environment or in .env. They count where Config.Profiles is empty.
	Profiles []string
}

// Read reads the project's files. The error is a [*FileError] where a file that
// Config names cannot be read at all; a file that cannot be understood is a
// finding. It opens nothing but regular files, and reads no more than
// [MaxFileSize] of each.
func Read(ctx context.Context, config Config) (Project, error) {
	r := newReader(ctx, config)
	found, bad, err := r.find()
	if err != nil {
		return Project{}, err
	}
	all := parsed{findings: bad}
	for _, group := range found {
		if err := ctx.Err(); err != nil {
			return Project{}, err
		}
		for _, f := range group.files {
			r.opened(f)
		}
		all.add(group.format.read(r, group.files))
	}
	return r.project(all), nil
}

// parsed is what one or several files say.
type parsed struct {
	declarations []report.Declaration
	findings     []report.Finding
	expectations []report.Expectation
	allowances   []report.Allowance
	profiles     []string
	// inside are the variables that name ports inside containers.
	inside []string
}

func (p *parsed) add(q parsed) {
	p.declarations = append(p.declarations, q.declarations...)
	p.findings = append(p.findings, q.findings...)
	p.expectations = append(p.expectations, q.expectations...)
	p.allowances = append(p.allowances, q.allowances...)
	p.profiles = append(p.profiles, q.profiles...)
	p.inside = append(p.inside, q.inside...)
}
