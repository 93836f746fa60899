package procfs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	texts := map[string]string{"empty": "", "short": "1\n", "full": strings.Repeat("x", 256), "long": strings.Repeat("20001,", 9_000)}
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := OpenSettings(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, name := range []string{"short", "long", "full", "short", "empty"} {
		if got, err := s.Read(name); err != nil || got != texts[name] {
			t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(texts[name]), err)
		}
	}
	if _, err := s.Read("missing"); !os.IsNotExist(err) {
		t.Errorf("missing: %v", err)
	}
	if _, err := OpenSettings(filepath.Join(dir, "nowhere")); !os.IsNotExist(err) {
		t.Errorf("no directory: %v", err)
	}
}

func TestReadPiece(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	for _, size := range []int{0, 1, firstRead - 1, firstRead, firstRead + 1, 20_000} {
		text := strings.Repeat("y", size)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, onePiece := range []bool{true, false} {
			if got, err := readFile(-1, file, onePiece); err != nil || string(got) != text {
				t.Errorf("%d bytes, in one piece %v: got %d, %v", size, onePiece, len(got), err)
			}
		}
	}
}

func TestReadLink(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "link")
	for _, size := range []int{1, 255, 256, 257, 4000} {
		target := strings.Repeat("z", size)
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		if got, err := readLink(-1, link); err != nil || got != target {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
	}
}
