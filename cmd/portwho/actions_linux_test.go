package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// An action of this repository, as far as a runner looks at it.
type action struct {
	dir    string
	Inputs map[string]struct {
		Required bool
		Default  string
	}
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []struct {
			ID, Shell, Run, If string
			Dir                string `yaml:"working-directory"`
			Env                map[string]string
		}
	}
}

func readAction(t *testing.T, name string) action {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", ".github", "actions", name))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	a := action{dir: dir}
	if err := yaml.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	if a.Runs.Using != "composite" || len(a.Runs.Steps) == 0 {
		t.Fatalf("%s is no composite action", name)
	}
	return a
}

// A runner runs the steps of composite actions as GitHub's does: a script in a
// file, by bash --noprofile --norc -e -o pipefail, with the variables of the
// documentation.
type runner struct {
	temp, workspace, summary string
	path                     string
}

// newRunner has a folder for the project and one for the runner. The program is
// on PATH where withProgram is set.
func newRunner(t *testing.T, withProgram bool) *runner {
	t.Helper()
	dir := t.TempDir()
	r := &runner{temp: filepath.Join(dir, "temp"), workspace: filepath.Join(dir, "work"), summary: filepath.Join(dir, "summary"), path: os.Getenv("PATH")}
	for _, folder := range []string{r.temp, r.workspace} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if withProgram {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		bin := filepath.Join(dir, "bin")
		if err := os.Mkdir(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(self, filepath.Join(bin, "portwho")); err != nil {
			t.Fatal(err)
		}
		r.path = bin + ":" + r.path
	}
	return r
}

var expression = regexp.MustCompile(`\$\{\{\s*([a-z]+)\.([\w-]+)(?:\.outputs\.([\w-]+))?\s*\}\}`)

// use runs an action with inputs. It returns what the steps printed, the outputs
// and the exit code.
func (r *runner) use(t *testing.T, a action, with map[string]string) (log string, outputs map[string]string, code int) {
	t.Helper()
	for name := range with {
		if _, ok := a.Inputs[name]; !ok {
			t.Fatalf("no input %q", name)
		}
	}
	steps := map[string]map[string]string{}
	expand := func(text string) string {
		return expression.ReplaceAllStringFunc(text, func(found string) string {
			parts := expression.FindStringSubmatch(found)
			if parts[1] == "steps" {
				return steps[parts[2]][parts[3]]
			}
			if value, ok := with[parts[2]]; ok {
				return value
			}
			return a.Inputs[parts[2]].Default
		})
	}
	for i, step := range a.Runs.Steps {
		if step.Shell != "bash" || expression.MatchString(step.Run) {
			t.Fatalf("step %d: shell %q; an expression in a script could be code:\n%s", i, step.Shell, step.Run)
		}
		script := filepath.Join(r.temp, fmt.Sprintf("step%d.sh", i))
		output := filepath.Join(r.temp, fmt.Sprintf("output%d", i))
		for name, text := range map[string]string{script: step.Run, output: ""} {
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script)
		cmd.Dir = filepath.Join(r.workspace, expand(step.Dir))
		cmd.Env = []string{
			"PATH=" + r.path, "HOME=" + os.Getenv("HOME"), "CI=true", "GITHUB_ACTIONS=true", "GITHUB_WORKSPACE=" + r.workspace, "GITHUB_ACTION_PATH=" + a.dir,
			"GITHUB_OUTPUT=" + output, "GITHUB_STEP_SUMMARY=" + r.summary, "RUNNER_TEMP=" + r.temp, "RUNNER_OS=Linux",
		}
		for name, value := range step.Env {
			cmd.Env = append(cmd.Env, name+"="+expand(value))
		}
		out, err := cmd.CombinedOutput()
		log += string(out)
		if cmd.ProcessState == nil {
			t.Fatal(err)
		}
		steps[step.ID] = map[string]string{}
		text, err := os.ReadFile(output)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			steps[step.ID][name] = value
		}
		if code = cmd.ProcessState.ExitCode(); code != 0 {
			break
		}
	}
	outputs = map[string]string{}
	for name, o := range a.Outputs {
		outputs[name] = expand(o.Value)
	}
	return log, outputs, code
}

func listenSomewhere(t *testing.T) (l net.Listener, target string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l, l.Addr().String()
}

