package house

import (
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Links of package comments lead somewhere: pkg.go.dev shows those that do not
// as text in brackets.
func TestDocLinks(t *testing.T) {
	top := root(t)
	byFolder := map[string][]source{}
	for _, s := range sources(t) {
		if isLibrary(s.folder()) && !s.test {
			byFolder[s.folder()] = append(byFolder[s.folder()], s)
		}
	}
	links := 0
	for folder, files := range byFolder {
		known := map[string]map[string]bool{"": symbols(filesOf(files))}
		imports := map[string]string{}
		for _, s := range files {
			for _, spec := range s.file.Imports {
				path := strings.Trim(spec.Path.Value, `"`)
				imports[path[strings.LastIndex(path, "/")+1:]] = path
			}
		}
		parse := comment.Parser{
			LookupPackage: func(name string) (string, bool) {
				path, ok := imports[name]
				if !ok {
					return comment.DefaultLookupPackage(name)
				}
				return path, ok
			},
			LookupSym: func(recv, name string) bool { return known[""][strings.TrimPrefix(recv+"."+name, ".")] },
		}
		for _, s := range files {
			for _, group := range s.file.Comments {
				text := group.Text()
				for _, link := range docLinks(parse.Parse(text)) {
					links++
					if link.ImportPath == "" || link.Name == "" {
						continue // the parser has looked
					}
					if known[link.ImportPath] == nil {
						known[link.ImportPath] = symbolsIn(t, top, link.ImportPath)
					}
					if name := strings.TrimPrefix(link.Recv+"."+link.Name, "."); !known[link.ImportPath][name] {
						t.Errorf("%s: [%s.%s] leads nowhere", s.at(group), link.ImportPath, name)
					}
				}
				for _, name := range bracketed(parse.Parse(text)) {
					t.Errorf("%s: %s leads nowhere (in %s)", s.at(group), name, folder)
				}
			}
		}
	}
	if links < 10 {
		t.Errorf("only %d links were found", links)
	}
}

func filesOf(all []source) []*ast.File {
	var out []*ast.File
	for _, s := range all {
		out = append(out, s.file)
	}
	return out
}

// symbolsIn are the names of a package of this module or of the standard
// library.
func symbolsIn(t *testing.T, top, path string) map[string]bool {
	t.Helper()
	list := exec.Command("go", "list", "-f", "{{.Dir}}", path)
	list.Dir = top
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list %s: %v", path, err)
	}
	folder := strings.TrimSpace(string(out))
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return symbols(files)
}

// symbols are the exported names of files: Name, Type.Method and Type.Field.
func symbols(files []*ast.File) map[string]bool {
	out := map[string]bool{}
	for _, file := range files {
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				name := decl.Name.Name
				if decl.Recv != nil {
					kind := decl.Recv.List[0].Type
					if star, ok := kind.(*ast.StarExpr); ok {
						kind = star.X
					}
					if id, ok := kind.(*ast.Ident); ok {
						name = id.Name + "." + name
					}
				}
				out[name] = true
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						out[spec.Name.Name] = true
						if s, ok := spec.Type.(*ast.StructType); ok {
							for _, f := range s.Fields.List {
								for _, name := range f.Names {
									out[spec.Name.Name+"."+name.Name] = true
								}
							}
						}
					case *ast.ValueSpec:
						for _, name := range spec.Names {
							out[name.Name] = true
						}
					}
				}
			}
		}
	}
	return out
}

// docLinks are the links of a comment that were recognised.
func docLinks(d *comment.Doc) []*comment.DocLink {
	var out []*comment.DocLink
	eachText(d, func(text comment.Text) {
		if link, ok := text.(*comment.DocLink); ok {
			out = append(out, link)
		}
	})
	return out
}

// bracketed is what looks like a link of a comment and is none.
func bracketed(d *comment.Doc) []string {
	looks := regexp.MustCompile(`\[\*?(?:[a-z]\w*\.)?[A-Z]\w*[a-z]\w*(?:\.[A-Z]\w*)?\]`)
	var out []string
	eachText(d, func(text comment.Text) {
		if plain, ok := text.(comment.Plain); ok {
			out = append(out, looks.FindAllString(string(plain), -1)...)
		}
	})
	return out
}

// eachText calls f for every piece of running text of a comment.
func eachText(d *comment.Doc, f func(comment.Text)) {
	var blocks func([]comment.Block)
	all := func(texts []comment.Text) {
		for _, text := range texts {
			f(text)
		}
	}
	blocks = func(list []comment.Block) {
		for _, b := range list {
			switch b := b.(type) {
			case *comment.Paragraph:
				all(b.Text)
			case *comment.Heading:
				all(b.Text)
			case *comment.List:
				for _, item := range b.Items {
					blocks(item.Content)
				}
			}
		}
	}
	blocks(d.Content)
}
