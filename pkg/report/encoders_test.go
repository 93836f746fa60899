package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"html"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// An encoder with a reader that takes its output apart again.
type encoder struct {
	name  string
	write func(io.Writer, report.Report) error
	read  func(t testing.TB, text []byte) []told
	// fine says that ports without a finding are told too.
	fine bool
}

func encoders() []encoder {
	return []encoder{
		{"junit.xml", func(w io.Writer, r report.Report) error { return report.WriteJUnit(w, r, false) }, readJUnit, true},
		{"sarif", report.WriteSARIF, readSARIF, false},
		{"github", report.WriteGitHub, readGitHub, false},
		{"md", report.WriteMarkdown, readMarkdown, true},
	}
}

// told is what a format says about a finding. An empty id is a port that is
// fine.
type told struct{ id, weight, place, subject, summary, next string }

// checkReport is a check as it comes out of a project: findings of every kind,
// and ports that are fine.
func checkReport() report.Report {
	r := bareReport()
	r.Host.Name = "build-7"
	r.Gaps = []host.Gap{
		{Source: "/proc", Subject: "holders of 3 processes", Reason: "permission denied"},
		{Source: "sock_diag", Subject: "udp sockets", Reason: "not supported", Decides: true},
	}
	r.Findings = fullFindings()
	for i := range r.Findings {
		r.Findings[i].Line += i / 3
		if r.Findings[i].Port != 0 {
			r.Findings[i].Port += uint16(i / 2)
		}
	}
	result := bareResult()
	result.Target.Port = 9000
	result.Summary = "9000/tcp is free: nobody holds it"
	declared := result
	declared.Target.Port, declared.Target.Address, declared.Summary = 8081, "127.0.0.1", "127.0.0.1:8081/tcp is free"
	r.Results = []report.Result{result, declared}
	r.Declarations = []report.Declaration{
		{File: "compose.yaml", Line: 3, Column: 9, Name: "api", Use: report.UsePublish, Protocol: port.TCP, Address: "127.0.0.1", Port: 8081, LastPort: 8081},
		{File: "compose.yaml", Line: 4, Column: 9, Name: "api", Use: report.UseConnect, Protocol: port.TCP, Address: "127.0.0.1", Port: 8081, LastPort: 8081},
	}
	return r
}

func encoded(t testing.TB, e encoder, r report.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := e.write(&b, r); err != nil {
		t.Fatal(err)
	}
	if !utf8.Valid(b.Bytes()) {
		t.Fatalf("%s is no UTF-8", e.name)
	}
	for _, c := range b.String() {
		if c != '\n' && unicode.IsControl(c) || unicode.Is(unicode.Cf, c) {
			t.Fatalf("%s passes %U on", e.name, c)
		}
	}
	return b.Bytes()
}

func TestEncodersGolden(t *testing.T) {
	for _, e := range encoders() {
		t.Run(e.name, func(t *testing.T) {
			got := encoded(t, e, checkReport())
			path := filepath.Join("testdata", "check."+e.name)
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs (go test -update writes it anew); got:\n%s", path, got)
			}
		})
	}
}

// hostile are names that try to be more than a name.
func hostile() []string {
	return []string{
		"plain", "two words", "/", "/srv/secret/compose.yaml", "C:/a", "..", "../a", "a//b", "a:b", "?", "//x", "0: ", ": 0", "./a", "a/../b", "\x1b[31mred\x1b[0m", "a\nb", "a\r\n::error::owned", "::error file=x::owned", "::stop-commands::x",
		"##[error]owned", "%0A::error::x", "%25", "]]>", "</failure>", "<![CDATA[x", "<script>alert(1)</script>", "a|b", "\\|", "`x`", "``` |",
		"[x](http://evil.example)", `[x\](y)`, "![x](y)", "{0}", "{{x}}", "@everyone", "#12", "https://evil.example", "www.evil.example",
		"*a* _b_ ~c~ $d$", "&amp;", "&#124;", "\"'", "\x00", "\xff\xfe", "\u202egnp.exe", "\u200b", "\ufffe", "\U000e0041", "é 漢 🦊", "-- ", "a,b:c", "=x",
	}
}

func hostileReport(name string) report.Report {
	r := bareReport()
	r.Host.Name, r.Tool.Version = name, "devel"
	r.Gaps = []host.Gap{{Source: name, Subject: name, Reason: name}}
	finding := report.Finding{
		ID: report.FindingTaken, Severity: report.SeverityError, File: name, Line: 3, Column: 5, Name: name, Protocol: port.TCP, Address: name, Port: 80,
		Summary: name, Remedies: []report.Remedy{{Summary: name, Command: []string{name, name}}, {Summary: "wait"}, {Command: []string{"x", name}}},
	}
	allowed := finding
	allowed.Allowed, allowed.Severity, allowed.Line = true, report.SeverityWarning, 0
	r.Findings = []report.Finding{finding, allowed, {ID: report.FindingUnreadable, Severity: report.SeverityError, Summary: name}}
	r.Results[0].Summary, r.Results[0].Target.Address = name, name
	return r
}

