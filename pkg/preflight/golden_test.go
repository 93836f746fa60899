package preflight

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden reads the projects in testdata/FORMAT/CASE and compares what they
// say with the file want.txt in each.
func TestGolden(t *testing.T) {
	for _, format := range goldenFormats() {
		cases, err := filepath.Glob(filepath.Join("testdata", format, "*"))
		if err != nil || len(cases) == 0 {
			t.Errorf("testdata/%s has no cases (%v)", format, err)
		}
		for _, dir := range cases {
			t.Run(format+"/"+filepath.Base(dir), func(t *testing.T) {
				t.Parallel()
				p, err := Read(context.Background(), Config{Dir: dir, Environ: []string{"FROM_ENVIRONMENT=4100"}})
				if err != nil {
					t.Fatal(err)
				}
				got, golden := written(p), filepath.Join(dir, "want.txt")
				if *update {
					if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if got != string(want) {
					t.Errorf("it says\n%s\nwant\n%s", got, want)
				}
				checkProject(t, p)
			})
		}
	}
}

// written is a project as text, one line a declaration and a finding.
func written(p Project) string {
	var b strings.Builder
	for _, name := range p.Files {
		fmt.Fprintln(&b, "read", name)
	}
	for _, d := range p.Declarations {
		fmt.Fprintf(&b, "%s:%d:%d: %s %s %s %s", d.File, d.Line, d.Column, d.Format, d.Name, d.Use, d.Protocol)
		if d.Address != "" {
			fmt.Fprintf(&b, " [%s]", d.Address)
		}
		fmt.Fprintf(&b, " %d", d.Port)
		if d.LastPort != d.Port {
			fmt.Fprintf(&b, "-%d", d.LastPort)
		}
		if d.Target != 0 {
			fmt.Fprintf(&b, " to %d", d.Target)
		}
		fmt.Fprintf(&b, " %q\n", d.Text)
	}
	for _, f := range p.Findings {
		fmt.Fprintf(&b, "%s:%d:%d: %s %s %s", f.File, f.Line, f.Column, f.Severity, f.ID, f.Summary)
		if f.Name != "" {
			fmt.Fprintf(&b, " (%s)", f.Name)
		}
		b.WriteByte('\n')
	}
	for _, e := range p.Expectations {
		fmt.Fprintf(&b, "%s:%d: expect %s of %s %q\n", e.File, e.Line, e.Text, e.Target, e.Name)
	}
	for _, a := range p.Allowances {
		fmt.Fprintf(&b, "allow %s:%d\n", a.ID, a.Port)
	}
	return b.String()
}

// checkProject holds what must be true of whatever is read.
func checkProject(t *testing.T, p Project) {
	t.Helper()
	for _, d := range p.Declarations {
		if d.File == "" || d.Line < 1 || d.Column < 1 || d.Format == "" || d.Use == "" || d.Protocol == "" || d.LastPort < d.Port || d.Profiles == nil {
			t.Errorf("a declaration is not whole: %+v", d)
		}
	}
	for _, f := range p.Findings {
		if f.File == "" || f.Line < 1 || f.Column < 1 || f.Summary == "" || f.Severity == "" {
			t.Errorf("a finding is not whole: %+v", f)
		}
		if f.ID != report.FindingBadValue && f.ID != report.FindingUnreadable && f.ID != report.FindingUnknown {
			t.Errorf("a finding about files has the id %s", f.ID)
		}
		if len(f.Summary) > 2000 || strings.ContainsAny(f.Summary, "\n") {
			t.Errorf("a summary of %d bytes, or of several lines: %.100q", len(f.Summary), f.Summary)
		}
	}
}

func goldenFormats() []string {
	return []string{"env", "package_json", "procfile", "portwho", "devcontainer", "launch_settings", "kubernetes", "kind"}
}

// A new format comes with projects to compare, and is fuzzed. Compose has a
// corpus of its own.
func TestEveryFormatIsTested(t *testing.T) {
	for _, known := range formats() {
		id := string(known.id)
		if known.id == report.FormatCompose {
			continue
		}
		if !slices.Contains(goldenFormats(), id) {
			t.Errorf("goldenFormats lacks %s", id)
		}
		if !slices.Contains(fuzzedFormats(), id) {
			t.Errorf("fuzzedFormats lacks %s", id)
		}
	}
}
