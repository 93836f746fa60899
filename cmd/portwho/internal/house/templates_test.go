package house

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// An issueForm is what GitHub makes a form of (docs.github.com, "Syntax for
// GitHub's form schema"). A key that it does not know makes it refuse the file
// silently, so the decoder is strict.
type issueForm struct {
	Name        string
	Description string
	Labels      []string
	Body        []struct {
		Type       string
		ID         string `yaml:"id"`
		Attributes struct {
			Label, Description, Value, Placeholder, Render string
		}
		Validations struct{ Required *bool }
	}
}

// Whoever reports something is asked for what lets us see it.
func TestIssueForms(t *testing.T) {
	folder := filepath.Join(root(t), ".github", "ISSUE_TEMPLATE")
	names, err := filepath.Glob(filepath.Join(folder, "[0-9]-*.yml"))
	if err != nil || len(names) != 3 {
		t.Fatalf("%d forms, %v", len(names), err)
	}
	for _, name := range names {
		var form issueForm
		strictly(t, name, &form)
		if form.Name == "" || form.Description == "" || len(form.Description) > 200 || len(form.Labels) == 0 {
			t.Errorf("%s lacks a name, a description or a label", name)
		}
		seen, required, snapshot := map[string]bool{}, 0, false
		for _, part := range form.Body {
			if part.Type == "markdown" {
				if part.Attributes.Value == "" || part.ID != "" || part.Validations.Required != nil {
					t.Errorf("%s: markdown has a value and nothing else", name)
				}
				snapshot = snapshot || strings.Contains(part.Attributes.Value, "portwho snapshot --redact")
				continue
			}
			if !slices.Contains([]string{"textarea", "input"}, part.Type) {
				t.Errorf("%s: the type %q", name, part.Type)
			}
			if !regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(part.ID) || seen[part.ID] || part.Attributes.Label == "" {
				t.Errorf("%s: the part %q has no label, or no id of its own", name, part.ID)
			}
			seen[part.ID] = true
			if part.Validations.Required != nil && *part.Validations.Required {
				required++
			}
			snapshot = snapshot || strings.Contains(part.Attributes.Description, "portwho snapshot --redact")
		}
		if required == 0 || !snapshot {
			t.Errorf("%s: %d required parts; asks for a snapshot: %v", name, required, snapshot)
		}
	}
	var config struct {
		Blank bool `yaml:"blank_issues_enabled"`
		Links []struct {
			Name, About string
			URL         string `yaml:"url"`
		} `yaml:"contact_links"`
	}
	strictly(t, filepath.Join(folder, "config.yml"), &config)
	for _, link := range config.Links {
		if link.Name == "" || link.About == "" || !strings.HasPrefix(link.URL, "https://") {
			t.Errorf("config.yml: a link is not whole: %+v", link)
		}
	}
}

// strictly decodes a file of YAML, and fails for a key that is not in the type.
func strictly(t *testing.T, name string, into any) {
	t.Helper()
	in, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	dec := yaml.NewDecoder(in)
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}
