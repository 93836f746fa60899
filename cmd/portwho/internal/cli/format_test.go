package cli

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// TestCodeAndFormatsAgree holds what each format says about success to the exit
// code, for every finding, severity and agreement.
func TestCodeAndFormatsAgree(t *testing.T) {
	for _, id := range report.FindingIDs() {
		for _, severity := range []report.Severity{report.SeverityError, report.SeverityWarning, report.SeverityNote} {
			if id == report.FindingMine && severity != report.SeverityNote {
				continue // it never is more
			}
			for i := range 4 {
				allowed, strict := i&1 != 0, i&2 != 0
				f := report.Finding{
					ID: id, Severity: severity, Allowed: allowed, File: "compose.yaml", Line: 7, Name: "web", Protocol: port.TCP, Port: 8080, Summary: "8080/tcp is so and so",
				}
				rep := report.Report{Schema: report.Schema, Host: host.Info{OS: "linux"}, Findings: []report.Finding{f}}
				code := findingsCode(rep.Findings, strict)
				for _, format := range formats() {
					var out, errs bytes.Buffer
					a := &app{env: []string{"NO_COLOR=1"}, stdout: &out, stderr: &errs, now: time.Now}
					if err := a.printCheck(rep, checkFlags{format: formatFlags{format}, strict: strict}, false); err != nil || errs.Len() > 0 {
						t.Fatalf("%s: %v, %s", format, err, errs.String())
					}
					if fails := failing(t, format, out.String(), strict); fails != (code != exitOK) {
						t.Errorf("%s %s, allowed %v, strict %v: exit %d, and %s says that it fails: %v\n%s", severity, id, allowed, strict, code, format, fails, out.String())
					}
				}
			}
		}
	}
}

// failing tells what a reader of the format takes from it.
func failing(t *testing.T, format, text string, strict bool) bool {
	t.Helper()
	severities := []string{"error"}
	if strict {
		severities = append(severities, "warning")
	}
	is := func(word string) bool {
		for _, s := range severities {
			if s == word {
				return true
			}
		}
		return false
	}
	switch format {
	case formatJSON:
		var rep report.Report
		if err := json.Unmarshal([]byte(text), &rep); err != nil {
			t.Fatal(err)
		}
		return is(string(rep.Findings[0].Severity)) && !rep.Findings[0].Allowed
	case formatJUnit:
		var suites struct {
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
		}
		if err := xml.Unmarshal([]byte(text), &suites); err != nil {
			t.Fatal(err)
		}
		return suites.Failures+suites.Errors > 0
	case formatSARIF:
		var log struct {
			Runs []struct {
				Results []struct {
					Level        string
					Suppressions []any
				}
			}
		}
		if err := json.Unmarshal([]byte(text), &log); err != nil {
			t.Fatal(err)
		}
		r := log.Runs[0].Results[0]
		return is(r.Level) && len(r.Suppressions) == 0
	case formatGitHub:
		word, _, _ := strings.Cut(strings.TrimPrefix(lastLine(text), "::"), " ")
		return is(word)
	case formatMarkdown:
		word, _, _ := strings.Cut(strings.TrimPrefix(lastLine(text), "| "), " |")
		return is(word)
	}
	for _, s := range severities {
		if regexp.MustCompile(`(?m)\b`+s+`\b`).MatchString(text) && !strings.Contains(text, "allowed") {
			return true
		}
	}
	return false
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	return lines[len(lines)-1]
}

// TestCodeOfFormats runs the whole command on a port that is taken and on one
// that is free.
func TestCodeOfFormats(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	number := l.Addr().(*net.TCPAddr).Port
	for address, want := range map[string]int{"127.0.0.1": exitNo, "127.0.0.2": exitOK} {
		for _, format := range formats() {
			code, stdout, stderr := runCLI(t.Context(), "check", fmt.Sprintf("%s:%d", address, number), "--format", format)
			if code != want || stderr != "" || stdout == "" && format != formatGitHub {
				t.Errorf("%s as %s: exit %d, want %d\n%s%s", address, format, code, want, stdout, stderr)
			}
		}
	}
	for _, args := range [][]string{{"--format", "yaml"}, {"--format", "text", "--json"}} {
		if code, stdout, stderr := runCLI(t.Context(), append([]string{"check", "80"}, args...)...); code != exitUsage || stdout != "" || !strings.HasPrefix(stderr, "portwho: error: ") {
			t.Errorf("%v: exit %d, %s%s", args, code, stdout, stderr)
		}
	}
}

