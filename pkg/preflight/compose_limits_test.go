package preflight

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/report"
	"github.com/rogpeppe/go-internal/txtar"
)

// readComposeText reads a compose file that is given as text.
func readComposeText(t testing.TB, text string) Project {
	t.Helper()
	path := filepath.Join(t.TempDir(), "compose.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return readComposePath(t, path)
}

func readComposePath(t testing.TB, path string) Project {
	t.Helper()
	r := newReader(t.Context(), Config{Dir: filepath.Dir(path)})
	f, err := r.open(path)
	if err != nil {
		t.Fatal(err)
	}
	return r.project(readCompose(r, []file{f}))
}

// allocated is how many bytes a function allocates. Other tests must not run
// beside it.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func manyServices(n int, each string) string {
	var out strings.Builder
	out.WriteString("services:\n")
	for i := range n {
		fmt.Fprintf(&out, each, i)
	}
	return out.String()
}

// TestComposeManyPorts reads two thousand ports, one a line.
func TestComposeManyPorts(t *testing.T) {
	const count = 2000
	var text strings.Builder
	text.WriteString("services:\n  web:\n    image: web\n    ports:\n")
	for i := range count {
		fmt.Fprintf(&text, "      - \"%d:%d\"\n", 10000+i, 10000+i)
	}
	var project Project
	bytes := allocated(func() { project = readComposeText(t, text.String()) })
	if len(project.Declarations) != count || len(project.Findings) != 0 {
		t.Fatalf("%d declarations, findings %v", len(project.Declarations), project.Findings)
	}
	for i, d := range project.Declarations {
		if d.Line != 5+i || int(d.Port) != 10000+i {
			t.Fatalf("declaration %d is %+v", i, d)
		}
	}
	if most := uint64(16 << 20); bytes > most {
		t.Errorf("%d bytes allocated, want at most %d", bytes, most)
	}
}

// TestComposeBounds gives what a hostile file may hold. Each must end, within
// memory, and with a finding where the reading was given up.
func TestComposeBounds(t *testing.T) {
	const mega = MaxFileSize / 4
	var laughs, merges strings.Builder
	laughs.WriteString("x0: &x0 [\"80:80\"]\n")
	merges.WriteString("x0: &x0 {image: web}\n")
	for i := range 40 {
		fmt.Fprintf(&laughs, "x%d: &x%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*x%d,", i), 9), ","))
		fmt.Fprintf(&merges, "x%d: &x%d {<<: [%s]}\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*x%d,", i), 9), ","))
	}
	manyPorts := "x: &p [\"1-65535:1-65535\"]\n"
	for name, c := range map[string]struct {
		text string
		want string // in a finding; empty for none
	}{
		"aliases":            {laughs.String() + "services: {web: {image: web, ports: *x40}}\n", "invalid type []interface {}"},
		"merges":             {merges.String() + "services: {web: {<<: *x40, ports: [\"80:80\"]}}\n", ""},
		"deep flow":          {strings.Repeat("[", 4*mega), "max depth"},
		"deep block":         {strings.Repeat("- ", 2*mega-1), "lines and values"},
		"deep within bounds": {"a: " + strings.Repeat("[", 9990) + strings.Repeat("]", 9990), ""},
		"values":             {"a: [" + strings.Repeat("a,", 2*mega-4) + "]", "lines and values"},
		"values within":      {"a: [" + strings.Repeat("a,", 100_000) + "]", ""},
		"documents":          {strings.Repeat("---\n", mega-1), "lines and values"},
		"lines":              {strings.Repeat("\n", 4*mega), "lines and values"},
		"long line":          {"a: \"" + strings.Repeat("x", 4*mega-8) + "\"", ""},
		"many variables":     {"a: \"" + strings.Repeat("${A:-x}", mega/2) + "\"", ""},
		"nested variables":   {"a: \"" + strings.Repeat("${A:-", mega/2) + strings.Repeat("}", mega/2) + "\"", "more than 100 defaults"},
		"open variables":     {"a: \"" + strings.Repeat("${A:-", mega/2) + "}\"", "invalid interpolation format"},
		"every port":         {"services: {web: {image: web, ports: [\"1-65535:1-65535\"]}}", ""},
		"every port thrice":  {"services: {web: {image: web, ports: [\"1-65535:1-65535\", \"1-65535:1-65535/udp\", \"127.0.0.1:1-65535:1-65535\"]}}", "more than 131072 ports"},
		"ports by alias":     {manyPorts + manyServices(100, "  s%d: {image: web, ports: *p}\n"), "too many entries"},
		"ports by extends":   {manyServices(1, "  s%d: {image: web, ports: [\"1-65535:1-65535\"]}\n") + strings.TrimPrefix(manyServices(60, "  t%d: {extends: s0}\n"), "services:\n"), "131072 ports"},
		"chain":              {extendsChain(3000), "too many entries"},
		"services":           {manyServices(5_000, "  s%d: {image: web, ports: [80]}\n"), ""},
		"wide merges":        {"x: &x {" + strings.Repeat("a: 1,", 2000) + "}\n" + manyServices(5000, "  s%d: {<<: *x}\n"), "too many entries"},
		"documents of ports": {strings.Repeat("services: {web: {image: web, ports: [\"1-999:1-999\"]}}\n---\n", 10_000), "too many entries"},
	} {
		t.Run(name, func(t *testing.T) {
			if len(c.text) > MaxFileSize {
				t.Fatalf("%d bytes", len(c.text))
			}
			var project Project
			bytes := allocated(func() { project = readComposeText(t, c.text) })
			if most := uint64(768 << 20); bytes > most {
				t.Errorf("%d MiB allocated, want at most %d", bytes>>20, most>>20)
			}
			t.Logf("%d MiB allocated, %d declarations, %d findings", bytes>>20, len(project.Declarations), len(project.Findings))
			if c.want == "" && len(project.Findings) > 0 && !strings.Contains(name, "merges") {
				t.Errorf("found %+v", project.Findings[0])
			}
			if c.want != "" && !hasFinding(project.Findings, c.want) {
				t.Errorf("no finding has %q: %+v", c.want, project.Findings[:min(3, len(project.Findings))])
			}
		})
	}
}

