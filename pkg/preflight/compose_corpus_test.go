package preflight

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/portwho/portwho/pkg/report"
	"github.com/rogpeppe/go-internal/txtar"
)

var updateCompose = flag.Bool("update-compose", false, "write what the compose corpus declares anew")

// A composeCase is a project of testdata/compose: its files, and in the comment
// before them:
//
//	files: A B     the files that are read; compose.yaml otherwise
//	env: K=V K=V   the environment
//	refused: TEXT  compose-go does not load it, and its error has the text
//	accepted: TEXT we find an error that compose-go does not look for, and why
//
// The file "want" is what we say of it.
type composeCase struct {
	name    string
	archive *txtar.Archive
	dir     string
	files   []string
	env     []string
	refused string
	wider   string
}

func composeCases(t *testing.T) []composeCase {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "compose", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var out []composeCase
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c := composeCase{name: strings.TrimSuffix(filepath.Base(path), ".txtar"), archive: archive, files: []string{"compose.yaml"}}
		for _, line := range strings.Split(string(archive.Comment), "\n") {
			directive, rest, _ := strings.Cut(line, ": ")
			switch directive {
			case "files":
				c.files = strings.Fields(rest)
			case "env":
				c.env = strings.Fields(rest)
			case "refused":
				c.refused = rest
			case "accepted":
				c.wider = rest
			}
		}
		out = append(out, c)
	}
	return out
}

// extract writes the files of the project into a folder of its name.
func (c *composeCase) extract(t *testing.T) {
	t.Helper()
	c.dir = filepath.Join(t.TempDir(), c.name)
	c.write(t)
}

// failer is a test of any kind.
type failer interface {
	Helper()
	Fatal(...any)
}

func (c *composeCase) write(t failer) {
	t.Helper()
	for _, f := range c.archive.Files {
		if f.Name == "want" {
			continue
		}
		path := filepath.Join(c.dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *composeCase) paths() []string {
	var out []string
	for _, name := range c.files {
		out = append(out, filepath.Join(c.dir, filepath.FromSlash(name)))
	}
	return out
}

// read is what we say of the project.
func (c *composeCase) read(t failer) Project {
	t.Helper()
	r := newReader(context.Background(), Config{Dir: c.dir, Environ: c.env})
	var files []file
	for _, path := range c.paths() {
		f, err := r.open(path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return r.project(readCompose(r, files))
}

// oracle is what compose-go says of it. project is its name.
func (c *composeCase) oracle(ctx context.Context, profiles ...string) (published []string, project string, err error) {
	options, err := cli.NewProjectOptions(c.paths(), cli.WithEnv(c.env), cli.WithEnvFiles(), cli.WithDotEnv,
		cli.WithProfiles(profiles), cli.WithoutEnvironmentResolution, cli.WithoutLabelsResolution)
	if err != nil {
		return nil, "", err
	}
	loaded, err := options.LoadProject(ctx)
	if err != nil {
		return nil, "", err
	}
	for name, service := range loaded.Services {
		if service.NetworkMode == "host" || service.NetworkMode == "none" || service.GetScale() == 0 {
			continue // the engine publishes nothing there
		}
		for _, p := range service.Ports {
			if p.Protocol != "sctp" {
				port := p.Published
				if port == "0" {
					port = ""
				}
				published = append(published, fmt.Sprintf("%s [%s]:%s->%d/%s", name, p.HostIP, port, p.Target, p.Protocol))
			}
		}
	}
	slices.Sort(published)
	return published, loaded.Name, nil
}

// declaredPorts are our declarations as oracle writes its own, for the services that
// the profiles start.
func declaredPorts(all []report.Declaration, profiles ...string) []string {
	var out []string
	for _, d := range all {
		starts := len(d.Profiles) == 0
		for _, profile := range profiles {
			starts = starts || profile == "*" || slices.Contains(d.Profiles, profile)
		}
		if !starts {
			continue
		}
		port := ""
		if d.Port != 0 {
			port = fmt.Sprint(d.Port)
		}
		if d.LastPort != d.Port {
			port += fmt.Sprintf("-%d", d.LastPort)
		}
		out = append(out, fmt.Sprintf("%s [%s]:%s->%d/%s", d.Name, d.Address, port, d.Target, d.Protocol))
	}
	slices.Sort(out)
	return out
}

func TestComposeCorpus(t *testing.T) {
	cases := composeCases(t)
	if len(cases) < 60 {
		t.Fatalf("the corpus has %d projects", len(cases))
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.extract(t)
			t.Chdir(c.dir) // compose-go takes some paths from here
			project := c.read(t)
			c.compareWithComposeGo(t, project)
			c.compareWithLines(t, project)
		})
	}
}

// TestComposeWant holds what is said of the corpus, places and all.
func TestComposeWant(t *testing.T) {
	for _, c := range composeCases(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.extract(t)
			c.compareWithWant(t, c.read(t))
		})
	}
}

