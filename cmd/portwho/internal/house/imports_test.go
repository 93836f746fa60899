package house

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/portwho/portwho"

// A rule says what a folder's packages may import besides the standard
// library. A name that ends in "/..." stands for the folder and all below it.
type rule struct {
	folder string
	own    []string // folders of this module
	others []string // modules of others, by the beginning of the import path
	never  []string // packages of the standard library that it may not import
}

// rules is the picture of docs/architecture.md. The first rule that names a
// folder decides.
func rules() []rule {
	const (
		sys       = "golang.org/x/sys/"
		terminal  = "golang.org/x/term"
		gopsutil  = "github.com/shirou/gopsutil/v3/"
		tables    = "github.com/olekukonko/tablewriter"
		tablesLog = "github.com/olekukonko/ll" // of its renderer
		cobra     = "github.com/spf13/cobra"
		pflag     = "github.com/spf13/pflag"
		cellWidth = "github.com/mattn/go-runewidth"
		yaml      = "go.yaml.in/yaml/v4"
		cellWide  = "github.com/clipperhouse/displaywidth"
		screens   = "charm.land/bubbletea/v2"
	)
	pure := []string{"os", "os/exec", "os/user", "os/signal", "net", "net/http", "syscall", "runtime"}
	return []rule{
		{folder: "pkg/port/internal/...", own: []string{"pkg/port"}},
		{folder: "pkg/port", never: pure},
		{folder: "pkg/host", own: []string{"pkg/port"}, never: pure},
		{folder: "pkg/report", own: []string{"pkg/host", "pkg/port"}, never: pure},
		{folder: "pkg/diagnose", own: []string{"pkg/host", "pkg/port", "pkg/report"}, never: pure},
		{folder: "pkg/preflight", own: []string{"pkg/port", "pkg/report"}, others: []string{yaml}, never: []string{"net", "os/exec", "os/user"}},
		{folder: "pkg/probe", own: []string{"pkg/host", "pkg/port"}, others: []string{sys}},
		{folder: "pkg/collect/internal/manage", own: []string{"pkg/host", "pkg/collect/internal/systemd"}, never: pure},
		{folder: "pkg/collect/internal/gops/...", own: []string{"pkg/host", "pkg/port", "pkg/collect/internal/..."}, others: []string{gopsutil, sys}},
		{folder: "pkg/collect/...", own: []string{"pkg/host", "pkg/port", "pkg/collect/internal/..."}, others: []string{sys}},
		{folder: "pkg/lease", own: []string{"pkg/port", "pkg/host", "pkg/collect", "pkg/probe"}, others: []string{sys}},
		{folder: "pkg/blame", own: []string{"pkg/host", "pkg/port", "pkg/collect", "pkg/diagnose", "pkg/report"}, never: []string{"os", "os/exec", "net/http"}},
		{folder: "pkg/stop", own: []string{"pkg/host", "pkg/collect", "pkg/probe", "pkg/report"}, others: []string{sys}},
		{folder: "cmd/portwho", own: []string{"cmd/portwho/internal/cli"}},
		{folder: "cmd/portwho/internal/cli", own: []string{"pkg/...", "cmd/portwho/internal/text", "cmd/portwho/internal/term", "cmd/portwho/internal/child", "cmd/portwho/internal/watch", "cmd/portwho/internal/pick"}, others: []string{cobra, pflag, terminal}},
		{folder: "cmd/portwho/internal/text", own: []string{"pkg/report", "pkg/host", "pkg/port", "cmd/portwho/internal/term"}, others: []string{tables, tablesLog}, never: []string{"os", "net", "time/tzdata"}},
		{folder: "cmd/portwho/internal/watch", own: []string{"pkg/report", "pkg/host", "pkg/port", "cmd/portwho/internal/term"}, others: []string{screens}, never: []string{"net", "os/exec", "os/user"}},
		{folder: "cmd/portwho/internal/pick", own: []string{"cmd/portwho/internal/term"}, others: []string{screens}, never: []string{"os", "net", "os/exec", "os/user"}},
		{folder: "cmd/portwho/internal/term", others: []string{sys, terminal, cellWidth, cellWide}},
		{folder: "cmd/portwho/internal/child", others: []string{sys}},
		{folder: "cmd/portwho/internal/testserver", others: []string{sys}},
		{folder: "cmd/portwho/internal/oracle"}, // the tests in it must not trust the rule they test
		{folder: "cmd/portwho/internal/systemdtest", others: []string{sys}},
		{folder: "cmd/portwho/internal/component"},
		{folder: "cmd/portwho/internal/enginetest"}, // imported by tests alone
		{folder: "cmd/portwho/internal/enginetest/server"},
		{folder: "cmd/portwho/internal/packaging"},
		{folder: "cmd/portwho/internal/speed", others: []string{sys}}, // it compares whole programs
		{folder: "cmd/portwho/internal/stopping"},
		{folder: "cmd/portwho/internal/picture", own: []string{"cmd/portwho/internal/term"}},
		{folder: "cmd/portwho/internal/manual", own: []string{"cmd/portwho/internal/cli"}}, // writes pages; no part of the program
		{folder: "cmd/portwho/internal/house"},
	}
}

