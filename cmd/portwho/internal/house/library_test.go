package house

import (
	"go/ast"
	"go/doc"
	"go/token"
	"strings"
	"testing"
)

// isLibrary reports whether others may import the package of a folder.
func isLibrary(folder string) bool {
	return strings.HasPrefix(folder, "pkg/") && !strings.Contains(folder+"/", "/internal/")
}

// Each package that others may import shows how, by an example that runs.
func TestPackagesHaveExamples(t *testing.T) {
	runs := map[string]bool{}
	for _, s := range sources(t) {
		if !isLibrary(s.folder()) {
			continue
		}
		runs[s.folder()] = runs[s.folder()]
		if !s.test {
			continue
		}
		for _, e := range doc.Examples(s.file) {
			if e.Output != "" {
				runs[s.folder()] = true
			}
		}
	}
	if len(runs) < 8 {
		t.Fatalf("only %d packages were found", len(runs))
	}
	for folder, has := range runs {
		if !has {
			t.Errorf("%s has no example with an output", folder)
		}
	}
}

// What the library exports is used outside of its package, or in an example:
// what nobody needs is a promise for nothing.
func TestExportedNamesAreUsed(t *testing.T) {
	used := map[string]bool{}
	all := sources(t)
	for _, s := range all {
		if s.test && !strings.HasPrefix(s.path[strings.LastIndex(s.path, "/")+1:], "example") {
			continue
		}
		for _, u := range uses(s.file) {
			used[u.name] = true
		}
	}
	for _, s := range all {
		if s.test || !isLibrary(s.folder()) {
			continue
		}
		for _, name := range exportedNames(s.file) {
			if strings.HasPrefix(name.Name, "Err") {
				continue // callers compare with it
			}
			if !used[module+"/"+s.folder()+"."+name.Name] {
				t.Errorf("%s: nobody uses %s", s.at(name), name.Name)
			}
		}
	}
}

// exportedNames are the functions and variables that a file exports. Types and
// constants are left out: they have users through others of their set.
func exportedNames(file *ast.File) []*ast.Ident {
	var out []*ast.Ident
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil && decl.Name.IsExported() {
				out = append(out, decl.Name)
			}
		case *ast.GenDecl:
			if decl.Tok != token.VAR {
				continue
			}
			for _, spec := range decl.Specs {
				for _, name := range spec.(*ast.ValueSpec).Names {
					if name.IsExported() {
						out = append(out, name)
					}
				}
			}
		}
	}
	return out
}