func extendsChain(n int) string {
	var links strings.Builder
	for i := range n {
		fmt.Fprintf(&links, "  s%d: {extends: s%d, ports: [%d]}\n", i+1, i, i+2)
	}
	return manyServices(1, "  s%d: {image: web, ports: [1]}\n") + links.String()
}

func hasFinding(all []report.Finding, text string) bool {
	for _, f := range all {
		if strings.Contains(f.Summary, text) && f.Line > 0 {
			return true
		}
	}
	return false
}

// TestComposeIncludesWithoutEnd includes two files, each of which includes the
// two next.
func TestComposeIncludesWithoutEnd(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 40 {
		next := fmt.Sprintf("include: [a%d.yaml, b%d.yaml]\nservices: {s%d: {image: x, ports: [\"80%02d:80\"]}}\n", i+1, i+1, i, i)
		write(fmt.Sprintf("a%d.yaml", i), next)
		write(fmt.Sprintf("b%d.yaml", i), next)
	}
	project := readComposePath(t, filepath.Join(dir, "a0.yaml"))
	if !hasFinding(project.Findings, "more than 1000 files") {
		t.Errorf("found %+v", project.Findings)
	}
	if len(project.Declarations) != 40 {
		t.Errorf("%d declarations", len(project.Declarations))
	}
}

// TestComposeBytes includes more than is read of a project.
func TestComposeBytes(t *testing.T) {
	dir := t.TempDir()
	count := maxComposeBytes/(MaxFileSize-1000) + 2
	include := "include:\n"
	for i := range count {
		name := fmt.Sprintf("part%d.yaml", i)
		include += "  - " + name + "\n"
		text := "#" + strings.Repeat("x", MaxFileSize-1000) + fmt.Sprintf("\nservices: {s%d: {image: x, ports: [80]}}\n", i)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "compose.yaml")
	if err := os.WriteFile(path, []byte(include), 0o644); err != nil {
		t.Fatal(err)
	}
	project := readComposePath(t, path)
	if !hasFinding(project.Findings, "come to more than 16 MiB") || len(project.Declarations) >= count {
		t.Errorf("%d declarations, findings %+v", len(project.Declarations), project.Findings)
	}
}

