package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portwho/portwho/cmd/portwho/internal/enginetest"
	"github.com/portwho/portwho/pkg/report"
)

const composeOfShop = `name: shop
services:
  web:
    image: web
    ports: ["18080:80"]
  api:
    image: api
    ports: ["18081:80"]
  db:
    image: db
    ports: ["18082:80"]
  cache:
    image: cache
    ports: ["18083:80"]
`

// The ports of a compose project whose containers run are its own, and those
// that another project has are conflicts that name it. The project's name
// alone proves nothing: another checkout has it too.
func TestCheckComposeProject(t *testing.T) {
	for name, d := range map[string]enginetest.Docker{"proxy": {}, "no proxy": {NoUserlandProxy: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := enginetest.NewMachine(t)
			e := enginetest.StartDocker(t, m, d)
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(composeOfShop), 0o644); err != nil {
				t.Fatal(err)
			}
			start := func(project, service, folder string, number int) {
				e.Run(t, enginetest.Container{
					Name: project + "-" + service + "-1", Publish: []string{fmt.Sprintf("%d:80", number)},
					Labels: []string{
						"com.docker.compose.project=" + project, "com.docker.compose.service=" + service,
						"com.docker.compose.project.working_dir=" + folder,
					},
				})
			}
			start("shop", "web", dir, 18080)
			start("blog", "api", "/srv/blog", 18081)
			start("shop", "db", "/srv/other/shop", 18082)

			code, rep := checkOn(t, m, dir)
			want := []string{
				"mine note 5 shop-web-1",
				"taken error 8 blog-api-1",
				"taken error 11 started from /srv/other/shop",
			}
			if code != 1 || len(rep.Findings) != len(want) {
				t.Fatalf("exit %d, found %+v", code, rep.Findings)
			}
			for i, f := range rep.Findings {
				words := strings.SplitN(want[i], " ", 4)
				if got := fmt.Sprintf("%s %s %d", f.ID, f.Severity, f.Line); got != strings.Join(words[:3], " ") || !strings.Contains(f.Summary, words[3]) {
					t.Errorf("got %s %q, want %s", got, f.Summary, want[i])
				}
			}
			if len(rep.Declarations) != 4 || len(rep.Results) != 4 {
				t.Errorf("%d declarations, %d results", len(rep.Declarations), len(rep.Results))
			}
			if code, rep := checkOn(t, m, dir, "--allow", "taken"); code != 0 {
				t.Errorf("with --allow: exit %d, found %+v", code, rep.Findings)
			}

			for expectation, want := range map[string]int{
				"18080=service:shop/web": 0, "18080=container:shop-web-1,reach:all": 0, "18081=service:api": 0,
				"18081=service:shop/api": 1, "18080=reach:loopback": 1, "18080=free": 1, "18083=free": 0, "18083=service:cache": 1,
			} {
				if code, rep := checkOn(t, m, dir, "18084", "--expect", expectation); code != want {
					t.Errorf("--expect %s: exit %d, want %d: %+v", expectation, code, want, rep.Findings)
				}
			}
		})
	}
}

// checkOn runs portwho check in a folder on a machine.
func checkOn(t *testing.T, m *enginetest.Machine, dir string, args ...string) (int, report.Report) {
	t.Helper()
	run := append([]string{"bash", "-c", `cd "$1" && shift && exec -a portwho "$0" check --json "$@"`, os.Args[0], dir}, args...)
	cmd := m.Command(run...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var rep report.Report
	if err := json.Unmarshal(out, &rep); err != nil {
		t.Fatalf("%q: %v\n%s%s", args, err, out, stderr.String())
	}
	return cmd.ProcessState.ExitCode(), rep
}
