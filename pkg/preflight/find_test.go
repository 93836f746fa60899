package preflight

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/report"
)

// folderOf makes a folder with files: names in turn with what is in them.
func folderOf(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, filepath.FromSlash(files[i]))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const podManifest = "apiVersion: v1\nkind: Pod\n"

// TestDiscovery holds which files of a folder are read, and in which order.
func TestDiscovery(t *testing.T) {
	dir := folderOf(t,
		"portwho.yaml", "ports: {web: 3000}", "package.json", "{}", "Procfile", "web: x", "Procfile.dev", "web: y",
		".env", "A=1", ".env.local", "A=1", ".env.development", "A=1", ".env.development.local", "A=1",
		".env.example", "PORT=1", ".env.production", "PORT=2", ".env.test", "PORT=3",
		".devcontainer/devcontainer.json", "{}", ".devcontainer/x/devcontainer.json", "{}", ".devcontainer.json", "{}", ".devcontainer/x/y/devcontainer.json", "{",
		"Properties/launchSettings.json", "{}", "Api/Properties/launchSettings.json", "{}", "a/b/Properties/launchSettings.json", "{",
		"pod.yaml", podManifest, "values.yaml", "port: 1", "k8s/a.yml", podManifest, "k8s/deeper/b.yaml", podManifest, "kubernetes/c.yaml", podManifest,
		"deploy/d.yaml", podManifest, "manifests/e.yaml", podManifest, "kind.yaml", "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\n", "k8s/notes.txt", "x",
		"node_modules/Properties/launchSettings.json", "{", "sub/package.json", "{", "sub/.env", "PORT=4",
	)
	want := []string{
		".env", ".env.local", ".env.development", ".env.development.local", "Procfile", "Procfile.dev", "package.json",
		".devcontainer/devcontainer.json", ".devcontainer.json", ".devcontainer/x/devcontainer.json",
		"Properties/launchSettings.json", "Api/Properties/launchSettings.json",
		"kind.yaml", "pod.yaml", "k8s/a.yml", "kubernetes/c.yaml", "deploy/d.yaml", "manifests/e.yaml", "portwho.yaml",
	}
	p, err := Read(context.Background(), Config{Dir: dir})
	if err != nil || len(p.Findings) != 0 {
		t.Fatalf("%+v, %v", p.Findings, err)
	}
	if !slices.Equal(p.Files, want) {
		t.Errorf("it reads\n%q, want\n%q", p.Files, want)
	}
}

func TestNothingFound(t *testing.T) {
	if p, err := Read(context.Background(), Config{Dir: t.TempDir()}); err != nil || len(p.Files)+len(p.Findings)+len(p.Declarations) != 0 {
		t.Errorf("an empty folder says %+v, %v", p, err)
	}
	_, err := Read(context.Background(), Config{Dir: filepath.Join(t.TempDir(), "none")})
	var bad *FileError
	if !errors.As(err, &bad) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there is %v", err)
	}
}