// TestComposeNamedFiles names what is no file in include, extends and env_file.
func TestComposeNamedFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("loop.yaml", filepath.Join(dir, "loop.yaml")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "compose.yaml")
	text := `include:
  - folder
  - loop.yaml
  - https://example.com/compose.yaml
  - path: ok.yaml
    env_file: folder
services:
  web: {image: web, ports: ["8080:80"], extends: {file: folder, service: x}}
`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ok.yaml"), []byte("services: {ok: {image: x, ports: [\"8081:80\"]}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	project := readComposePath(t, path)
	for line, want := range map[int]string{2: "folder", 3: "loop.yaml", 4: "not on this machine", 5: "folder", 8: "folder"} {
		found := false
		for _, f := range project.Findings {
			found = found || f.Line == line && strings.Contains(f.Summary, want)
		}
		if !found {
			t.Errorf("line %d has no finding with %q: %+v", line, want, project.Findings)
		}
	}
	if len(project.Declarations) != 2 {
		t.Errorf("declarations %+v", project.Declarations)
	}
}

// TestComposeLatin1 points at the byte that is no UTF-8.
func TestComposeLatin1(t *testing.T) {
	t.Parallel()
	r := newReader(t.Context(), Config{Dir: "/nowhere"})
	out := readCompose(r, []file{{path: "/nowhere/compose.yaml", name: "compose.yaml", data: []byte("services:\n  web:\n    image: caf\xe9\n    ports: [\"80:80\"]\n")}})
	if len(out.findings) != 1 || out.findings[0].Line != 3 || out.findings[0].Column != 15 {
		t.Errorf("found %+v", out.findings)
	}
}

// TestComposeCRLF reads the corpus with the line ends of Windows and a byte
// order mark.
func TestComposeCRLF(t *testing.T) {
	for _, c := range composeCases(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.extract(t)
			want := c.read(t)
			windows := c
			windows.archive = &txtar.Archive{Comment: c.archive.Comment}
			for _, f := range c.archive.Files {
				data := bytes.ReplaceAll(f.Data, []byte("\n"), []byte("\r\n"))
				windows.archive.Files = append(windows.archive.Files, txtar.File{Name: f.Name, Data: append([]byte("\xef\xbb\xbf"), data...)})
			}
			windows.extract(t)
			got := windows.read(t)
			if g, w := fmt.Sprint(got.Declarations), fmt.Sprint(want.Declarations); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
			if len(got.Findings) != len(want.Findings) {
				t.Errorf("got\n%+v\nwant\n%+v", got.Findings, want.Findings)
			}
		})
	}
}

func FuzzCompose(f *testing.F) {
	paths, err := filepath.Glob(filepath.Join("testdata", "compose", "*.txtar"))
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range archive.Files {
			if strings.HasSuffix(part.Name, ".yaml") {
				f.Add(part.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newReader(t.Context(), Config{Dir: "/nowhere"})
		project := r.project(readCompose(r, []file{{path: "/nowhere/compose.yaml", name: "compose.yaml", data: data}}))
		lines := bytes.Count(data, []byte("\n")) + bytes.Count(data, []byte("\r")) + 4*bytes.Count(data, []byte("\xc2\x85")) + bytes.Count(data, []byte("\xe2\x80")) + 1
		for _, d := range project.Declarations {
			if d.Line < 1 || d.Line > lines || d.Column < 1 || d.LastPort < d.Port || d.Target == 0 && d.Text == "" {
				t.Fatalf("%+v", d)
			}
		}
		for _, f := range project.Findings {
			if f.Line < 1 || f.Column < 1 || f.Summary == "" || f.File == "" {
				t.Fatalf("%+v", f)
			}
		}
		if len(project.Declarations) > maxComposePorts {
			t.Fatalf("%d declarations", len(project.Declarations))
		}
	})
}
