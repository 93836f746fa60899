package project

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/collect/internal/ownfile"
	"github.com/portwho/portwho/pkg/host"
)

func me() ownfile.Owners { return ownfile.Owners{uint32(max(os.Geteuid(), 0))} }

// tree writes files below a folder and returns it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const commit = "0123456789abcdef0123456789abcdef01234567"

func TestFind(t *testing.T) {
	dir := tree(t, map[string]string{
		"repo/.git/HEAD":                    "ref: refs/heads/feature/x\n",
		"repo/.git/worktrees/fix/HEAD":      "ref: refs/heads/fix\n",
		"repo/.git/worktrees/fix/commondir": "../..\n",
		"repo/.git/modules/lib/HEAD":        commit + "\n",
		"repo/package.json":                 `{"name": "top"}`,
		"repo/web/package.json":             `{"name": "web", "dependencies": {"next": "14"}}`,
		"repo/web/src/x":                    "",
		"repo/api/pyproject.toml":           "[project]\nname = \"api\"\n",
		"repo/api/package.json":             `{"name": "assets"}`,
		"repo/lib/.git":                     "gitdir: ../.git/modules/lib\n",
		"home/.git/HEAD":                    "ref: refs/heads/dotfiles\n",
		"home/package.json":                 `{"name": "oops"}`,
		"home/src/x":                        "",
		"bare/x":                            "",
		"fix/x":                             "",
		"broken/.git/HEAD":                  "whatever\n",
	})
	at := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	if err := os.WriteFile(at("fix", ".git"), []byte("gitdir: "+at("repo", ".git", "worktrees", "fix")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		folder, program string
		want            *host.Project
	}{
		"below its manifest":  {at("repo", "web", "src"), "node", &host.Project{Folder: at("repo", "web"), Name: "web", Framework: "next", Manifest: "package.json", Repository: at("repo"), Branch: "feature/x"}},
		"two languages":       {at("repo", "api"), "python3.11", &host.Project{Folder: at("repo", "api"), Name: "api", Manifest: "pyproject.toml", Repository: at("repo"), Branch: "feature/x"}},
		"the other language":  {at("repo", "api"), "node", &host.Project{Folder: at("repo", "api"), Name: "assets", Manifest: "package.json", Repository: at("repo"), Branch: "feature/x"}},
		"a linked work tree":  {at("fix"), "node", &host.Project{Folder: at("fix"), Repository: at("fix"), Branch: "fix", Worktree: true}},
		"a submodule":         {at("repo", "lib"), "node", &host.Project{Folder: at("repo", "lib"), Repository: at("repo", "lib"), Branch: commit[:7]}},
		"below the home":      {at("home", "src"), "node", nil},
		"the home":            {at("home"), "node", nil},
		"no project":          {at("bare"), "node", nil},
		"no HEAD to speak of": {at("broken"), "node", &host.Project{Folder: at("broken"), Repository: at("broken")}},
		"deleted":             {at("repo", "gone") + " (deleted)", "node", &host.Project{Folder: at("repo", "gone"), Deleted: true}},
		"no folder":           {at("nothing"), "node", nil},
		"relative":            {"repo", "node", nil},
		"empty":               {"", "node", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := Find(Place{Folder: tt.folder, Home: at("home"), Program: tt.program, Owners: me()})
			// The machine's own temporary folder may be in a project.
			if !reflect.DeepEqual(got, tt.want) && !(tt.want == nil && got != nil && !strings.HasPrefix(got.Folder, dir)) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
	if runtime.GOOS != "windows" {
		if got := Find(Place{Folder: at("repo", "web"), Owners: ownfile.Owners{me()[0] + 1}}); got != nil {
			t.Errorf("the files of another user were read: %+v", got)
		}
	}
}

// A link in a stranger's folder must not lead to another's file.
func TestFindFollowsNoLink(t *testing.T) {
	dir := tree(t, map[string]string{"secret/package.json": `{"name": "secret"}`, "secret/HEAD": "ref: refs/heads/secret", "trap/x": ""})
	if err := os.Symlink(filepath.Join(dir, "secret", "package.json"), filepath.Join(dir, "trap", "package.json")); err != nil {
		t.Skip(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "trap", ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "secret", "HEAD"), filepath.Join(dir, "trap", ".git", "HEAD")); err != nil {
		t.Fatal(err)
	}
	if got := Find(Place{Folder: filepath.Join(dir, "trap"), Owners: me()}); got != nil && (got.Name != "" || got.Branch != "") {
		t.Errorf("a link was followed: %+v", got)
	}
}

func TestManifests(t *testing.T) {
	for _, tt := range []struct {
		file, text, name, framework string
	}{
		{"package.json", `{"name":"a","devDependencies":{"vite":"5","@sveltejs/kit":"2"}}`, "a", "sveltekit"},
		{"package.json", `{"name":"a","dependencies":{"express":"4"}}`, "a", "express"},
		{"package.json", `{"name":`, "", ""},
		{"package.json", `[]`, "", ""},
		{"deno.json", `{"name":"@a/b","imports":{"$fresh/":"x"}}`, "@a/b", "fresh"},
		{"pyproject.toml", "[project]\nname = 'a' # b\ndependencies = [\n  \"uvicorn[standard]>=1\",\n  \"FastAPI>=0.1\",\n]\n", "a", "fastapi"},
		{"pyproject.toml", "[project]\nname=\"a\"\ndependencies=[\"Django~=5.0\"]\n[tool.x]\nname=\"b\"\n", "a", "django"},
		{"pyproject.toml", "[tool.poetry]\nname = \"a\"\n[tool.poetry.dependencies]\npython = \"^3\"\nflask = \"*\"\n", "a", "flask"},
		{"requirements.txt", "# x\nflask==3.0\ngunicorn\n", "", "flask"},
		{"go.mod", "module example.org/a // x\n\nrequire (\n\tgithub.com/labstack/echo/v4 v4.1.0\n\tgithub.com/gin-gonic/gin v1.0.0 // indirect\n)\n", "example.org/a", "echo"},
		{"go.mod", "module a\nrequire github.com/gin-gonic/gin v1.0.0\n", "a", "gin"},
		{"Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\naxum = { version = \"0.7\" }\n", "a", "axum"},
		{"Cargo.toml", "[package]\nname = \"a\"\n[dependencies.rocket]\nversion = \"1\"\n", "a", "rocket"},
		{"pom.xml", "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><parent><groupId>org.springframework.boot</groupId></parent><artifactId>a</artifactId></project>", "a", "spring-boot"},
		{"pom.xml", "<project><artifactId>a</artifactId><dependencies><dependency><groupId>io.quarkus</groupId></dependency></dependencies></project>", "a", "quarkus"},
		{"composer.json", `{"name":"v/a","require":{"laravel/framework":"^11"}}`, "v/a", "laravel"},
		{"Gemfile", "source 'x'\ngem \"rails\", \"~> 7\"\n", "", "rails"},
		{"mix.exs", "  app: :shop,\n  {:phoenix, \"~> 1.7\"},\n", "shop", "phoenix"},
	} {
		for _, m := range manifests("") {
			if m.file != tt.file {
				continue
			}
			if name, framework := m.parse([]byte(tt.text)); name != tt.name || framework != tt.framework {
				t.Errorf("%s %q: %q, %q, want %q, %q", tt.file, tt.text, name, framework, tt.name, tt.framework)
			}
		}
	}
}

// FuzzManifests gives every parser everything.
func FuzzManifests(f *testing.F) {
	for _, seed := range []string{`{"name":"a","dependencies":{"next":1}}`, "[project]\nname = \"a\"\ndependencies = [\n\"x\"\n]", "module a\nrequire (", "<project>", "gem \"", "app: :x", "gitdir: x", "ref: refs/heads/a", commit, "[", "\"'"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, m := range manifests("node") {
			m.parse(text)
		}
		if path, ok := ParseGitFile(text); ok && path == "" {
			t.Error("an empty path")
		}
		if head := ParseHead(text); strings.ContainsRune(head, '\n') {
			t.Errorf("a branch of two lines: %q", head)
		}
	})
}