// TestNamedFiles holds how the format of a named file is told.
func TestNamedFiles(t *testing.T) {
	for _, test := range []struct {
		name, text string
		format     report.Format
	}{
		{"prod.env", "PORT=3000", report.FormatEnv},
		{".env.example", "PORT=3000", report.FormatEnv},
		{"Procfile.test", "web: x --port 3000", report.FormatProcfile},
		{"other/devcontainer.json", `{"appPort": 3000}`, report.FormatDevcontainer},
		{"any.yaml", podManifest + "spec: {containers: [{ports: [{hostPort: 3000}]}]}", report.FormatKubernetes},
		{"any.yml", "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnetworking: {apiServerPort: 3000}", report.FormatKind},
		{"sub/portwho.yaml", "ports: {web: 3000}", report.FormatPortwho},
		{"sub/package.json", `{"scripts": {"dev": "vite --port 3000"}}`, report.FormatPackageJSON},
		{"sub/launchSettings.json", `{"profiles": {"x": {"applicationUrl": "http://localhost:3000"}}}`, report.FormatLaunchSettings},
	} {
		dir := folderOf(t, test.name, test.text, "portwho.yaml", "ports: {mine: 1}")
		path := filepath.Join(dir, filepath.FromSlash(test.name))
		p, err := Read(context.Background(), Config{Dir: dir, Files: []string{path, path}})
		if err != nil || len(p.Declarations) != 1 || p.Declarations[0].Format != test.format || p.Declarations[0].Port != 3000 || p.Declarations[0].File != test.name {
			t.Errorf("%s: %+v, %v", test.name, p.Declarations, err)
		}
	}
	for name, want := range map[string]error{
		"notes.txt":  ErrUnknownFormat,
		"any.yaml":   ErrUnknownFormat,
		"chart.yaml": ErrTemplate,
	} {
		dir := folderOf(t, "notes.txt", "services:\n", "any.yaml", "a: 1", "chart.yaml", podManifest+"metadata:\n  {{- x }}\n  a: b\n")
		_, err := Read(context.Background(), Config{Dir: dir, Files: []string{filepath.Join(dir, name)}})
		if !errors.Is(err, want) || !strings.HasPrefix(err.Error(), "read "+name+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := folderOf(t, "compose.text.yaml", "services:\n")
	if f, ok := formatOf(file{name: "stack.yml", data: []byte("services:\n  web: {}\n")}); !ok || f.id != report.FormatCompose {
		t.Errorf("YAML with services is %q", f.id)
	}
	if _, err := Read(context.Background(), Config{Dir: dir, Files: []string{filepath.Join(dir, "compose.text.yaml")}}); err != nil {
		t.Error(err)
	}
}

// TestFileOnce: a file that two formats need is read once.
func TestFileOnce(t *testing.T) {
	dir := folderOf(t, ".env", "PORT=3000", "Procfile", "web: x -p $PORT")
	r := newReader(context.Background(), Config{Dir: dir})
	path := filepath.Join(dir, ".env")
	if _, err := r.load(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if f, err := r.load(path); err != nil || string(f.data) != "PORT=3000" {
		t.Errorf("it is read again: %v", err)
	}
}

// TestVariableOfContainer: a variable of .env that is only a port inside a
// container is none of this machine, in either syntax.
func TestVariableOfContainer(t *testing.T) {
	for _, ports := range []string{`["${OUT_PORT}:${IN_PORT}"]`, `[{target: "${IN_PORT}", published: "${OUT_PORT}"}]`} {
		dir := folderOf(t, ".env", "OUT_PORT=8080\nIN_PORT=3000\nADMIN_PORT=3001\n", "compose.yaml", "services: {web: {image: web, ports: "+ports+"}}")
		p, err := Read(context.Background(), Config{Dir: dir})
		var got []string
		for _, d := range p.Declarations {
			got = append(got, fmt.Sprint(d.Name, " ", d.Port))
		}
		if want := []string{"web 8080", "ADMIN_PORT 3001"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", ports, got, err, want)
		}
	}
}

// TestNameOfFile: names are relative to the project's folder, wherever it is.
func TestNameOfFile(t *testing.T) {
	dir := folderOf(t, "sub/.env", "PORT=1")
	t.Chdir(dir)
	for _, config := range []Config{
		{Files: []string{"sub/.env"}},
		{Dir: ".", Files: []string{filepath.Join(dir, "sub", ".env")}},
		{Dir: dir, Files: []string{"sub/.env"}},
	} {
		p, err := Read(context.Background(), config)
		if err != nil || len(p.Files) != 1 || p.Files[0] != "sub/.env" {
			t.Errorf("%+v: %q, %v", config, p.Files, err)
		}
	}
	p, err := Read(context.Background(), Config{Dir: "sub"})
	if err != nil || len(p.Files) != 1 || p.Files[0] != ".env" {
		t.Errorf("a folder below: %q, %v", p.Files, err)
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(ctx, Config{Dir: folderOf(t, ".env", "PORT=1")}); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}
