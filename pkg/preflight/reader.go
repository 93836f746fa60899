package preflight

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/report"
)

// reader reads the files of one project.
type reader struct {
	ctx    context.Context
	config Config
	dir    string
	names  []string        // of the project's files, in the order they were read
	read   map[string]file // whatever was read, by path
}

func newReader(ctx context.Context, config Config) *reader {
	return &reader{ctx: ctx, config: config, dir: cmp.Or(config.Dir, "."), read: map[string]file{}}
}

// opened notes that a file was read.
func (r *reader) opened(f file) {
	if !slices.Contains(r.names, f.name) {
		r.names = append(r.names, f.name)
	}
}

// lookup is a variable of the environment.
func (r *reader) lookup(name string) (string, bool) {
	for i := len(r.config.Environ) - 1; i >= 0; i-- {
		if key, value, ok := strings.Cut(r.config.Environ[i], "="); ok && key == name {
			return value, true
		}
	}
	return "", false
}

// project puts what was read in order.
func (r *reader) project(all parsed) Project {
	all.declarations = withoutUsedVariables(all.declarations)
	all.resolve()
	rank := func(name string) int { return slices.Index(r.names, name) }
	slices.SortStableFunc(all.declarations, func(a, b report.Declaration) int {
		return cmp.Or(cmp.Compare(rank(a.File), rank(b.File)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Port, b.Port))
	})
	slices.SortStableFunc(all.findings, func(a, b report.Finding) int {
		return cmp.Or(cmp.Compare(rank(a.File), rank(b.File)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return Project{r.names, all.declarations, all.findings, all.expectations, all.allowances, all.profiles}
}

// withoutUsedVariables leaves out the variables of .env files that another file
// names where it declares a port: ports: ["${WEB_PORT}:80"] says more about the
// port than WEB_PORT=8080 does.
func withoutUsedVariables(declarations []report.Declaration) []report.Declaration {
	return slices.DeleteFunc(declarations, func(variable report.Declaration) bool {
		return variable.Format == report.FormatEnv && slices.ContainsFunc(declarations, func(d report.Declaration) bool {
			return d.Format != report.FormatEnv && (usesVariable(d.Text, variable.Name) ||
				d.Format == report.FormatProcfile && d.Text == "" && d.Port == variable.Port && variable.Name == "PORT")
		})
	})
}

// usesVariable reports whether a text has $NAME or ${NAME in it.
func usesVariable(text, name string) bool {
	for i := strings.IndexByte(text, '$'); i >= 0; i = strings.IndexByte(text, '$') {
		text = text[i+1:]
		if after := strings.TrimPrefix(text, "{"); leadingName(after) == name {
			return true
		}
	}
	return false
}

// resolve gives the expectations of portwho.yaml their ports.
func (p *parsed) resolve() {
	var good []report.Expectation
	for _, e := range p.expectations {
		resolved, err := ResolveExpectation(e, p.declarations)
		if err != nil {
			p.findings = append(p.findings, unreadable(file{name: e.File}, e.Line, 1, suggested(err)))
			continue
		}
		good = append(good, resolved)
	}
	p.expectations = good
}
