package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// tool is a way to ask who has a port, or for all listeners.
type tool struct {
	Name string
	// Port and List are the command lines; nil where it has none. Every %d is
	// the port.
	Port, List []string
	// PID finds the processes in what it writes, in its first group.
	PID string
	// Version are the arguments that print its version.
	Version []string
	// Clean says that the output for a port names nobody but holders.
	Verify []string
}

// The names of the tools that ratios are made of.
const (
	toolPortwho  = "portwho"
	toolQuick    = "portwho --quick"
	toolPortable = "portwho --source portable"
	toolHello    = "Go hello world"
	toolSS       = "ss"
	toolLsof     = "lsof"
)

// tools are all that are found: portwho in three ways, and its peers.
func (p *plan) tools() []tool {
	own := func(name string, args ...string) tool {
		list := append([]string{p.Portwho}, args...)
		port := append(slices.Clone(list), "%d")
		return tool{
			Name: name, Port: port, List: list, Verify: append(slices.Clone(port), "--json"),
			PID: `"pid": (\d+)`, Version: []string{p.Portwho, "version"},
		}
	}
	all := []tool{
		own(toolPortwho), own(toolQuick, "--quick"), own(toolPortable, "--source", "portable"),
		{Name: toolHello, Port: []string{p.Hello}, List: []string{p.Hello}},
		{Name: toolSS, Port: []string{"ss", "-Hltnp", "sport = :%d"}, List: []string{"ss", "-Hltnp"}, PID: `pid=(\d+)`, Version: []string{"ss", "-V"}},
		{Name: "fuser", Port: []string{"fuser", "%d/tcp"}, PID: `(?m)(\d+)\s*$`, Version: []string{"fuser", "-V"}},
		{Name: toolLsof, Port: []string{"lsof", "-nP", "-iTCP:%d", "-sTCP:LISTEN"}, List: []string{"lsof", "-nP", "-iTCP", "-sTCP:LISTEN"}, PID: `(?m)^\S+\s+(\d+)`, Version: []string{"lsof", "-v"}},
		{Name: "netstat", Port: []string{"sh", "-c", "netstat -ltnp 2>&1 | grep ':%d '"}, List: []string{"netstat", "-ltnp"}, PID: `(\d+)/`, Version: []string{"netstat", "-V"}},
		{Name: "witr", Port: []string{"witr", "--short", "--port", "%d"}, PID: `pid (\d+)`, Version: []string{"witr", "--version"}},
		{Name: "sonar", Port: []string{"sonar", "info", "%d"}, List: []string{"sonar", "list"}, PID: `(?i)pid:?\s+(\d+)`, Version: []string{"sonar", "version"}},
		{Name: "snitch", Port: []string{"snitch", "ls", "-l", "lport=%d"}, List: []string{"snitch", "ls", "-l"}, PID: `(?m)^\s*\S*?(\d+)`, Version: []string{"snitch", "version"}},
		{Name: "killport", Port: []string{"killport", "--dry-run", "%d"}, PID: `(?i)pid:? (\d+)`, Version: []string{"killport", "--version"}},
		{Name: "procs", Port: []string{"procs", "--tcp", "%d"}, PID: `(?m)^\s*(\d+)`, Version: []string{"procs", "--version"}},
	}
	return slices.DeleteFunc(all, func(t tool) bool {
		program := t.Port[0]
		if program == "sh" {
			program = t.Name
		}
		_, err := exec.LookPath(program)
		return err != nil
	})
}

// command is a command line for a port.
func command(argv []string, number int) []string {
	out := slices.Clone(argv)
	for i := range out {
		out[i] = strings.ReplaceAll(out[i], "%d", strconv.Itoa(number))
	}
	return out
}

// wrong says what is wrong with the tool's answer about a port; empty for
// nothing.
func (t tool) wrong(ctx context.Context, number, pid, uid int) string {
	argv := t.Port
	if t.Verify != nil {
		argv = t.Verify
	}
	cmd := as(exec.CommandContext(ctx, argv[0], command(argv, number)[1:]...), uid)
	out, _ := cmd.CombinedOutput() // fuser writes to both
	if t.Name == "fuser" {
		// The port itself comes first: 8080/tcp: 1234
		_, after, _ := strings.Cut(string(out), ":")
		out = []byte(after)
	}
	var found []int
	for _, m := range regexp.MustCompile(t.PID).FindAllSubmatch(out, -1) {
		n, err := strconv.Atoi(string(m[1]))
		if err == nil && !slices.Contains(found, n) {
			found = append(found, n)
		}
	}
	if !slices.Equal(found, []int{pid}) {
		return fmt.Sprintf("names %v for port %d, which %d has", found, number, pid)
	}
	return ""
}

// versionOf is the first line of what the tool says about itself.
func (t tool) versionOf(ctx context.Context) string {
	if t.Version == nil {
		return ""
	}
	out, _ := exec.CommandContext(ctx, t.Version[0], t.Version[1:]...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.ContainsAny(line, "0123456789") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
