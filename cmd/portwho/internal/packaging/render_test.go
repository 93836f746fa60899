package packaging

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// released gives the version and the sums of -dist, or of a release that has
// the right names and nothing in its files.
func released(t *testing.T) (version, sums string) {
	t.Helper()
	if *dist != "" {
		sums = filepath.Join(*dist, "SHA256SUMS")
		text, err := os.ReadFile(sums)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`(?m) portwho_(.+)_linux_amd64\.tar\.gz$`).FindSubmatch(text)
		if found == nil {
			t.Fatalf("%s names no archive for Linux:\n%s", sums, text)
		}
		return string(found[1]), sums
	}
	version, sums = "1.2.3-rc.1", filepath.Join(t.TempDir(), "SHA256SUMS")
	var text strings.Builder
	for _, file := range []string{"linux_amd64.tar.gz", "linux_arm64.tar.gz", "linux_riscv64.tar.gz", "linux_amd64.deb", "linux_amd64.rpm",
		"darwin_amd64.tar.gz", "darwin_arm64.tar.gz", "windows_amd64.zip", "windows_arm64.zip", "freebsd_amd64.tar.gz"} {
		fmt.Fprintf(&text, "%x  portwho_%s_%s\n", sha256.Sum256([]byte(file)), version, file)
	}
	write(t, sums, text.String())
	return version, sums
}

// render fills in the templates.
func render(t *testing.T, version, sums string) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the script is for GNU's sed")
	}
	need(t, "bash")
	folder := filepath.Join(t.TempDir(), "rendered")
	output(t, exec.Command(filepath.Join(top(t), ".packaging", "render"), version, sums, folder))
	return folder
}

// Each address in a template is that of a file of the release, and the sum that
// comes after it is the one of that file.
func TestRenderedSums(t *testing.T) {
	version, sums := released(t)
	text, err := os.ReadFile(sums)
	if err != nil {
		t.Fatal(err)
	}
	sumOf := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		sumOf[name] = sum
	}
	address := regexp.MustCompile(`https://github\.com/portwho/portwho/releases/download/([^/\s]+)/([^"'\s]+)`)
	hash := regexp.MustCompile(`\b[0-9a-f]{64}\b`)
	counts := map[string]int{}
	for path, text := range rendered(t, render(t, "v"+version, sums)) {
		for _, at := range address.FindAllStringSubmatchIndex(text, -1) {
			tag, name := text[at[2]:at[3]], text[at[4]:at[5]]
			if strings.Contains(name, "$version") {
				continue // scoop fills it in for the next release
			}
			counts[filepath.Dir(path)]++
			want, known := sumOf[name]
			if !known || tag != "v"+version {
				t.Errorf("%s: no release has %s/%s", path, tag, name)
			}
			if got := hash.FindString(text[at[5]:]); got != want {
				t.Errorf("%s: %s has the sum %q, want %q", path, name, got, want)
			}
		}
	}
	want := map[string]int{"homebrew": 4, "scoop": 2, "winget": 2, "aur": 3, "nix": 5}
	for folder, n := range want {
		if counts[folder] != n {
			t.Errorf("%s has %d addresses, want %d", folder, counts[folder], n)
		}
	}
}