// TestEncodersAgree holds all formats to one meaning, whatever the names are.
func TestEncodersAgree(t *testing.T) {
	reports := []report.Report{checkReport(), fullReport(), bareReport(), {}}
	for _, name := range hostile() {
		reports = append(reports, hostileReport(name))
	}
	for _, r := range reports {
		agree(t, r)
	}
}

// agree compares what the formats tell with each other, and the closed words
// and numbers with the report itself.
func agree(t testing.TB, r report.Report) {
	t.Helper()
	var all, fine []told
	for i, e := range encoders() {
		list := e.read(t, encoded(t, e, r))
		findings := slices.DeleteFunc(slices.Clone(list), func(x told) bool { return x.id == "" })
		if i == 0 {
			all = findings
			fine = slices.DeleteFunc(list, func(x told) bool { return x.id != "" })
			continue
		}
		if !slices.Equal(findings, all) {
			t.Errorf("%s tells\n%q\nand %s\n%q", e.name, findings, encoders()[0].name, all)
		}
		ports := slices.DeleteFunc(list, func(x told) bool { return x.id != "" })
		if e.fine && len(ports) != len(fine) {
			t.Errorf("%s tells of fine ports %q, %s of %q", e.name, ports, encoders()[0].name, fine)
		}
	}
	want := map[string]int{}
	for _, f := range r.Findings {
		want[fmt.Sprint(f.ID, f.Severity, f.Allowed)]++
	}
	for _, x := range all {
		severity, _, allowed := strings.Cut(x.weight, ", allowed")
		want[fmt.Sprint(x.id, severity, allowed)]--
	}
	for key, n := range want {
		if n != 0 {
			t.Errorf("%q is told %d times too rarely", key, n)
		}
	}
}

func FuzzEncoders(f *testing.F) {
	for _, name := range hostile() {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) { agree(t, hostileReport(name)) })
}

