package house

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// documents are the Markdown files that people read, by their path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	top := root(t)
	out := map[string]string{}
	read := func(path string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		relative, err := filepath.Rel(top, path)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.ToSlash(relative)] = string(text)
	}
	for _, folder := range []string{"docs", ".github"} {
		err := filepath.WalkDir(filepath.Join(top, folder), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.HasSuffix(path, ".md") {
				read(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"} {
		read(filepath.Join(top, name))
	}
	return out
}

// Links within the repository lead to a file, and to a heading of it.
func TestLinks(t *testing.T) {
	top := root(t)
	all := documents(t)
	found := 0
	for name, text := range all {
		for _, link := range linksOf(text) {
			target, fragment, _ := strings.Cut(link, "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			found++
			to := name
			if target != "" {
				to = filepath.ToSlash(filepath.Join(filepath.Dir(filepath.FromSlash(name)), filepath.FromSlash(target)))
			}
			if _, err := os.Stat(filepath.Join(top, filepath.FromSlash(to))); err != nil {
				t.Errorf("%s: %s is not there", name, link)
				continue
			}
			if fragment != "" && strings.HasSuffix(to, ".md") && !hasHeading(all[to], fragment) {
				t.Errorf("%s: %s has no heading #%s", name, to, fragment)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d links were found", found)
	}
}

// Every document can be found from the index, and the index from README.md.
func TestIndex(t *testing.T) {
	all := documents(t)
	listed := map[string]bool{"docs/README.md": strings.Contains(all["README.md"], "(docs/README.md)")}
	for _, link := range linksOf(all["docs/README.md"]) {
		target, _, _ := strings.Cut(link, "#")
		listed["docs/"+target] = true
	}
	entries, err := os.ReadDir(filepath.Join(root(t), "docs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := "docs/" + e.Name()
		if (strings.HasSuffix(name, ".md") || strings.HasSuffix(name, ".schema.json")) && !listed[name] {
			t.Errorf("%s is not in docs/README.md", name)
		}
	}
}

// linksOf finds the links of a document outside of its code, and the pictures.
func linksOf(text string) []string {
	var prose strings.Builder
	fence := ""
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		ticks := trimmed[:len(trimmed)-len(strings.TrimLeft(trimmed, "`"))]
		switch {
		case fence == "" && len(ticks) >= 3:
			fence = ticks
		case fence != "" && trimmed == fence:
			fence = ""
		case fence == "":
			prose.WriteString(line)
		}
	}
	plain := regexp.MustCompile("`[^`]*`").ReplaceAllString(prose.String(), "")
	var out []string
	for _, match := range regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"`).FindAllStringSubmatch(plain, -1) {
		out = append(out, match[1]+match[2])
	}
	return out
}

// hasHeading reports whether GitHub gives a heading of the document this name.
func hasHeading(text, fragment string) bool {
	for line := range strings.Lines(text) {
		title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if !ok || !strings.HasPrefix(line, "#") {
			continue
		}
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(title))
		if name == fragment {
			return true
		}
	}
	return false
}

// The finder of links is held to what it must find.
func TestLinksOf(t *testing.T) {
	const text = "[a](one.md#x) `[b](two.md)`\n```sh\n[c](three.md)\n```\n<img src=\"four.svg\"> [d](five.md)\n"
	if got, want := strings.Join(linksOf(text), " "), "one.md#x four.svg five.md"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	const heading = "# What `portwho kill` stops, and how_it chooses\n"
	if !hasHeading(heading, "what-portwho-kill-stops-and-how_it-chooses") {
		t.Error("the heading is not found")
	}
}
