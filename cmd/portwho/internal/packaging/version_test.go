package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// The version is that of git's tag, and says so where the source is not what
// the tag names.
func TestVersion(t *testing.T) {
	need(t, "git")
	if exec.Command("git", "-C", top(t), "rev-parse", "HEAD").Run() != nil {
		unavailable(t, "the source is no clone of git")
	}
	clone := filepath.Join(t.TempDir(), "clone")
	git := func(args ...string) string {
		t.Helper()
		return output(t, exec.Command("git", append([]string{"-C", clone, "-c", "user.name=test", "-c", "user.email=test"}, args...)...))
	}
	output(t, exec.Command("git", "clone", "--quiet", "--no-tags", top(t), clone))
	program := filepath.Join(t.TempDir(), "portwho.exe") // as Windows wants it
	version := func(env ...string) string {
		t.Helper()
		build := exec.Command("go", "build", "-buildvcs=true", "-trimpath", "-o", program, "./cmd/portwho")
		build.Dir = clone
		build.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
		output(t, build)
		return output(t, exec.Command(program, "version"))
	}
	tests := []struct {
		name   string
		change func()
		want   string // a regular expression
	}{
		{"no tag", func() {}, `v0\.0\.0-\d{14}-[0-9a-f]{12}`},
		{"tag", func() { git("tag", "v1.2.3") }, `v1\.2\.3`},
		{"a file that git does not know", func() { write(t, filepath.Join(clone, "new"), "") }, `v1\.2\.3\+dirty`},
		{"a commit after the tag", func() {
			git("add", "new")
			git("commit", "--quiet", "--message=new")
		}, `v1\.2\.4-0\.\d{14}-[0-9a-f]{12}`},
		{"a candidate", func() { git("tag", "v1.3.0-rc.1") }, `v1\.3\.0-rc\.1`},
	}
	for _, tt := range tests {
		tt.change()
		got := version()
		if want := `^portwho ` + tt.want + ` \(` + runtime.Version() + ` \w+/\w+\)$`; !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s: %q does not match %s", tt.name, got, want)
		}
	}
}

// go install gives the version that was asked for. The module comes from a
// folder that is a proxy of modules (https://go.dev/ref/mod#goproxy-protocol).
func TestInstalledVersion(t *testing.T) {
	need(t, "git")
	source := top(t)
	if exec.Command("git", "-C", source, "rev-parse", "HEAD").Run() != nil {
		unavailable(t, "the source is no clone of git")
	}
	const module, want = "github.com/portwho/portwho", "v1.2.3"
	proxy := t.TempDir()
	folder := filepath.Join(proxy, filepath.FromSlash(module), "@v")
	write(t, filepath.Join(folder, "list"), want+"\n")
	write(t, filepath.Join(folder, want+".info"), `{"Version":"`+want+`","Time":"2026-11-01T00:00:00Z"}`)
	write(t, filepath.Join(folder, want+".mod"), output(t, exec.Command("git", "-C", source, "show", "HEAD:go.mod"))+"\n")
	output(t, exec.Command("git", "-C", source, "archive", "--format=zip", "--prefix="+module+"@"+want+"/",
		"--output="+filepath.Join(folder, want+".zip"), "HEAD"))

	// A cache of modules of its own, filled from the one that is there, keeps
	// this module out of the latter.
	cache := output(t, exec.Command("go", "env", "GOMODCACHE"))
	own, bin := filepath.Join(t.TempDir(), "cache"), t.TempDir()
	env := append(os.Environ(), "GOMODCACHE="+own, "GOBIN="+bin, "CGO_ENABLED=0", "GONOSUMDB="+module,
		"GOPROXY="+fileURL(proxy)+","+fileURL(filepath.Join(cache, "cache", "download"))+","+output(t, exec.Command("go", "env", "GOPROXY")))
	install := exec.Command("go", "install", "-trimpath", module+"/cmd/portwho@"+want)
	install.Dir, install.Env = t.TempDir(), env
	defer func() {
		clean := exec.Command("go", "clean", "-modcache") // its files are read-only
		clean.Env = env
		output(t, clean)
	}()
	output(t, install)
	if got := output(t, exec.Command(filepath.Join(bin, "portwho"), "version")); !strings.HasPrefix(got, "portwho "+want+" (") {
		t.Errorf("%q, want version %s", got, want)
	}
}

func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/...
	}
	return "file://" + path
}
