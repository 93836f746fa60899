package house

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// unfinished are causes that the catalogue calls told and that have no finder
// yet. Each leaves the list with the file that finds it.
func unfinished() []report.CauseID {
	return []report.CauseID{}
}

// declared are the ids of cause_ids.go in their order.
func declared(t *testing.T) []string {
	t.Helper()
	for _, s := range sources(t) {
		if s.path == "pkg/diagnose/cause_ids.go" {
			return stringConstants(s.file, nameOfCause)
		}
	}
	t.Fatal("pkg/diagnose/cause_ids.go is missing")
	return nil
}

// TestCatalogueIsWhole holds the catalogue to the ids, and both to the files
// that find causes.
func TestCatalogueIsWhole(t *testing.T) {
	var ids []string
	for _, c := range diagnose.Catalogue() {
		ids = append(ids, string(c.ID))
		for name, value := range map[string]string{"title": c.Title, "meaning": c.Meaning, "evidence": c.Evidence, "advice": c.Advice} {
			if value == "" {
				t.Errorf("the catalogue has no %s of %s", name, c.ID)
			}
			if name != "title" && value != "" && !strings.HasSuffix(value, ".") {
				t.Errorf("the %s of %s in the catalogue ends without a full stop: %q", name, c.ID, value)
			}
		}
		if len(c.Systems) == 0 || !slices.IsSorted(c.Systems) {
			t.Errorf("the systems of %s in the catalogue are %q", c.ID, c.Systems)
		}
		file := "pkg/diagnose/cause_" + string(c.ID) + ".go"
		_, err := os.Stat(filepath.Join(root(t), filepath.FromSlash(file)))
		found, pending := err == nil, slices.Contains(unfinished(), c.ID)
		switch {
		case c.Told && !found && !pending:
			t.Errorf("the catalogue says that %s is told, and there is no %s: write it and list its finder in causes.go, or move the entry to catalogueKept", c.ID, file)
		case found && pending:
			t.Errorf("%s is there: take %s off the list in causes_test.go", file, c.ID)
		case found && !c.Told:
			t.Errorf("%s is there: move %s out of catalogueKept", file, c.ID)
		}
	}
	if want := declared(t); !slices.Equal(ids, want) {
		t.Errorf("the catalogue and cause_ids.go differ, or are in another order\ncatalogue %q\nids       %q", ids, want)
	}
}

// TestFindersAreListed: a finder that stands in no list finds nothing.
func TestFindersAreListed(t *testing.T) {
	var lists string
	for _, name := range []string{"causes.go", "refusal.go"} {
		text, err := os.ReadFile(filepath.Join(root(t), "pkg", "diagnose", name))
		if err != nil {
			t.Fatal(err)
		}
		lists += string(text)
	}
	finder := regexp.MustCompile(`(?m)^func (\w+)\(v \*view\) \(report\.Cause, bool\)`)
	files, err := filepath.Glob(filepath.Join(root(t), "pkg", "diagnose", "cause_*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := finder.FindAllStringSubmatch(string(text), -1)
		if len(found) != 1 && filepath.Base(file) != "cause_ids.go" {
			t.Errorf("%s has %d finders, want 1", filepath.Base(file), len(found))
		}
		for _, f := range found {
			if !regexp.MustCompile(`(?m)^\t\t` + f[1] + `,$`).MatchString(lists) {
				t.Errorf("%s of %s is in no list of causes.go", f[1], filepath.Base(file))
			}
		}
	}
}

// TestCausesAreDocumented: docs/causes.md has a part for every id, in the order
// of the ids, and those that are not told stand below their own heading.
func TestCausesAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(t), "docs", "causes.md"))
	if err != nil {
		t.Fatal(err)
	}
	const keptHeading = "Kept for later"
	ids := declared(t)
	var parts []string
	kept := map[string]bool{}
	below := false
	for _, heading := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(string(text), -1) {
		below = below || heading[1] == keptHeading
		if slices.Contains(ids, heading[1]) {
			parts = append(parts, heading[1])
			kept[heading[1]] = below
		}
	}
	for _, c := range diagnose.Catalogue() {
		below, found := kept[string(c.ID)]
		switch {
		case !found:
			t.Errorf("docs/causes.md has no part ## %s", c.ID)
		case below == c.Told:
			t.Errorf("docs/causes.md: %s is told: %v, and stands below %q: %v", c.ID, c.Told, keptHeading, below)
		}
	}
	if !t.Failed() && !slices.Equal(parts, ids) {
		t.Errorf("docs/causes.md tells causes in another order than cause_ids.go\ndocs %q\nids  %q", parts, ids)
	}
}

// TestCausesAreNoServices: explain takes causes and names of services, so no
// word may be both.
func TestCausesAreNoServices(t *testing.T) {
	for _, c := range diagnose.Catalogue() {
		for _, word := range []string{string(c.ID), strings.ReplaceAll(string(c.ID), "_", "-")} {
			if _, err := port.ParseTarget(word); err == nil {
				t.Errorf("%s is a cause and a target", word)
			}
		}
	}
	if _, err := port.ParseTarget("causes"); err == nil {
		t.Error("causes is a target")
	}
}
