package main

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// recipe is the block of docs/ci.md whose text holds a mark.
func recipe(t *testing.T, kind, mark string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "ci.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(text), "\n```"+kind+"\n")[1:] {
		if block, _, ok := strings.Cut(part, "\n```"); ok && strings.Contains(block, mark) {
			return block + "\n"
		}
	}
	t.Fatalf("docs/ci.md has no %s block with %q", kind, mark)
	return ""
}

// tool finds a program that .ci/setup installs.
func tool(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	out, err := exec.Command("go", "env", "GOPATH").Output()
	path := filepath.Join(strings.TrimSpace(string(out)), "bin", name)
	if err == nil {
		_, err = os.Stat(path)
	}
	require(t, err == nil, name)
	return path
}

func mustRun(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", cmd.Args, err, out)
	}
	return string(out)
}

// TestWorkflows has actionlint read the workflows of the repository, and that of
// docs/ci.md with the actions as they stand here, so that their inputs are
// checked too.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	actionlint := tool(t, "actionlint")
	top, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	own := exec.Command(actionlint, "-no-color")
	own.Dir = top
	mustRun(t, own)

	workflow := recipe(t, "yaml", "# .github/workflows/test.yml")
	local := strings.NewReplacer("portwho/portwho/.github", "./.github", "@v1\n", "\n").Replace(workflow)
	lint := func(text string) (string, error) {
		dir := t.TempDir()
		workflows := filepath.Join(dir, ".github", "workflows")
		if err := os.MkdirAll(workflows, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(filepath.Join(dir, ".github", "actions"), os.DirFS(filepath.Join(top, ".github", "actions"))); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(workflows, "test.yml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		git := exec.Command("git", "init", "-q")
		git.Dir = dir
		mustRun(t, git)
		cmd := exec.Command(actionlint, "-no-color")
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := lint(local); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := lint(strings.Replace(local, "args:", "arguments:", 1)); err == nil || !strings.Contains(out, "arguments") {
		t.Errorf("an input that does not exist is accepted: %s", out)
	}
}

// TestActionScripts has shellcheck read the scripts of the actions.
func TestActionScripts(t *testing.T) {
	t.Parallel()
	shellcheck := tool(t, "shellcheck")
	for _, name := range []string{"check", "leftovers"} {
		for _, step := range readAction(t, name).Runs.Steps {
			cmd := exec.Command(shellcheck, "--shell=bash", "-")
			cmd.Stdin = strings.NewReader("set -e -o pipefail\n" + step.Run)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s, %s: %v\n%s", name, step.ID, err, out)
			}
		}
	}
}

// inProject runs a command line in a folder of a project, with portwho on PATH,
// as an ordinary CI system would.
func inProject(t *testing.T, files map[string]string, env []string, script string) (log, folder string, code int) {
	t.Helper()
	r := newRunner(t, true)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(r.workspace, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("bash", "-e", "-o", "pipefail", "-c", script)
	cmd.Dir = r.workspace
	cmd.Env = append([]string{"PATH=" + r.path, "HOME=" + r.temp, "CI=true"}, env...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), r.workspace, cmd.ProcessState.ExitCode()
}

// quietPort is a port below the ephemeral range that is free on 127.0.0.1.
func quietPort(t *testing.T) (l net.Listener, number string) {
	t.Helper()
	for n := 20100; n < 30000; n++ {
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: n})
		if err == nil {
			t.Cleanup(func() { _ = l.Close() })
			_, number, _ = net.SplitHostPort(l.Addr().String())
			return l, number
		}
	}
	t.Fatal("no port is free")
	return nil, ""
}

// TestGitLabRecipe runs the script of the job in docs/ci.md.
func TestGitLabRecipe(t *testing.T) {
	t.Parallel()
	var jobs map[string]struct {
		Script    []string
		Artifacts struct{ Reports struct{ JUnit string } }
	}
	if err := yaml.Unmarshal([]byte(recipe(t, "yaml", "# .gitlab-ci.yml")), &jobs); err != nil {
		t.Fatal(err)
	}
	job := jobs["ports"]
	l, number := quietPort(t)
	for _, taken := range []bool{true, false} {
		want := 0
		if taken {
			want = 1
		} else if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		files := map[string]string{"portwho.yaml": "ports:\n  web: 127.0.0.1:" + number + "\n"}
		log, folder, code := inProject(t, files, []string{"GITLAB_CI=true"}, strings.Join(job.Script, "\n"))
		text, err := os.ReadFile(filepath.Join(folder, job.Artifacts.Reports.JUnit))
		if code != want || err != nil || strings.Contains(string(text), "<failure ") != taken || !strings.Contains(string(text), `classname="portwho.yaml"`) {
			t.Errorf("taken %v: exit %d, %v\n%s\n%s", taken, code, err, log, text)
		}
	}
}