// TestComposeFileVariable reads the files that COMPOSE_FILE names, from .env and
// from the environment, with the .env of both folders.
func TestComposeFileVariable(t *testing.T) {
	c := composeCase{name: "shop", archive: txtar.Parse([]byte(`
-- .env --
COMPOSE_FILE=deploy/a.yaml;deploy/b.yaml
COMPOSE_PATH_SEPARATOR=;
COMPOSE_PROFILES=debug,test
A=8001
-- deploy/.env --
A=8002
B=8003
-- deploy/a.yaml --
services: {web: {image: web, ports: ["$A:80"]}}
-- deploy/b.yaml --
services: {web: {ports: ["$B:81"]}}
-- other.yaml --
services: {web: {image: web, ports: ["8004:80"]}}
-- compose.yaml --
services: {web: {image: web, ports: ["8005:80"]}}
`))}
	c.extract(t)
	t.Chdir(c.dir)
	for _, env := range [][]string{nil, {"COMPOSE_FILE=other.yaml"}} {
		project, err := Read(t.Context(), Config{Dir: c.dir, Environ: env})
		if err != nil || len(project.Findings) != 0 {
			t.Fatalf("%v, findings %+v", err, project.Findings)
		}
		options, err := cli.NewProjectOptions(nil, cli.WithEnv(env), cli.WithEnvFiles(), cli.WithDotEnv,
			cli.WithConfigFileEnv, cli.WithDefaultConfigPath, cli.WithEnvFiles(), cli.WithDotEnv, cli.WithDefaultProfiles())
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := options.LoadProject(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, p := range loaded.Services["web"].Ports {
			want = append(want, fmt.Sprintf("web []:%s->%d/tcp", p.Published, p.Target))
		}
		slices.Sort(want)
		if got := declaredPorts(project.Declarations); !slices.Equal(got, want) {
			t.Errorf("with %q got %q, want %q", env, got, want)
		}
		if want := []string{"debug", "test"}; !slices.Equal(project.Profiles, want) {
			t.Errorf("profiles %q, want %q", project.Profiles, want)
		}
		if project.Declarations[0].Project != loaded.Name {
			t.Errorf("the project is %q, and compose-go names it %q", project.Declarations[0].Project, loaded.Name)
		}
	}
}

func (c *composeCase) compareWithComposeGo(t *testing.T, project Project) {
	var errors []report.Finding
	profiles := []string{"", "*"}
	for _, f := range project.Findings {
		if f.Severity == report.SeverityError {
			errors = append(errors, f)
		}
	}
	for _, d := range project.Declarations {
		profiles = append(profiles, d.Profiles...)
	}
	slices.Sort(profiles)
	for _, profile := range slices.Compact(profiles) {
		want, name, err := c.oracle(t.Context(), profile)
		switch {
		case c.refused != "":
			if err == nil || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("compose-go says %v, and not %q", err, c.refused)
			}
			if len(errors) == 0 {
				t.Errorf("compose-go says %v, and we find nothing", err)
			}
			continue
		case err != nil:
			t.Errorf("with profile %q compose-go says %v", profile, err)
			continue
		case len(errors) > 0 && c.wider == "":
			t.Errorf("compose-go takes it, and we find %+v", errors)
			continue
		case len(errors) == 0 && c.wider != "":
			t.Errorf("nothing is found, and should be: %s", c.wider)
		}
		if c.wider != "" {
			continue
		}
		if got := declaredPorts(project.Declarations, profile); !slices.Equal(got, want) {
			t.Errorf("with profile %q got\n  %s\nwant\n  %s", profile, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
		}
		for _, d := range project.Declarations {
			if d.Project != name {
				t.Errorf("%s is of project %q, and compose-go names it %q", d.Text, d.Project, name)
			}
		}
	}
}

// compareWithLines looks for the text of each declaration where it is said to
// stand.
func (c *composeCase) compareWithLines(t *testing.T, project Project) {
	for _, d := range project.Declarations {
		data, err := os.ReadFile(filepath.Join(c.dir, filepath.FromSlash(d.File)))
		if err != nil {
			t.Error(err)
			continue
		}
		data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
		lines := strings.Split(string(data), "\n")
		if d.Line < 1 || d.Line > len(lines) || d.Column < 1 || d.Column > utf8.RuneCountInString(lines[d.Line-1]) {
			t.Errorf("%s:%d:%d is no place", d.File, d.Line, d.Column)
			continue
		}
		there := string([]rune(lines[d.Line-1])[d.Column-1:])
		for strings.HasPrefix(there, "&") || strings.HasPrefix(there, "!") {
			_, there, _ = strings.Cut(there, " ")
		}
		if !strings.HasPrefix(strings.TrimLeft(there, `"'`), d.Text) {
			t.Errorf("%s:%d:%d has %q, and not %q", d.File, d.Line, d.Column, there, d.Text)
		}
	}
}

// compareWithWant compares with the file "want" of the archive.
func (c *composeCase) compareWithWant(t *testing.T, project Project) {
	var out bytes.Buffer
	for _, d := range project.Declarations {
		fmt.Fprintf(&out, "%s:%d:%d %q declares %s", d.File, d.Line, d.Column, d.Text, declaredPorts([]report.Declaration{d}, "*")[0])
		if len(d.Profiles) > 0 {
			fmt.Fprintf(&out, " profiles %s", strings.Join(d.Profiles, ","))
		}
		fmt.Fprintf(&out, " project %s\n", d.Project)
	}
	for _, f := range project.Findings {
		fmt.Fprintf(&out, "%s:%d:%d %s %s %s\n", f.File, f.Line, f.Column, f.Severity, f.ID, f.Summary)
	}
	fmt.Fprintf(&out, "read %s\n", strings.Join(project.Files, " "))
	i := slices.IndexFunc(c.archive.Files, func(f txtar.File) bool { return f.Name == "want" })
	if *updateCompose {
		if i < 0 {
			c.archive.Files = append(c.archive.Files, txtar.File{Name: "want"})
			i = len(c.archive.Files) - 1
		}
		c.archive.Files[i].Data = out.Bytes()
		if err := os.WriteFile(filepath.Join("testdata", "compose", c.name+".txtar"), txtar.Format(c.archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want := ""
	if i >= 0 {
		want = string(c.archive.Files[i].Data)
	}
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", cmp.Or(got, "nothing"), want)
	}
}