// directModules are the modules go.mod may name without "// indirect".
func directModules() []string {
	return []string{
		"charm.land/bubbletea/v2",
		"github.com/clipperhouse/displaywidth",
		"github.com/compose-spec/compose-go/v2", // tests
		"github.com/creack/pty",                 // tests
		"github.com/olekukonko/ll",
		"github.com/olekukonko/tablewriter",
		"github.com/rogpeppe/go-internal",          // tests
		"github.com/santhosh-tekuri/jsonschema/v6", // tests
		"github.com/shirou/gopsutil/v3",
		"github.com/spf13/cobra",
		"github.com/spf13/pflag",
		"go.yaml.in/yaml/v4",
		"golang.org/x/sys",
		"golang.org/x/term",
		"pgregory.net/rapid", // tests
	}
}

// listed is what go list tells of a package.
type listed struct {
	ImportPath, Dir, Name string
	Imports               []string
	Standard              bool
}

// packages lists the module's packages as they are built for a system.
func packages(t *testing.T, goos string) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Name,Imports", "./...")
	cmd.Dir = root(t)
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=0")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list for %s: %v\n%s", goos, err, stderr.String())
	}
	var list []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// root is the module's folder.
func root(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatalf("go list -m: %v", err)
	}
	return strings.TrimSpace(string(out))
}

func TestImportDirection(t *testing.T) {
	for _, goos := range []string{"linux", "darwin", "windows", "freebsd"} {
		t.Run(goos, func(t *testing.T) {
			list := packages(t, goos)
			if len(list) < 8 {
				t.Fatalf("go list names only %d packages", len(list))
			}
			for _, p := range list {
				for _, complaint := range judge(p.ImportPath, p.Imports) {
					t.Error(complaint)
				}
			}
		})
	}
}

// judge returns what is wrong with a package's imports.
func judge(path string, imports []string) []string {
	folder, _ := strings.CutPrefix(path, module+"/")
	i := slices.IndexFunc(rules(), func(r rule) bool { return covers(r.folder, folder) })
	if i < 0 {
		return []string{folder + " has no rule; add it to docs/architecture.md and to rules()"}
	}
	r := rules()[i]
	var out []string
	for _, imported := range imports {
		own, isOwn := strings.CutPrefix(imported, module+"/")
		first, _, _ := strings.Cut(imported, "/")
		var allowed bool
		switch {
		case isOwn:
			allowed = slices.ContainsFunc(r.own, func(name string) bool { return covers(name, own) })
		case strings.Contains(first, "."):
			allowed = slices.ContainsFunc(r.others, func(prefix string) bool {
				return imported == prefix || strings.HasPrefix(imported, strings.TrimSuffix(prefix, "/")+"/")
			})
		default:
			allowed = !slices.Contains(r.never, imported)
		}
		if !allowed {
			out = append(out, folder+" may not import "+imported)
		}
	}
	return out
}