func rendered(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	paths, err := filepath.Glob(filepath.Join(folder, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		relative, err := filepath.Rel(folder, path)
		if err != nil {
			t.Fatal(err)
		}
		files[relative] = string(text)
	}
	return files
}

// A file that the release does not have is told, and nothing is made up.
func TestRenderMissing(t *testing.T) {
	version, sums := released(t)
	text, err := os.ReadFile(sums)
	if err != nil {
		t.Fatal(err)
	}
	render(t, version, sums)
	short := filepath.Join(t.TempDir(), "SHA256SUMS")
	write(t, short, regexp.MustCompile(`(?m)^.*darwin_arm64.*\n`).ReplaceAllString(string(text), ""))
	for _, args := range [][]string{{version, short}, {"latest", sums}} {
		cmd := exec.Command(filepath.Join(top(t), ".packaging", "render"), args[0], args[1], t.TempDir())
		if out, err := cmd.CombinedOutput(); err == nil || !strings.HasPrefix(string(out), "render: ") {
			t.Errorf("render %q: %v, %s", args, err, out)
		}
	}
}

// Each package manager's own parser takes its file, where Debian has one.
func TestRenderedSyntax(t *testing.T) {
	version, sums := released(t)
	folder := render(t, version, sums)
	t.Run("homebrew", func(t *testing.T) {
		need(t, "ruby")
		output(t, exec.Command("ruby", "-c", filepath.Join(folder, "homebrew", "portwho.rb")))
	})
	t.Run("nix", func(t *testing.T) {
		need(t, "nix-instantiate")
		parse := exec.Command("nix-instantiate", "--parse", filepath.Join(folder, "nix", "flake.nix"))
		state := t.TempDir() // that of the machine is root's
		parse.Env = append(os.Environ(), "NIX_STATE_DIR="+state, "NIX_STORE_DIR="+state, "NIX_LOG_DIR="+state)
		output(t, parse)
	})
	t.Run("aur", func(t *testing.T) {
		need(t, "makepkg", "shellcheck")
		aur := filepath.Join(folder, "aur")
		output(t, exec.Command("shellcheck", filepath.Join(aur, "PKGBUILD")))
		makepkg := exec.Command("makepkg", "--printsrcinfo")
		if os.Geteuid() == 0 { // which makepkg refuses to be
			need(t, "unshare")
			makepkg = exec.Command("unshare", "--user", "--map-user=1000", "--map-group=1000", "makepkg", "--printsrcinfo")
		}
		makepkg.Dir = aur
		makepkg.Env = append(os.Environ(), "PACMAN=true") // it looks whether there is one
		info := output(t, makepkg)
		for _, want := range []string{
			"pkgbase = portwho-bin", "\tpkgver = " + strings.ReplaceAll(version, "-", "_"), "\tarch = riscv64",
			"\tsource_x86_64 = https://github.com/portwho/portwho/releases/download/v" + version + "/portwho_" + version + "_linux_amd64.tar.gz",
		} {
			if !slices.Contains(strings.Split(info, "\n"), want) {
				t.Errorf("no line %q in\n%s", want, info)
			}
		}
	})
	t.Run("scoop", func(t *testing.T) {
		type download struct {
			URL        string `json:"url"`
			Hash       string `json:"hash"`
			ExtractDir string `json:"extract_dir"`
		}
		var manifest struct {
			Version, Description, Homepage, License, Bin, Checkver string
			Architecture                                           map[string]download
			Autoupdate                                             struct {
				Architecture map[string]download
				Hash         struct{ URL string }
			}
		}
		read(t, filepath.Join(folder, "scoop", "portwho.json"), func(text []byte) error {
			dec := json.NewDecoder(bytes.NewReader(text))
			dec.DisallowUnknownFields()
			return dec.Decode(&manifest)
		})
		if manifest.Version != version || manifest.Bin != "portwho.exe" || len(manifest.Architecture) != 2 {
			t.Errorf("%+v", manifest)
		}
		for name, d := range manifest.Architecture {
			if !strings.HasSuffix(d.URL, "/"+d.ExtractDir+".zip") {
				t.Errorf("%s: the archive at %s does not have the folder %s", name, d.URL, d.ExtractDir)
			}
			next := manifest.Autoupdate.Architecture[name]
			if got := strings.ReplaceAll(next.URL, "$version", version); got != d.URL {
				t.Errorf("%s: autoupdate would load %s, want %s", name, got, d.URL)
			}
		}
	})
	t.Run("winget", func(t *testing.T) {
		// A manifest has these fields at the least, and all three the same
		// identifier and version
		// (https://github.com/microsoft/winget-pkgs/tree/master/doc/manifest/schema/1.6.0).
		for kind, fields := range map[string][]string{
			"":              {"DefaultLocale"},
			".installer":    {"Installers"},
			".locale.en-US": {"PackageLocale", "Publisher", "PackageName", "License", "ShortDescription"},
		} {
			var manifest map[string]any
			read(t, filepath.Join(folder, "winget", "portwho.portwho"+kind+".yaml"), func(text []byte) error {
				return yaml.Unmarshal(text, &manifest)
			})
			for _, field := range append(fields, "ManifestType", "ManifestVersion") {
				if manifest[field] == nil || manifest[field] == "" {
					t.Errorf("%q: no %s", kind, field)
				}
			}
			if manifest["PackageIdentifier"] != "portwho.portwho" || manifest["PackageVersion"] != version {
				t.Errorf("%q is of %v %v", kind, manifest["PackageIdentifier"], manifest["PackageVersion"])
			}
		}
	})
}

func read(t *testing.T, path string, parse func([]byte) error) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := parse(text); err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
}
