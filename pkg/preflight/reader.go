package preflight

import (
	"cmp"
	"context"
	"path"
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
	all.declarations = withoutUsedVariables(all.declarations, all.inside)
	all.resolve()
	ranks := map[string]int{}
	for i, name := range r.names {
		ranks[name] = i + 1
	}
	rank := func(name string) int { return ranks[name] }
	slices.SortStableFunc(all.declarations, func(a, b report.Declaration) int {
		return cmp.Or(cmp.Compare(rank(a.File), rank(b.File)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Port, b.Port))
	})
	slices.SortStableFunc(all.findings, func(a, b report.Finding) int {
		return cmp.Or(cmp.Compare(rank(a.File), rank(b.File)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	all.findings = slices.CompactFunc(all.findings, sameLineOfEnv)
	return Project{r.names, all.declarations, all.findings, all.expectations, all.allowances, all.profiles}
}

// sameLineOfEnv reports whether two findings are about one line of .env that
// cannot be understood: it is read for docker compose and for all others.
func sameLineOfEnv(a, b report.Finding) bool {
	return a.ID == report.FindingUnreadable && b.ID == a.ID && a.File == b.File && a.Line == b.Line && isEnvName(path.Base(a.File))
}

// withoutUsedVariables leaves out the variables of .env files that another file
// names where it declares a port: ports: ["${WEB_PORT}:80"] says more about the
// port than WEB_PORT=8080 does. One that is a port inside a container is none of
// this machine. The PORT that foreman counts from is the one of a process.
func withoutUsedVariables(declarations []report.Declaration, inside []string) []report.Declaration {
	used := map[string]bool{}
	for _, name := range inside {
		used[name] = true
	}
	given := map[uint16]bool{}
	for _, d := range declarations {
		if d.Format == report.FormatEnv {
			continue
		}
		for _, name := range variablesIn(d.Text) {
			used[name] = true
		}
		if d.Format == report.FormatProcfile && d.Text == "" {
			given[d.Port] = true
		}
	}
	return slices.DeleteFunc(declarations, func(d report.Declaration) bool {
		return d.Format == report.FormatEnv && (used[d.Name] || d.Name == "PORT" && given[d.Port])
	})
}

// variablesIn are the variables that a text has as $NAME or ${NAME}.
func variablesIn(text string) []string {
	var out []string
	for i := strings.IndexByte(text, '$'); i >= 0; i = strings.IndexByte(text, '$') {
		text = text[i+1:]
		if name := leadingName(strings.TrimPrefix(text, "{")); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// resolve gives the expectations of portwho.yaml their ports.
func (p *parsed) resolve() {
	var good []report.Expectation
	for _, e := range p.expectations {
		resolved, err := ResolveExpectation(e, p.declarations)
		if err != nil {
			p.findings = append(p.findings, mistake(file{name: e.File}, e.Line, 1, suggested(err)))
			continue
		}
		good = append(good, resolved)
	}
	p.expectations = good
}
