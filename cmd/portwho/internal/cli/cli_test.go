package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

func runCLI(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = Run(ctx, args, []string{"NO_COLOR=1"}, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// What no shell would pass on must not hurt either.
func TestHostileArguments(t *testing.T) {
	for name, arg := range map[string]string{
		"1 MB of digits":  strings.Repeat("9", 1<<20),
		"1 MB of colons":  strings.Repeat(":", 1<<20),
		"escape codes":    "\x1b]0;owned\a\x1b[31m8080",
		"invalid UTF-8":   "80\xff\xfe80",
		"newlines":        "80\n81",
		"bidi":            "\u202e0808",
		"null":            "80\x0080",
		"full-width":      "８０８０",
		"very long range": strings.Repeat("1-", 1<<19) + "2",
	} {
		for _, command := range [][]string{{}, {"check"}, {"kill"}, {"explain"}} {
			code, stdout, stderr := runCLI(context.Background(), append(command, "--", arg)...)
			if code != exitUsage || stdout != "" {
				t.Errorf("%s, %v: exit %d, stdout %.80q", name, command, code, stdout)
			}
			lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
			if len(lines) > 2 || len(stderr) > 600 || !strings.HasPrefix(stderr, "portwho: error: ") {
				t.Errorf("%s, %v: %d lines of %d bytes: %.200q", name, command, len(lines), len(stderr), stderr)
			}
			for _, r := range strings.ReplaceAll(stderr, "\n", "") {
				if r < ' ' || r == 0x7f || r == '\u202e' {
					t.Errorf("%s, %v: %q in %q", name, command, r, stderr)
					break
				}
			}
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, args := range [][]string{{"8080"}, {"check", "8080"}, {"kill", "8080", "--yes"}, {}} {
		if code, stdout, _ := runCLI(ctx, args...); code != exitInterrupted || stdout != "" {
			t.Errorf("%v: exit %d, stdout %q", args, code, stdout)
		}
	}
}

func TestCodeOf(t *testing.T) {
	for want, err := range map[int]error{
		exitOK:          nil,
		exitNo:          silent(exitNo),
		exitUsage:       usage(errors.New("x"), ""),
		exitRefused:     fmt.Errorf("kill: %w", &failure{exitRefused, errors.New("x"), ""}),
		exitInternal:    errors.New("x"),
		exitInterrupted: fmt.Errorf("collect: %w", context.Canceled),
	} {
		if got := codeOf(err); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
}

func TestWorstHeld(t *testing.T) {
	result := func(text string, number uint16, protocol port.Protocol, status report.Status) report.Result {
		r := report.Result{Target: report.Target{Text: text, Port: number, Protocol: protocol}, Status: status}
		if status == report.StatusTaken || status == report.StatusPartlyFree {
			r.Binds = []report.Bind{{Errno: host.EADDRINUSE, BlockedBy: []string{"x"}}}
		}
		return r
	}
	target := func(text string, first, last uint16) port.Target {
		return port.Target{Text: text, Ports: port.Range{First: first, Last: last}}
	}
	tests := []struct {
		name    string
		targets []port.Target
		results []report.Result
		want    int
	}{
		{"taken", []port.Target{target("80", 80, 80)}, []report.Result{result("80", 80, port.TCP, report.StatusTaken)}, exitOK},
		{"in part", []port.Target{target("80", 80, 80)}, []report.Result{result("80", 80, port.TCP, report.StatusPartlyFree)}, exitOK},
		{"free", []port.Target{target("80", 80, 80)}, []report.Result{result("80", 80, port.TCP, report.StatusFree)}, exitNo},
		{"unknown", []port.Target{target("80", 80, 80)}, []report.Result{result("80", 80, port.TCP, report.StatusUnknown)}, exitUnknown},
		{"udp only", []port.Target{target("53", 53, 53)}, []report.Result{
			result("53", 53, port.TCP, report.StatusFree), result("53", 53, port.UDP, report.StatusTaken)}, exitOK},
		{"one of a range", []port.Target{target("80-81", 80, 81)}, []report.Result{
			result("80-81", 80, port.TCP, report.StatusFree), result("80-81", 81, port.TCP, report.StatusTaken)}, exitOK},
		{"the worst of two", []port.Target{target("80", 80, 80), target("81", 81, 81)}, []report.Result{
			result("80", 80, port.TCP, report.StatusTaken), result("81", 81, port.TCP, report.StatusFree)}, exitNo},
	}
	for _, tt := range tests {
		if got := worstHeld(report.Report{Results: tt.results}, tt.targets); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// A snapshot that lacks sockets must never make a port free.
func TestGapsMakeUnknown(t *testing.T) {
	const saved = `{"schema":"portwho.snapshot/1","host":{"name":"box","os":"linux","kernel":"6.18"},"viewer":{"pid":9,"uid":1000,"binds_privileged":false},
		"source":"portable","scope":{},"network":{"addresses":[{"interface":"lo","index":1,"prefix":"127.0.0.1/8","loopback":true}]},
		"sockets":[],"processes":[],"gaps":[{"source":"sock_diag","subject":"tcp sockets","reason":"operation not permitted","decides":true}]}`
	run := func(args ...string) (int, string) {
		var out, errs bytes.Buffer
		code := Run(context.Background(), append(args, "--snapshot", "-"), nil, strings.NewReader(saved), &out, &errs)
		return code, out.String() + errs.String()
	}
	if code, said := run("127.0.0.1:8080"); code != exitUnknown || strings.Contains(said, "is free") {
		t.Errorf("portwho: exit %d: %s", code, said)
	}
	if code, said := run("check", "127.0.0.1:8080"); code != exitUnknown {
		t.Errorf("check: exit %d: %s", code, said)
	}
	if code, said := run(); code != exitUnknown {
		t.Errorf("list: exit %d: %s", code, said)
	}
	if code, said := run("kill", "--dry-run", "127.0.0.1:8080"); code == exitOK {
		t.Errorf("kill: exit %d: %s", code, said)
	}
}
