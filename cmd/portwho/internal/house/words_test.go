package house

import (
	"encoding/json"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestClosedSets holds the ids that pkg/diagnose gives to causes and refusals
// in step with the JSON Schema, which promises them to other programs.
func TestClosedSets(t *testing.T) {
	tests := []struct {
		file, def string
		isOne     func(name string, kind ast.Expr) bool
		// more are values that come from somewhere else.
		more []string
	}{
		{"portwho.schema.json", "cause_id", nameOfCause, nil},
		{"portwho-stop.schema.json", "refusal.reason", func(name string, _ ast.Expr) bool { return strings.HasPrefix(name, "refuse") }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.def, func(t *testing.T) {
			want := slices.Clone(tt.more)
			for _, s := range sources(t) {
				if s.folder() == "pkg/diagnose" && !s.test {
					want = append(want, stringConstants(s.file, tt.isOne)...)
				}
			}
			slices.Sort(want)
			if got := enum(t, tt.file, tt.def); !slices.Equal(got, want) {
				t.Errorf("docs/%s and pkg/diagnose differ\nschema %q\ncode   %q", tt.file, got, want)
			}
		})
	}
}

func nameOfCause(_ string, kind ast.Expr) bool { return isCauseID(kind) }

func isCauseID(kind ast.Expr) bool {
	selector, ok := kind.(*ast.SelectorExpr)
	return ok && selector.Sel.Name == "CauseID"
}

func stringConstants(file *ast.File, isOne func(string, ast.Expr) bool) []string {
	var out []string
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			spec := spec.(*ast.ValueSpec)
			for i, name := range spec.Names {
				if i >= len(spec.Values) || !isOne(name.Name, spec.Type) {
					continue
				}
				if literal, ok := spec.Values[i].(*ast.BasicLit); ok && literal.Kind == token.STRING {
					if text, err := strconv.Unquote(literal.Value); err == nil {
						out = append(out, text)
					}
				}
			}
		}
	}
	return out
}

// enum reads the values of a definition, or of a property of one such as
// refusal.reason, sorted.
func enum(t *testing.T, file, def string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), "docs", file))
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs map[string]struct {
			Enum       []string
			Properties map[string]struct{ Enum []string }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	name, property, _ := strings.Cut(def, ".")
	values := schema.Defs[name].Enum
	if property != "" {
		values = schema.Defs[name].Properties[property].Enum
	}
	if len(values) == 0 {
		t.Fatalf("docs/%s has no values for %s", file, def)
	}
	return slices.Sorted(slices.Values(values))
}