// TestDevContainerRecipe reads the file as JSON and runs its command.
func TestDevContainerRecipe(t *testing.T) {
	t.Parallel()
	var file struct{ PostStartCommand string }
	text := recipe(t, "json", "postStartCommand")
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	_, number := quietPort(t)
	command := strings.NewReplacer("5432", "127.0.0.1:"+number, "60s", "10s").Replace(file.PostStartCommand)
	log, _, code := inProject(t, map[string]string{"portwho.yaml": "ports:\n  web: 127.0.0.2:" + number + "\n"}, nil, command)
	if code != 0 || !strings.Contains(log, "somebody accepts connections on 127.0.0.1") {
		t.Errorf("%s: exit %d\n%s", command, code, log)
	}
}

// TestPreCommit has pre-commit install the hooks from a clone of this repository
// and run them on a project.
func TestPreCommit(t *testing.T) {
	t.Parallel()
	_, err := exec.LookPath("pre-commit")
	require(t, err == nil, "pre-commit")
	top, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	project := filepath.Join(dir, "project")
	if err := os.Mkdir(project, 0o755); err != nil {
		t.Fatal(err)
	}
	// What is committed may be older than what is tested, so the repository of
	// the hooks is made of the files as they stand.
	hooks := filepath.Join(dir, "hooks")
	files := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
	files.Dir = top
	listed, err := files.Output()
	require(t, err == nil, "a clone that git lets this user look into")
	for _, name := range strings.Split(strings.TrimSuffix(string(listed), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(top, name))
		if err != nil {
			continue // deleted, and that not committed yet
		}
		if err := os.MkdirAll(filepath.Join(hooks, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(hooks, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env := append(os.Environ(), "PRE_COMMIT_HOME="+filepath.Join(dir, "cache"), "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@example.org", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@example.org")
	// The hooks get a GOPATH of their own; what was downloaded and built is shared.
	for _, name := range []string{"GOMODCACHE", "GOCACHE"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(out)))
	}
	run := func(dir string, args ...string) (string, error) {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	must := func(dir string, args ...string) string {
		out, err := run(dir, args...)
		if err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
		return out
	}
	for _, repository := range []string{hooks, project} {
		must(repository, "git", "init", "-q", "-b", "main")
	}
	must(hooks, "git", "add", "-A")
	must(hooks, "git", "commit", "-q", "-m", "hooks")
	head := strings.TrimSpace(must(hooks, "git", "rev-parse", "HEAD"))

	config := recipe(t, "yaml", "# .pre-commit-config.yaml") + "      - id: portwho-check\n"
	config = strings.NewReplacer("https://github.com/portwho/portwho", hooks, "v1.0.0", head).Replace(config)
	l, number := quietPort(t)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(project, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		must(project, "git", "add", "-A")
	}
	write(".pre-commit-config.yaml", config)
	write("portwho.yaml", "ports:\n  web: 127.0.0.1:"+number+"\n")
	// Taken at the moment, which is nothing to a commit.
	must(project, "pre-commit", "run", "portwho-files")
	if out, err := run(project, "pre-commit", "run", "--hook-stage", "manual", "portwho-check"); err == nil || !strings.Contains(out, number+"/tcp on 127.0.0.1 is taken") {
		t.Errorf("a port that is taken passes: %v\n%s", err, out)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	must(project, "pre-commit", "run", "--hook-stage", "manual", "portwho-check")
	write("portwho.yaml", "ports:\n  web: 127.0.0.1:"+number+"\n  api: 127.0.0.1:"+number+"\n")
	if out, err := run(project, "pre-commit", "run", "portwho-files"); err == nil || !strings.Contains(out, "declared_twice") {
		t.Errorf("a port that is declared twice passes: %v\n%s", err, out)
	}
}
