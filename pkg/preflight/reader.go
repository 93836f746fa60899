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
	names  []string
}

func newReader(ctx context.Context, config Config) *reader {
	return &reader{ctx: ctx, config: config, dir: cmp.Or(config.Dir, ".")}
}

// opened notes that a file was read.
func (r *reader) opened(name string) {
	if !slices.Contains(r.names, name) {
		r.names = append(r.names, name)
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
	rank := func(name string) int { return slices.Index(r.names, name) }
	slices.SortStableFunc(all.declarations, func(a, b report.Declaration) int {
		return cmp.Or(cmp.Compare(rank(a.File), rank(b.File)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Port, b.Port))
	})
	slices.SortStableFunc(all.findings, func(a, b report.Finding) int {
		return cmp.Or(cmp.Compare(rank(a.File), rank(b.File)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return Project{r.names, all.declarations, all.findings, all.expectations, all.allowances, all.profiles}
}
