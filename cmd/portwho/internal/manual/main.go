// Command manual writes the man pages and the Markdown pages of portwho's commands
// from the commands themselves:
//
//	go run ./cmd/portwho/internal/manual -write
//
// Without -write it names the files that are not as they should be. A test does
// the same. It is no part of portwho.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/cli"
)

func main() {
	write := flag.Bool("write", false, "write the files that are not as they should be")
	top := flag.String("top", ".", "the `FOLDER` of the repository")
	flag.Parse()
	stale, err := refresh(*top, *write)
	for _, name := range stale {
		fmt.Println(name)
	}
	if err == nil && !*write && len(stale) > 0 {
		err = errors.New("stale pages: run this again with -write")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}

// refresh returns the files that are not as they should be, and makes them so if
// that is wanted. A page of a command that is gone is removed.
func refresh(top string, write bool) ([]string, error) {
	changelog, err := os.ReadFile(filepath.Join(top, "CHANGELOG.md"))
	if err != nil {
		return nil, err
	}
	want := files(cli.Manual(), lastRelease(string(changelog)))
	var stale []string
	for name, text := range want {
		path := filepath.Join(top, filepath.FromSlash(name))
		if is, err := os.ReadFile(path); err == nil && string(is) == text {
			continue
		}
		stale = append(stale, name)
		if write {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return stale, err
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				return stale, err
			}
		}
	}
	for _, pattern := range []string{manFolder + "/*.1", markdownFolder + "/*.md"} {
		found, err := filepath.Glob(filepath.Join(top, filepath.FromSlash(pattern)))
		if err != nil {
			return stale, err
		}
		for _, path := range found {
			name, err := filepath.Rel(top, path)
			if err != nil {
				return stale, err
			}
			name = filepath.ToSlash(name)
			if _, wanted := want[name]; wanted {
				continue
			}
			stale = append(stale, name)
			if write {
				if err := os.Remove(path); err != nil {
					return stale, err
				}
			}
		}
	}
	slices.Sort(stale)
	return stale, nil
}

// The folders of the pages.
const (
	manFolder      = "docs/man"
	markdownFolder = "docs/commands"
)

// files are all pages by their names in the repository.
func files(pages []cli.ManualPage, date string) map[string]string {
	out := map[string]string{markdownFolder + "/README.md": index(pages)}
	for _, p := range pages {
		name := strings.ReplaceAll(p.Name, " ", "-")
		out[manFolder+"/"+name+".1"] = manPage(p, pages, date)
		out[markdownFolder+"/"+name+".md"] = markdown(p)
	}
	return out
}

// lastRelease is the date of the newest release in the changelog; empty before
// the first. A page has no other date: it would change when nothing else does.
func lastRelease(changelog string) string {
	for line := range strings.Lines(changelog) {
		if heading, ok := strings.CutPrefix(line, "## ["); ok {
			if _, date, dated := strings.Cut(heading, "] - "); dated {
				return strings.TrimSpace(date)
			}
		}
	}
	return ""
}

// lower is a summary as part of a sentence.
func lower(summary string) string { return strings.ToLower(summary[:1]) + summary[1:] }

// sentence ends a text with a full stop.
func sentence(text string) string {
	if strings.HasSuffix(text, ".") || strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}

// capital begins a text with a capital letter.
func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// heading is what stands above an example.
func heading(text string) string {
	if strings.HasSuffix(text, "?") {
		return capital(text)
	}
	return capital(text) + ":"
}

// flagText is what a flag does, with its default.
func flagText(f cli.Flag) string {
	text := capital(f.Text)
	if f.Default != "" {
		text += " (default " + f.Default + ")"
	}
	return sentence(text)
}

// splitFlag parts a word that begins with a flag, as --yes, from what follows.
func splitFlag(word string) (before, name, after string) {
	start := strings.IndexByte(word, '-')
	if start < 0 || strings.Trim(word[:start], "(") != "" {
		return word, "", ""
	}
	end := start
	for end < len(word) && (word[end] == '-' || 'a' <= word[end] && word[end] <= 'z' || '0' <= word[end] && word[end] <= '9') {
		end++
	}
	if strings.Trim(word[start:end], "-0123456789") == "" {
		return word, "", ""
	}
	return word[:start], word[start:end], word[end:]
}
