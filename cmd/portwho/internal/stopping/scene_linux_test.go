package stopping_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/portwho/portwho/cmd/portwho/internal/component"
	"github.com/portwho/portwho/pkg/report"
)

// A scene is a component that holds a port, with everything around it.
type scene struct {
	number int
	// target is what is asked about where it is not the number.
	target string
	// command is a command to be run where the component is. The program is
	// portwho, helper, or one of that place.
	command func(program string, args ...string) *exec.Cmd
	// viewer is a command for portwho where it is another place or user than
	// that of the component.
	viewer func(program string, args ...string) *exec.Cmd
	// others are processes that must live on, by their pids in that place.
	others []int
	// noClient says that no client is to be connected.
	noClient bool
	// names are what differs from run to run, and what stands for it.
	names []string
}

func (s *scene) address() string { return fmt.Sprintf("127.0.0.1:%d", s.number) }

func (s *scene) what() string {
	if s.target != "" {
		return s.target
	}
	return strconv.Itoa(s.number)
}

// here makes the scene of a component on this machine.
func (p programs) here(c *component.Started) *scene {
	s := p.local(c.Port)
	s.command = p.with(c.Env)
	s.others = c.Bystanders
	s.names = []string{c.Dir, "DIR"}
	return s
}

func (p programs) local(number int) *scene {
	return &scene{number: number, command: p.with([]string{"PATH=" + os.Getenv("PATH") + ":/usr/sbin:/sbin", "HOME=/"})}
}

// with runs commands on this machine with an environment.
func (p programs) with(env []string) func(string, ...string) *exec.Cmd {
	return func(program string, args ...string) *exec.Cmd {
		cmd := exec.Command(p.path(program), args...)
		cmd.Env = env
		cmd.Dir = "/"
		return cmd
	}
}

func (p programs) path(name string) string {
	switch name {
	case "portwho":
		return p.portwho
	case helperName:
		return p.helper
	}
	return name
}

// text writes what portwho printed as it is in every run.
func (s *scene) text(text string) string {
	pairs := append([]string{strconv.Itoa(s.number), "PORT"}, s.names...)
	return regexp.MustCompile(`pts/\d+`).ReplaceAllString(strings.NewReplacer(pairs...).Replace(text), "pts/N")
}

// client connects a process to the port.
func (s *scene) client(t *testing.T) int {
	t.Helper()
	cmd := s.command(helperName, "client", s.address())
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("a client of %s: %q, %v", s.address(), line, err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// help has the helper do something and returns what is wrong.
func (s *scene) help(what string, args ...string) error {
	out, err := s.command(helperName, append([]string{what}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %s (%w)", what, strings.TrimSpace(string(out)), err)
	}
	return nil
}

// alive fails when one of those that must live on is gone.
func (s *scene) alive() error {
	args := make([]string, 0, len(s.others))
	for _, pid := range s.others {
		args = append(args, strconv.Itoa(pid))
	}
	return s.help("alive", args...)
}

// portwho runs portwho with --json and returns its exit code.
func (s *scene) portwho(t *testing.T, into any, args ...string) int {
	t.Helper()
	run := s.command
	if s.viewer != nil {
		run = s.viewer
	}
	cmd := run("portwho", append(args, "--json")...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("portwho %q: %v", args, err)
	}
	if err := json.Unmarshal([]byte(stdout.String()), into); err != nil {
		t.Fatalf("portwho %q: exit code %d, %v\n%s%s", args, cmd.ProcessState.ExitCode(), err, stdout.String(), stderr.String())
	}
	return cmd.ProcessState.ExitCode()
}

// kill runs portwho kill and returns its one outcome.
func (s *scene) kill(t *testing.T, flags ...string) (report.Outcome, int) {
	t.Helper()
	var rep report.StopReport
	code := s.portwho(t, &rep, append([]string{"kill", s.what()}, flags...)...)
	if len(rep.Outcomes) != 1 {
		t.Fatalf("portwho kill %s %v: exit code %d, %d outcomes", s.what(), flags, code, len(rep.Outcomes))
	}
	return rep.Outcomes[0], code
}
