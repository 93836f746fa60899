package report_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portwho/portwho/pkg/report"
)

// foreignSchema is a file that .ci/setup has fetched with npm: the schemas of
// other people's formats. They stay out of the repository.
func foreignSchema(t *testing.T, name string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		unavailable(t, "no folder for caches: %v", err)
	}
	path := filepath.Join(cache, "portwho-test", "schemas", name)
	if _, err := os.Stat(path); err != nil {
		unavailable(t, "%v; .ci/setup fetches it", err)
	}
	return path
}

// unavailable skips, or fails where nothing may be skipped.
func unavailable(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// schemaReports are what the encoders are held to their schemas with.
func schemaReports() []report.Report {
	out := []report.Report{checkReport(), fullReport(), bareReport(), {}}
	for _, name := range hostile() {
		out = append(out, hostileReport(name))
	}
	return out
}

func TestSARIFSchema(t *testing.T) {
	f, err := os.Open(foreignSchema(t, "sarif-2.1.0-rtm.5.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	document, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	id := document.(object)["id"].(string)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiler.UseLoader(jsonschema.SchemeURLLoader{})
	if err := compiler.AddResource(id, document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	sarif := encoders()[1]
	for _, r := range schemaReports() {
		text := encoded(t, sarif, r)
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
	// A schema that takes everything proves nothing.
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(bytes.Replace(encoded(t, sarif, checkReport()), []byte(`"startLine": 7`), []byte(`"startLine": 0`), 1)))
	if err != nil {
		t.Fatal(err)
	}
	if schema.Validate(value) == nil {
		t.Error("a line 0 is accepted")
	}
}

func TestJUnitSchema(t *testing.T) {
	schema := foreignSchema(t, "jenkins-junit.xsd")
	if _, err := exec.LookPath("xmllint"); err != nil {
		unavailable(t, "%v", err)
	}
	dir := t.TempDir()
	junit := encoders()[0]
	args := []string{"--nonet", "--noout", "--schema", schema}
	for i, r := range schemaReports() {
		path := filepath.Join(dir, string(rune('A'+i/26))+string(rune('a'+i%26))+".xml")
		if err := os.WriteFile(path, encoded(t, junit, r), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	if out, err := exec.Command("xmllint", args...).CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v\n%s", err, out)
	}
	bad := filepath.Join(dir, "bad.xml")
	if err := os.WriteFile(bad, bytes.Replace(encoded(t, junit, checkReport()), []byte(" classname="), []byte(" class="), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	if exec.Command("xmllint", "--nonet", "--noout", "--schema", schema, bad).Run() == nil {
		t.Error("an attribute that does not exist is accepted")
	}
}

// TestRules holds the texts of the findings complete.
func TestRules(t *testing.T) {
	ids := constants(t, ".")["FindingID"]
	if len(ids) == 0 || len(ids) != len(report.FindingIDs()) {
		t.Fatalf("%d constants, %d rules", len(ids), len(report.FindingIDs()))
	}
	text, err := os.ReadFile(docs("ci.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if !strings.Contains(string(text), "\n| `"+id+"` | ") {
			t.Errorf("docs/ci.md does not list %s", id)
		}
		title, help := report.Rule(report.FindingID(id))
		if title == "" || help == "" {
			t.Errorf("nothing is said about %s", id)
		}
	}
}
