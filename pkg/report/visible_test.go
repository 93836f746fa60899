package report_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		"node é 漢 🦊":             "node é 漢 🦊",
		"a\nb\r\tc":              `a\nb\r\tc`,
		"\x1b[31m\x7f\x00":       `\x1b[31m\x7f\x00`,
		"\xff\u0085\u202e\ufffe": `\xff\u0085\u202e\ufffe`,
		"\U000e0041\u00a0":       `\U000e0041\u00a0`,
	} {
		if got := report.Shown(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}

// TestShellWords has bash take the words apart again.
func TestShellWords(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		unavailable(t, "%v", err)
	}
	argv := append([]string{"printf", `%s\0`, "", "a=b", "~", "*", "'", `\`, `'\` + "\n"}, hostile()...)
	for i, arg := range argv {
		argv[i] = strings.ReplaceAll(arg, "\x00", "") // no argument can hold it
	}
	words := report.ShellWords(argv)
	cmd := exec.Command(bash, "-c", words)
	cmd.Env = []string{"LC_ALL=C.UTF-8"}
	out, err := cmd.Output()
	if want := strings.Join(argv[2:], "\x00") + "\x00"; err != nil || string(out) != want {
		t.Errorf("bash reads\n%q\nwant\n%q\n%v", out, want, err)
	}
}

// TestFingerprintsStay moves the lines of a file.
func TestFingerprintsStay(t *testing.T) {
	fingerprints := func(down int) []string {
		r := checkReport()
		twice := r.Findings[0]
		twice.Line += 2 // the same again
		r.Findings = append(r.Findings, twice, report.Finding{ID: report.FindingTaken, Protocol: port.UDP, Port: 8080})
		for i := range r.Findings {
			r.Findings[i].Line += down
		}
		var b bytes.Buffer
		if err := report.WriteSARIF(&b, r); err != nil {
			t.Fatal(err)
		}
		var log struct {
			Runs []struct {
				Results []struct{ PartialFingerprints map[string]string }
			}
		}
		if err := json.Unmarshal(b.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, result := range log.Runs[0].Results {
			out = append(out, result.PartialFingerprints["portwho/v1"])
		}
		return out
	}
	before, after := fingerprints(0), fingerprints(5)
	seen := map[string]bool{}
	for i, f := range before {
		if f == "" || seen[f] || after[i] != f {
			t.Errorf("result %d has the fingerprint %q, seen before: %v; %q when lines move", i, f, seen[f], after[i])
		}
		seen[f] = true
	}
}
