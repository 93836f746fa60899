package preflight

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// fuzzedFormats are the formats that are fuzzed.
func fuzzedFormats() []string {
	return []string{"env", "procfile", "package_json", "devcontainer", "launch_settings", "kubernetes", "portwho", "kind"}
}

// fuzzed are the same by the name that a file of theirs may have.
func fuzzed() []string {
	return []string{".env", "Procfile", "package.json", "devcontainer.json", "launchSettings.json", "pod.yaml", "portwho.yaml", "kind.yaml"}
}

// FuzzRead holds what must be true of whatever a file has in it: reading ends,
// nothing panics, and each port and finding has its place.
func FuzzRead(f *testing.F) {
	for i, format := range fuzzedFormats() {
		for _, pattern := range []string{"*/*", "*/.*", "*/*/*"} {
			paths, err := filepath.Glob(filepath.Join("testdata", format, pattern))
			if err != nil {
				f.Fatal(err)
			}
			for _, path := range paths {
				if text, err := os.ReadFile(path); err == nil && filepath.Base(path) != "want.txt" {
					f.Add(uint8(i), text)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		name := fuzzed()[int(kind)%len(fuzzed())]
		r := newReader(context.Background(), Config{})
		got := file{path: name, name: name, data: data}
		if _, why := notText(data); why != nil {
			return
		}
		known, ok := formatOf(got)
		if !ok {
			return
		}
		r.opened(got)
		checkProject(t, r.project(known.read(r, []file{got})))
	})
}
