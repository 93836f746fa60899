package preflight

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/report"
)

// hostileNames are a file of each format.
func hostileNames() []string {
	return []string{
		"compose.yaml", ".env", "Procfile", "package.json", ".devcontainer.json", "Properties/launchSettings.json",
		"k8s/pod.yaml", "deploy/kind.yaml", "portwho.yaml",
	}
}

// TestHostileFiles: what is no file to read is a finding where it was found, and
// an error where it was named. Nothing waits, and nothing grows.
func TestHostileFiles(t *testing.T) {
	sparse := func(size int64) func(string) error {
		return func(path string) error {
			if err := os.WriteFile(path, []byte("apiVersion: v1\nkind: Pod\n"), 0o644); err != nil {
				return err
			}
			return os.Truncate(path, size)
		}
	}
	data := func(text string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(text), 0o644) }
	}
	for _, test := range []struct {
		name string
		make func(path string) error
		want string // in the summary and the error
		is   error
		line int
	}{
		{"large", sparse(50 << 20), "larger than 1 MiB", ErrTooLarge, 0},
		{"folder", func(path string) error { return os.Mkdir(path, 0o755) }, "is a folder", ErrFolder, 0},
		{"pipe", makePipe, "not a regular file", ErrNotRegular, 0},
		{"loop", func(path string) error { return os.Symlink(filepath.Base(path), path) }, "too many levels of symbolic links", nil, 0},
		{"dangling", func(path string) error { return os.Symlink("nowhere", path) }, "no such file or directory", fs.ErrNotExist, 0},
		{"device", func(path string) error { return os.Symlink("/dev/zero", path) }, "not a regular file", ErrNotRegular, 0},
		{"utf16", data("\xff\xfeP\x00O\x00R\x00T\x00"), "not text in UTF-8 but in UTF-16", ErrNotText, 1},
		{"nul", data("PORT=1\nA=\x00\n"), "not text in UTF-8: it has a byte 0", ErrNotText, 2},
		{"latin1", data("# caf\xe9\nPORT=1\n"), "not text in UTF-8: it has a byte 0xe9, as in Latin-1", ErrNotText, 1},
	} {
		if runtime.GOOS == "windows" && test.is == nil {
			continue
		}
		for _, name := range hostileNames() {
			t.Run(test.name+"/"+filepath.Base(name), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				path := filepath.Join(dir, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := test.make(path); err != nil {
					t.Skip("this system has none of these: ", err)
				}
				p, err := Read(context.Background(), Config{Dir: dir})
				if err != nil {
					t.Fatal(err)
				}
				isFolder := test.name == "folder"
				switch {
				case len(p.Findings) == 1 && p.Findings[0].ID == report.FindingUnreadable && strings.Contains(p.Findings[0].Summary, test.want):
					if f := p.Findings[0]; f.File != name || f.Line != max(test.line, 1) {
						t.Errorf("the finding is about %s:%d", f.File, f.Line)
					}
				case isFolder && strings.HasSuffix(name, "/pod.yaml"), isFolder && strings.HasSuffix(name, "/kind.yaml"):
					// A folder is no file that anybody would take for a manifest.
				default:
					t.Errorf("the findings are %+v", p.Findings)
				}
				if len(p.Declarations) != 0 {
					t.Errorf("it declares %+v", p.Declarations)
				}
				_, err = Read(context.Background(), Config{Dir: dir, Files: []string{path}})
				var bad *FileError
				if !errors.As(err, &bad) || !strings.Contains(err.Error(), test.want) || bad.Name != name || bad.Line != test.line {
					t.Errorf("the error of a named file is %#v: %v", err, err)
				}
				if test.is != nil && !errors.Is(err, test.is) {
					t.Errorf("%v is not %v", err, test.is)
				}
			})
		}
	}
}

// TestForbiddenFile needs a user that something can be forbidden to.
func TestForbiddenFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, ".env")
	if err := os.WriteFile(path, []byte("PORT=1"), 0o000); err != nil {
		t.Fatal(err)
	}
	if in, err := os.Open(path); err == nil {
		in.Close()
		t.Skip("nothing is forbidden to this user")
	}
	p, err := Read(context.Background(), Config{Dir: dir})
	if err != nil || len(p.Findings) != 1 || !strings.Contains(p.Findings[0].Summary, "permission denied") {
		t.Errorf("%+v, %v", p.Findings, err)
	}
}

// TestForbiddenFolders: what might have had files of the project is a note, one
// for all of them. It needs a user that something can be forbidden to.
func TestForbiddenFolders(t *testing.T) {
	dir := folderOf(t, "k8s/pod.yaml", podManifest, "a/x", "", "b/x", "", "c/x", "", ".devcontainer/x", "", "deploy/pod.yaml", podManifest)
	for _, name := range []string{"k8s", "a", "b", "c", ".devcontainer", "deploy/pod.yaml"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(path, 0o755) })
	}
	if _, err := os.ReadDir(filepath.Join(dir, "a")); err == nil {
		t.Skip("nothing is forbidden to this user")
	}
	p, err := Read(context.Background(), Config{Dir: dir})
	const want = ".devcontainer, a, b and 3 more cannot be looked into: permission denied"
	if err != nil || len(p.Findings) != 1 || p.Findings[0].Severity != report.SeverityNote || p.Findings[0].Summary != want {
		t.Errorf("%+v, %v", p.Findings, err)
	}
}