func readJUnit(t testing.TB, text []byte) []told {
	t.Helper()
	type body struct {
		Text    string `xml:",chardata"`
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
	}
	type testCase struct {
		Name    string `xml:"name,attr"`
		Class   string `xml:"classname,attr"`
		Failure *body  `xml:"failure"`
		Error   *body  `xml:"error"`
		Skipped *body  `xml:"skipped"`
		Out     *body  `xml:"system-out"`
	}
	var suites struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Suite    struct {
			Skipped int        `xml:"skipped,attr"`
			Cases   []testCase `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &suites); err != nil {
		t.Fatalf("not XML: %v\n%s", err, text)
	}
	var out []told
	failures, errors, skipped := 0, 0, 0
	for _, c := range suites.Suite.Cases {
		var b *body
		switch {
		case c.Failure != nil:
			b = c.Failure
			failures++
		case c.Error != nil:
			b = c.Error
			errors++
		case c.Skipped != nil:
			b = c.Skipped
			skipped++
		case c.Out != nil:
			b = c.Out
		default:
			out = append(out, told{subject: c.Name})
			continue
		}
		lines := strings.Split(b.Text, "\n")
		id, weight, _ := strings.Cut(strings.TrimSuffix(lines[0], ")"), " (")
		x := told{id: id, weight: weight, place: strings.TrimPrefix(lines[1], "at "), subject: strings.TrimSuffix(c.Name, " "+id), summary: lines[2]}
		if (c.Failure != nil || c.Error != nil) && (b.Message != x.summary || b.Type != id) {
			t.Errorf("JUnit: message %q, type %q of %q", b.Message, b.Type, x)
		}
		for i, line := range lines[3:] {
			lines[3+i] = strings.TrimPrefix(line, "next: ")
		}
		x.next = strings.Join(lines[3:], "\n")
		out = append(out, x)
	}
	if got := [...]int{suites.Tests, suites.Failures, suites.Errors, suites.Suite.Skipped}; got != [...]int{len(out), failures, errors, skipped} {
		t.Errorf("JUnit counts %v", got)
	}
	return out
}

func readSARIF(t testing.TB, text []byte) []told {
	t.Helper()
	var log struct {
		Runs []struct {
			Results []struct {
				RuleID, Level string
				Message       struct{ Text string }
				Locations     []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           *struct{ StartLine int }
					}
				}
				Suppressions []any
				Properties   struct {
					Allowed                 bool
					Name, Protocol, Address string
					Port                    int
					Remedies                []string
				}
			}
		}
	}
	if err := json.Unmarshal(text, &log); err != nil {
		t.Fatal(err)
	}
	var out []told
	for _, r := range log.Runs[0].Results {
		message := strings.NewReplacer("{{", "{", "}}", "}").Replace(r.Message.Text)
		if strings.Contains(message, `\](`) {
			message = strings.NewReplacer(`\\`, `\`, `\[`, `[`, `\]`, `]`).Replace(message)
		}
		summary, next, _ := strings.Cut(message, "\n")
		x := told{id: r.RuleID, weight: r.Level, place: "command line", summary: summary, next: next}
		if r.Properties.Allowed != (len(r.Suppressions) == 1) {
			t.Errorf("SARIF: allowed is %v, suppressions %v", r.Properties.Allowed, r.Suppressions)
		}
		if r.Properties.Allowed {
			x.weight += ", allowed"
		}
		if next != strings.Join(r.Properties.Remedies, "\n") {
			t.Errorf("SARIF: %q in the message, %q in the properties", next, r.Properties.Remedies)
		}
		if len(r.Locations) > 0 {
			at := r.Locations[0].PhysicalLocation
			uri, err := url.Parse(at.ArtifactLocation.URI)
			if err != nil || uri.IsAbs() || uri.Host != "" || uri.RawQuery != "" || uri.Fragment != "" || strings.HasPrefix(uri.Path, "/") {
				t.Errorf("SARIF: %q is not the relative URI of a file: %v", at.ArtifactLocation.URI, err)
			} else {
				x.place = report.Shown(strings.TrimPrefix(uri.Path, "./"))
			}
			if at.Region != nil {
				x.place += fmt.Sprintf(":%d", at.Region.StartLine)
			}
		}
		p := r.Properties
		if p.Port != 0 {
			x.subject = fmt.Sprintf("%d/%s", p.Port, p.Protocol)
			if strings.Contains(p.Address, ":") {
				x.subject = fmt.Sprintf("[%s]:%s", p.Address, x.subject)
			} else if p.Address != "" {
				x.subject = p.Address + ":" + x.subject
			}
		}
		switch {
		case x.subject != "" && p.Name != "":
			x.subject += " " + p.Name
		case p.Name != "":
			x.subject = p.Name
		case x.subject == "":
			x.subject = x.place
		}
		out = append(out, x)
	}
	return out
}

// workflowCommand is how the runner reads a line (ActionCommand.cs, TryParseV2).
var workflowCommand = regexp.MustCompile(`^::(\S+) (.*?)::(.*)$`)

func readGitHub(t testing.TB, text []byte) []told {
	t.Helper()
	unescape := strings.NewReplacer("%0A", "\n", "%0D", "\r", "%3A", ":", "%2C", ",", "%25", "%")
	var out []told
	for line := range strings.Lines(string(text)) {
		parts := workflowCommand.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if parts == nil {
			t.Fatalf("not a workflow command: %q", line)
		}
		properties := map[string]string{}
		for _, p := range strings.Split(parts[2], ",") {
			name, value, ok := strings.Cut(p, "=")
			if _, twice := properties[name]; !ok || twice {
				t.Fatalf("properties %q", parts[2])
			}
			properties[name] = unescape.Replace(value)
		}
		for name := range properties {
			if !slices.Contains([]string{"file", "line", "col", "title"}, name) {
				t.Errorf("property %q", name)
			}
		}
		x := told{weight: parts[1], place: "command line"}
		title := properties["title"]
		if i := strings.LastIndex(title, " ("); strings.HasSuffix(title, ", allowed)") {
			title, x.weight = title[:i], strings.TrimSuffix(title[i+2:], ")")
		}
		if x.weight == "notice" {
			x.weight = "note"
		}
		i := strings.LastIndex(title, ": ")
		x.subject, x.id = title[:i], title[i+2:]
		if file, ok := properties["file"]; ok {
			x.place = file
		}
		if line, ok := properties["line"]; ok {
			x.place += ":" + line
		}
		x.summary, x.next, _ = strings.Cut(unescape.Replace(parts[3]), "\n")
		out = append(out, x)
	}
	return out
}

// markup is all the markup that the Markdown form has.
var markup = regexp.MustCompile(`</?code>|<br>`)

func readMarkdown(t testing.TB, text []byte) []told {
	t.Helper()
	var out []told
	plain := func(s string) string {
		s = markup.ReplaceAllString(s, "")
		if i := strings.IndexAny(s, "<>`*_[]|\\$~\"@"); i >= 0 {
			t.Errorf("Markdown: %q means something in %q", s[i], s)
		}
		return strings.ReplaceAll(html.UnescapeString(s), "\u200b", "")
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if i < 6 {
			continue // the heading, the tally and the head of the table
		}
		cells := strings.Split(line, " | ")
		if len(cells) != 5 || !strings.HasPrefix(line, "| ") || !strings.HasSuffix(line, " |") {
			t.Fatalf("not a row: %q", line)
		}
		x := told{weight: strings.TrimPrefix(cells[0], "| "), subject: plain(cells[1]), place: plain(cells[3])}
		if x.weight == "ok" {
			out = append(out, told{subject: x.subject})
			continue
		}
		id, summary, _ := strings.Cut(strings.TrimPrefix(cells[2], "<code>"), "</code>")
		x.id, x.summary = id, plain(strings.TrimPrefix(summary, ": "))
		next := strings.Split(strings.TrimSuffix(cells[4], " |"), "<br>")
		for i := range next {
			next[i] = plain(next[i])
		}
		x.next = strings.Join(next, "\n")
		out = append(out, x)
	}
	return out
}