func TestFormatOf(t *testing.T) {
	tests := []struct {
		env  []string
		json bool
		flag string
		want string
	}{
		{nil, false, "", formatText},
		{[]string{"CI=true"}, false, "", formatText},
		{[]string{"GITLAB_CI=true"}, false, "", formatText},
		{[]string{"GITHUB_ACTIONS=true"}, false, "", formatGitHub},
		{[]string{"GITHUB_ACTIONS=false"}, false, "", formatText},
		{[]string{"GITHUB_ACTIONS=true"}, false, formatText, formatText},
		{[]string{"GITHUB_ACTIONS=true"}, false, formatSARIF, formatSARIF},
		{[]string{"GITHUB_ACTIONS=true"}, true, "", formatJSON},
		{nil, true, formatJSON, formatJSON},
		{nil, false, formatGitHub, formatGitHub},
	}
	for _, tt := range tests {
		a := &app{env: tt.env, json: tt.json, stdout: &bytes.Buffer{}}
		if got := a.formatOf(formatFlags{tt.flag}); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

// TestGitHubFormat holds the log of a step against names that begin commands,
// and looks at the summary.
func TestGitHubFormat(t *testing.T) {
	const hostile = "::error::owned\n::add-mask::x\n##[error]owned"
	root := t.TempDir()
	folder := filepath.Join(root, "shop")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	summary := filepath.Join(root, "summary")
	var out, errs bytes.Buffer
	a := &app{env: []string{"NO_COLOR=1", "GITHUB_WORKSPACE=" + root, "GITHUB_STEP_SUMMARY=" + summary}, stdout: &out, stderr: &errs, now: time.Now}
	rep := report.Report{Findings: []report.Finding{{
		ID: report.FindingTaken, Severity: report.SeverityError, File: "compose.yaml", Line: 7, Name: hostile, Protocol: port.TCP, Port: 8080, Summary: hostile,
	}}}
	for range 2 {
		out.Reset()
		if err := a.printCheck(rep, checkFlags{format: formatFlags{formatGitHub}}, false); err != nil || errs.Len() > 0 {
			t.Fatalf("%v, %s", err, errs.String())
		}
	}
	lines := strings.Split(out.String(), "\n")
	word, ok := strings.CutPrefix(lines[0], "::stop-commands::")
	end := 1
	for end < len(lines) && lines[end] != "::"+word+"::" {
		end++
	}
	if !ok || len(word) < 32 || end == len(lines) {
		t.Fatalf("the text is not kept from being read as commands:\n%s", out.String())
	}
	after := lines[end+1:]
	if len(after) != 2 || after[1] != "" || !strings.HasPrefix(after[0], "::error file=shop/compose.yaml,line=7,title=") {
		t.Errorf("after the text:\n%s", strings.Join(after, "\n"))
	}
	table, err := os.ReadFile(summary)
	if err != nil || strings.Count(string(table), "### portwho check\n") != 2 || !strings.Contains(string(table), "<code>shop/compose.yaml:7</code>") {
		t.Errorf("%v: summary\n%s", err, table)
	}

	// A summary that is too long already, and one that cannot be written.
	if err := os.WriteFile(summary, make([]byte, mostSummary), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{summary, root} {
		errs.Reset()
		a.env[2] = "GITHUB_STEP_SUMMARY=" + name
		if err := a.printCheck(rep, checkFlags{format: formatFlags{formatGitHub}}, false); err != nil || !strings.Contains(errs.String(), "the summary of the step is left as it was") {
			t.Errorf("%s: %v, %q", name, err, errs.String())
		}
	}
	if info, err := os.Stat(summary); err != nil || info.Size() != mostSummary {
		t.Errorf("%v, %v", info, err)
	}
}

func TestBelowRoot(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "a", "b")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	for env, want := range map[string]string{
		"": "", "GITHUB_WORKSPACE=" + root: "a/b", "CI_PROJECT_DIR=" + filepath.Join(root, "a"): "b",
		"GITHUB_WORKSPACE=" + folder: ".", "GITHUB_WORKSPACE=" + filepath.Join(root, "other"): "",
	} {
		a := &app{env: []string{env}}
		if got := a.belowRoot(); got != want {
			t.Errorf("%s: %q, want %q", env, got, want)
		}
	}
}