// TestHostileContent reads what is made to take long or to grow. Each is allowed
// as much memory as a file of its size may take, and the test's time limit is
// the one for time.
func TestHostileContent(t *testing.T) {
	bomb := func(head, item, tail string) string {
		var b strings.Builder
		b.WriteString(head)
		b.WriteString("  a0: &a0 [" + strings.Repeat(item+",", 9) + item + "]\n")
		for i := range 20 {
			fmt.Fprintf(&b, "  a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d,", i), 9), i)
		}
		return b.String() + tail
	}
	manifest := "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"
	for name, text := range map[string]string{
		"k8s/deep.yaml":      manifest + "spec: " + strings.Repeat("[", 100_000),
		"k8s/deep2.yaml":     manifest + "spec: " + strings.Repeat("{a: ", 100_000),
		"k8s/dashes.yaml":    manifest + strings.Repeat("- ", 100_000) + "a",
		"k8s/commas.yaml":    manifest + "spec: [" + strings.Repeat("1,", 400_000) + "1]",
		"k8s/documents.yaml": strings.Repeat(manifest+"---\n", 15_000),
		"k8s/line.yaml":      manifest + "spec: \"" + strings.Repeat("x", 1_000_000) + "\"",
		"k8s/bomb.yaml":      bomb("apiVersion: v1\nkind: Pod\nmetadata:\n", "{containerPort: 1, hostPort: 2}", "spec: {containers: [{ports: *a20}]}\n"),
		"k8s/lists.yaml":     "apiVersion: v1\nkind: List\nitems: &i\n" + strings.Repeat("  - {apiVersion: v1, kind: List, items: *i}\n", 1000),
		"k8s/merges.yaml":    manifest + "spec: &s\n  <<: [*s, *s, *s, *s, *s, *s, *s, *s]\n",
		"portwho.yaml":       "ports:\n" + strings.Repeat("  web: 3000\n", 2000),
		"package.json":       strings.Repeat("[", 100_000),
		".devcontainer.json": `{"forwardPorts": [` + strings.Repeat("3000,", 180_000) + "]}",
		".env":               "PORT=" + strings.Repeat("${PORT:-", 100_000),
		".env.local":         "A=x\n" + strings.Repeat("A=${A}${A}\n", 90_000),
		".env.development":   "A=\"" + strings.Repeat("x\n", 400_000),
		".env.development.local": func() string {
			var b strings.Builder
			for i := range 40_000 {
				fmt.Fprintf(&b, "A%d_PORT=%d\n", i, i)
			}
			return b.String()
		}(),
		"Procfile":                         "web: " + strings.Repeat("-p 1 ", 200_000),
		"Procfile.dev":                     strings.Repeat("web: x -p $PORT\n", 60_000),
		"A/Properties/launchSettings.json": `{"profiles": {"a": {"applicationUrl": "` + strings.Repeat("http://localhost:1;", 50_000) + `"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := folderOf(t, name, text)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			p, err := Read(context.Background(), Config{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			if taken := (after.TotalAlloc - before.TotalAlloc) >> 20; taken > 512 {
				t.Errorf("%d bytes of text took %d MiB", len(text), taken)
			}
			t.Logf("%d declarations, %d findings, %d MiB", len(p.Declarations), len(p.Findings), (after.TotalAlloc-before.TotalAlloc)>>20)
			if len(p.Findings) > 0 {
				t.Log(p.Findings[0].Line, p.Findings[0].Summary)
			}
			checkProject(t, p)
		})
	}
}

// TestManyPorts reads two thousand ports of each format.
func TestManyPorts(t *testing.T) {
	const many = 2000
	lines := func(head, line, tail string) string {
		var b strings.Builder
		b.WriteString(head)
		for i := range many {
			fmt.Fprintf(&b, line, i, 20000+i)
		}
		return b.String() + tail
	}
	for name, text := range map[string]string{
		".env":                           lines("", "P%d_PORT=%d\n", ""),
		"Procfile":                       lines("", "p%d: x --port %d\n", ""),
		"package.json":                   lines(`{"scripts": {`, `"s%d": "x --port %d",`, `"last": "x"}}`),
		".devcontainer.json":             lines(`{"appPort": [`, `/* %d */ %d,`, `]}`),
		"Properties/launchSettings.json": lines(`{"profiles": {`, `"p%d": {"applicationUrl": "http://localhost:%d"},`, `}}`),
		"k8s/pod.yaml":                   lines("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - ports:\n", "      - {containerPort: 1%d, hostPort: %d}\n", ""),
		"kind.yaml":                      lines("apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\nnodes:\n  - extraPortMappings:\n", "      - {containerPort: 1%d, hostPort: %d}\n", ""),
		"portwho.yaml":                   lines("ports:\n", "  p%d: %d\n", ""),
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			dir := folderOf(t, name, text)
			p, err := Read(context.Background(), Config{Dir: dir})
			if err != nil || len(p.Declarations) != many || len(p.Findings) != 0 {
				t.Fatalf("%d declarations, %d findings, %v", len(p.Declarations), len(p.Findings), err)
			}
			for i, d := range p.Declarations {
				if int(d.Port) != 20000+i {
					t.Fatalf("declaration %d is %+v", i, d)
				}
			}
		})
	}
}