func covers(pattern, folder string) bool {
	top, all := strings.CutSuffix(pattern, "/...")
	return folder == top || all && strings.HasPrefix(folder, top+"/")
}

// The judge itself is held to what it must catch.
func TestJudge(t *testing.T) {
	tests := []struct {
		folder, imported string
		allowed          bool
	}{
		{"pkg/port", "strings", true},
		{"pkg/port", "net/netip", true},
		{"pkg/port", module + "/pkg/host", false},
		{"pkg/diagnose", "os", false},
		{"pkg/diagnose", "net", false},
		{"pkg/diagnose", "net/netip", true},
		{"pkg/diagnose", "os/exec", false},
		{"pkg/diagnose", module + "/pkg/collect", false},
		{"pkg/diagnose", "golang.org/x/sys/unix", false},
		{"pkg/collect/internal/sockdiag", "golang.org/x/sys/unix", true},
		{"pkg/collect/internal/sockdiag", "github.com/shirou/gopsutil/v3/net", false},
		{"pkg/collect/internal/gops", "github.com/shirou/gopsutil/v3/net", true},
		{"pkg/collect", module + "/pkg/diagnose", false},
		{"pkg/report", module + "/pkg/diagnose", false},
		{"pkg/lease", module + "/pkg/probe", true},
		{"pkg/lease", module + "/pkg/diagnose", false},
		{"pkg/blame", module + "/pkg/diagnose", true},
		{"pkg/blame", module + "/pkg/stop", false},
		{"pkg/blame", module + "/pkg/probe", false},
		{"cmd/portwho/internal/child", module + "/pkg/lease", false},
		{"cmd/portwho", module + "/pkg/collect", false},
		{"cmd/portwho/internal/text", module + "/pkg/diagnose", false},
		{"cmd/portwho/internal/text", module + "/pkg/stop", false},
		{"cmd/portwho/internal/cli", module + "/pkg/stop", true},
		{"cmd/portwho/internal/cli", module + "/cmd/portwho/internal/testserver", false},
		{"cmd/portwho/internal/cli", module + "/cmd/portwho/internal/systemdtest", false},
		{"cmd/portwho/internal/cli", module + "/cmd/portwho/internal/component", false},
		{"cmd/portwho/internal/cli", module + "/cmd/portwho/internal/enginetest", false},
		{"cmd/portwho/internal/text", "github.com/spf13/cobra", false},
		{"pkg/newcomer", "strings", false},
	}
	for _, tt := range tests {
		if got := len(judge(module+"/"+tt.folder, []string{tt.imported})) == 0; got != tt.allowed {
			t.Errorf("%s imports %s: allowed is %v, want %v", tt.folder, tt.imported, got, tt.allowed)
		}
	}
}

func TestDirectModules(t *testing.T) {
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Require []struct {
			Path     string
			Indirect bool
		}
		Replace []any
	}
	if err := json.Unmarshal(out, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Require) == 0 {
		t.Fatal("go.mod requires nothing")
	}
	allowed := map[string]bool{}
	for _, path := range directModules() {
		allowed[path] = true
	}
	for _, r := range file.Require {
		if !r.Indirect && !allowed[r.Path] {
			t.Errorf("go.mod requires %s: a new module needs a reason in docs/architecture.md and a line in directModules()", r.Path)
		}
	}
	if len(file.Replace) > 0 {
		t.Error("go.mod replaces a module, which go install refuses")
	}
}

// The top of the repository is what a visitor sees first.
func TestTopLevel(t *testing.T) {
	allowed := []string{"cmd", "pkg", "docs", "go.mod", "go.sum", "LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "staticcheck.conf"}
	ignored := []string{"portwho", "portwho.exe"} // by .gitignore: what go build leaves
	entries, err := os.ReadDir(root(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".prof") || strings.HasSuffix(name, ".test") {
			continue
		}
		if !slices.Contains(allowed, name) && !slices.Contains(ignored, name) {
			t.Errorf("%s does not belong at the top", name)
		}
	}
}
