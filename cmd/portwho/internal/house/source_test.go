package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file of source with what the rules ask about it.
type source struct {
	path      string // from the module's folder, with slashes
	file      *ast.File
	set       *token.FileSet
	lines     int
	generated bool
	test      bool
}

func (s source) folder() string {
	folder, _, _ := cutLast(s.path, "/")
	return folder
}

func (s source) at(node ast.Node) string { return s.set.Position(node.Pos()).String() }

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+len(sep):], true
}

// sources parses every Go file of the module, for every system.
func sources(t *testing.T) []source {
	t.Helper()
	top := root(t)
	var out []source
	for _, folder := range []string{"cmd", "pkg"} {
		err := filepath.WalkDir(filepath.Join(top, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
				if d != nil && d.IsDir() && d.Name() == "testdata" {
					return filepath.SkipDir
				}
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			relative, err := filepath.Rel(top, path)
			if err != nil {
				return err
			}
			relative = filepath.ToSlash(relative)
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, relative, text, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			out = append(out, source{
				path: relative, file: file, set: set,
				lines:     strings.Count(string(text), "\n"),
				generated: ast.IsGenerated(file),
				test:      strings.HasSuffix(path, "_test.go"),
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d files of source were found", len(out))
	}
	return out
}

func TestFilesAreShort(t *testing.T) {
	const most = 500
	for _, s := range sources(t) {
		if s.lines > most && !s.generated {
			t.Errorf("%s has %d lines; split it by noun before it passes %d", s.path, s.lines, most)
		}
	}
}

func TestPackageNames(t *testing.T) {
	for _, s := range sources(t) {
		switch name := strings.TrimSuffix(s.file.Name.Name, "_test"); name {
		case "util", "utils", "common", "helper", "helpers", "types", "model", "models", "core", "base", "misc", "shared", "lib":
			t.Errorf("%s: %s says nothing about what is in the package", s.path, name)
		}
	}
}

func TestPackageComments(t *testing.T) {
	comments := map[string]int{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		if s.file.Doc != nil && strings.TrimSpace(s.file.Doc.Text()) != "" {
			comments[s.folder()]++
		} else {
			comments[s.folder()] += 0
		}
	}
	for folder, n := range comments {
		if n != 1 {
			t.Errorf("%s has %d package comments, want 1", folder, n)
		}
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.file.Name.Name == "main" {
			continue
		}
		for _, decl := range s.file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Name.IsExported() && decl.Doc == nil && receiverIsExported(decl) && !satisfiesInterface(decl) {
					t.Errorf("%s: %s has no comment", s.at(decl), decl.Name)
				}
			case *ast.GenDecl:
				for _, name := range undocumented(decl) {
					t.Errorf("%s: %s has no comment", s.at(name), name)
				}
			}
		}
	}
}

func receiverIsExported(decl *ast.FuncDecl) bool {
	if decl.Recv == nil {
		return true
	}
	kind := decl.Recv.List[0].Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	name, ok := kind.(*ast.Ident)
	return ok && name.IsExported()
}

// satisfiesInterface excuses methods whose interface says all there is to say.
func satisfiesInterface(decl *ast.FuncDecl) bool {
	switch decl.Name.Name {
	case "Error", "Unwrap", "Is", "String":
		return decl.Recv != nil
	}
	return false
}

// undocumented returns the exported names of a declaration without a comment
// of their own, of their group or at the end of their line.
func undocumented(decl *ast.GenDecl) []*ast.Ident {
	var out []*ast.Ident
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && decl.Doc == nil && spec.Doc == nil {
				out = append(out, spec.Name)
			}
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				if name.IsExported() && decl.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					out = append(out, name)
				}
			}
		}
	}
	return out
}

func TestNoInit(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.generated {
			continue
		}
		for _, decl := range s.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: every command pays for an init function", s.at(f))
			}
		}
	}
}

// Functions that reach around the parameters a package is given: printing
// where nobody asked, ending the program, reading the command line, the
// environment or the clock.
func TestForbiddenCalls(t *testing.T) {
	printing := []string{"fmt.Print", "fmt.Printf", "fmt.Println", "log.", "os.Stdout", "os.Stderr"}
	process := []string{"os.Exit", "os.Args", "os.Getenv", "os.LookupEnv", "os.Environ", "os.Stdin"}
	clock := []string{"time.Now", "time.Since", "time.Until", "time.After", "time.Sleep", "time.NewTimer", "time.Tick", "time.NewTicker", "time.AfterFunc"}
	pure := []string{"pkg/port", "pkg/host", "pkg/report", "pkg/diagnose", "pkg/collect/internal/manage", "cmd/portwho/internal/text"}
	for _, s := range sources(t) {
		if s.test || s.file.Name.Name == "main" || s.folder() == "cmd/portwho/internal/testserver" || s.folder() == "cmd/portwho/internal/enginetest" {
			continue // the last two are for tests
		}
		forbidden := append([]string{}, printing...)
		forbidden = append(forbidden, process...)
		for _, folder := range pure {
			if s.folder() == folder {
				forbidden = append(forbidden, clock...)
			}
		}
		for _, use := range uses(s.file) {
			for _, f := range forbidden {
				if use.name == f || strings.HasSuffix(f, ".") && strings.HasPrefix(use.name, f) {
					t.Errorf("%s: %s uses %s; take it as a parameter", s.at(use.node), s.folder(), use.name)
				}
			}
		}
	}
}

type use struct {
	name string
	node ast.Node
}

// uses lists what a file takes from the packages it imports, as path.Name,
// whatever name the import was given.
func uses(file *ast.File) []use {
	imports := map[string]string{}
	for _, spec := range file.Imports {
		path := strings.Trim(spec.Path.Value, `"`)
		_, name, _ := cutLast(path, "/")
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = path
	}
	var out []use
	ast.Inspect(file, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			if x, ok := selector.X.(*ast.Ident); ok && imports[x.Name] != "" {
				out = append(out, use{imports[x.Name] + "." + selector.Sel.Name, node})
			}
		}
		return true
	})
	return out
}

// The finder of forbidden calls is held to what it must find.
func TestUses(t *testing.T) {
	const text = `package p
import ("time"; clock "time"; "os")
func f() { _ = time.Now(); g := clock.Now; _ = g; _ = os.Args; time := 1; _ = time }`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range uses(file) {
		got = append(got, u.name)
	}
	if want := "time.Now time.Now os.Args"; strings.Join(got, " ") != want {
		t.Errorf("uses are %q, want %q", got, want)
	}
}