func TestCheckAction(t *testing.T) {
	t.Parallel()
	check := readAction(t, "check")
	_, taken := listenSomewhere(t)
	free := strings.Replace(taken, "127.0.0.1", "127.0.0.2", 1)

	r := newRunner(t, true)
	log, outputs, code := r.use(t, check, map[string]string{"targets": free + "\n", "args": "--wide\n--no-probe"})
	if code != 0 || outputs["exit-code"] != "0" || strings.Contains(log, "::error") {
		t.Errorf("free: exit %d, %v\n%s", code, outputs, log)
	}

	r = newRunner(t, true)
	reports := map[string]string{"targets": taken + " " + free, "sarif": "out.sarif", "junit": filepath.Join(r.temp, "out.xml")}
	log, outputs, code = r.use(t, check, reports)
	if code != 1 || outputs["exit-code"] != "1" || !strings.Contains(log, "\n::error title="+strings.ReplaceAll(taken, ":", "%3A")+"/tcp%3A taken::") {
		t.Errorf("taken: exit %d, %v\n%s", code, outputs, log)
	}
	for name, want := range map[string]string{
		r.summary: "<code>taken</code>", filepath.Join(r.workspace, "out.sarif"): `"ruleId": "taken"`, reports["junit"]: `<failure type="taken"`,
	} {
		if text, err := os.ReadFile(name); err != nil || strings.Count(string(text), want) != 1 {
			t.Errorf("%v: %s lacks %s:\n%s", err, name, want, text)
		}
	}
	if log, outputs, code := r.use(t, check, map[string]string{"targets": taken, "fail": "false"}); code != 0 || outputs["exit-code"] != "1" {
		t.Errorf("fail: false: exit %d, %v\n%s", code, outputs, log)
	}

	// What is no target leaves no report, and hostile inputs are no code.
	mark := filepath.Join(r.temp, "owned")
	log, _, code = r.use(t, check, map[string]string{"targets": `$(touch ` + mark + `) "; touch ` + mark, "sarif": "bad.sarif"})
	if _, err := os.Stat(mark); code != 2 || err == nil || !strings.Contains(log, "portwho: error: ") {
		t.Errorf("a hostile input: exit %d, %v\n%s", code, err, log)
	}
	if _, err := os.Stat(filepath.Join(r.workspace, "bad.sarif")); err == nil {
		t.Error("a report of nothing was written")
	}
}

// TestCheckActionBuilds runs the action where there is no portwho yet.
func TestCheckActionBuilds(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("portwho"); err == nil {
		t.Skip("there is a portwho on PATH")
	}
	_, taken := listenSomewhere(t)
	r := newRunner(t, false)
	log, outputs, code := r.use(t, readAction(t, "check"), map[string]string{"targets": taken})
	if code != 1 || outputs["exit-code"] != "1" {
		t.Errorf("exit %d, %v\n%s", code, outputs, log)
	}
}

func TestLeftoversAction(t *testing.T) {
	t.Parallel()
	_, err := exec.LookPath("jq")
	require(t, err == nil, "jq")
	leftovers := readAction(t, "leftovers")
	r := newRunner(t, true)
	if log, _, code := r.use(t, leftovers, map[string]string{"mode": "after"}); code != 2 {
		t.Errorf("without a before: exit %d\n%s", code, log)
	}
	if log, _, code := r.use(t, leftovers, map[string]string{"mode": "never"}); code != 2 {
		t.Errorf("another mode: exit %d\n%s", code, log)
	}
	old, was := listenSomewhere(t)
	if log, _, code := r.use(t, leftovers, map[string]string{"mode": "before"}); code != 0 || log != "" {
		t.Fatalf("before: exit %d\n%s", code, log)
	}
	_, left := listenSomewhere(t)
	// Other tests of this machine open and close ports meanwhile, so only these
	// are looked for.
	log, outputs, code := r.use(t, leftovers, map[string]string{"mode": "after", "fail": "true"})
	found := " " + outputs["leftovers"] + " "
	if code == 0 || !strings.Contains(found, " tcp/"+left+" ") || strings.Contains(found, " tcp/"+was+" ") {
		t.Errorf("after, with fail: exit %d, %v\n%s", code, outputs, log)
	}
	if want := "::error title=" + strings.ReplaceAll(left, ":", "%3A") + "/tcp%3A taken::"; !strings.Contains(log, want) {
		t.Errorf("the log lacks %s:\n%s", want, log)
	}
	_ = old.Close()
	log, outputs, _ = r.use(t, leftovers, map[string]string{"mode": "after"})
	if want := "::notice title=" + strings.ReplaceAll(left, ":", "%3A") + "/tcp%3A taken (error%2C allowed)::"; !strings.Contains(log, want) {
		t.Errorf("after, without fail: %v; the log lacks %s:\n%s", outputs, want, log)
	}
}
