package term

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWidth(t *testing.T) {
	for s, want := range map[string]int{
		"": 0, "nginx": 5, "日本語": 6, "e\u0301": 1, "…": 1, "×": 1, "🚀": 2, "ｗｉｄｅ": 8,
	} {
		if got := Width(s); got != want {
			t.Errorf("Width(%q) = %d, want %d", s, got, want)
		}
	}
}

func TestTruncate(t *testing.T) {
	for _, tt := range []struct {
		in          string
		width       int
		end, middle string
	}{
		{"postgres", 8, "postgres", "postgres"},
		{"postgres", 7, "postgr…", "pos…res"},
		{"postgres", 6, "postg…", "po…res"},
		{"postgres", 2, "p…", "…s"},
		{"postgres", 1, "…", "…"},
		{"postgres", 0, "", ""},
		{"日本語文字", 7, "日本語…", "日…文字"},
		{"日本語文字", 6, "日本…", "日…字"},
		{"", 0, "", ""},
		{"ae\u0301xxxx", 3, "ae\u0301…", "a…x"},
	} {
		if got := Truncate(tt.in, tt.width); got != tt.end {
			t.Errorf("Truncate(%q, %d) = %q, want %q", tt.in, tt.width, got, tt.end)
		}
		if got := TruncateMiddle(tt.in, tt.width); tt.middle != got {
			t.Errorf("TruncateMiddle(%q, %d) = %q, want %q", tt.in, tt.width, got, tt.middle)
		}
	}
}

func FuzzTruncate(f *testing.F) {
	f.Add("postgres", 4)
	f.Add("日本語", 3)
	f.Add("", -42)
	f.Add("e\u0301e\u0301e\u0301", 2)
	f.Fuzz(func(t *testing.T, s string, width int) {
		s = Sanitize(s)
		width %= 200
		for _, cut := range []string{Truncate(s, width), TruncateMiddle(s, width), Clean(s).Cut(width).String(), Clean(s).CutMiddle(width).String()} {
			if Width(cut) > max(width, 0) {
				t.Fatalf("%q cut to %d is %q, %d columns", s, width, cut, Width(cut))
			}
			if !utf8.ValidString(cut) {
				t.Fatalf("%q cut to %d is %q", s, width, cut)
			}
			if Width(s) <= width && cut != s {
				t.Fatalf("%q fits in %d and became %q", s, width, cut)
			}
		}
		for _, line := range Wrap(Clean(s), width) {
			if width > 1 && line.Width() > width {
				t.Fatalf("%q wrapped to %d has line %q", s, width, line)
			}
		}
	})
}

func TestWrapKeepsWords(t *testing.T) {
	text := Join(" ", Clean("nobody holds").In(Bold), Clean("the port, and 日本語 may have it"))
	for width := 2; width < 60; width++ {
		var joined []string
		for _, line := range Wrap(text, width) {
			if line.Width() > width {
				t.Errorf("width %d: line %q", width, line)
			}
			joined = append(joined, line.String())
		}
		want := text.String()
		if width < 8 { // words are broken
			want = strings.ReplaceAll(want, " ", "")
			joined = []string{strings.ReplaceAll(strings.Join(joined, ""), " ", "")}
		}
		if got := strings.Join(joined, " "); got != want {
			t.Errorf("width %d: %q, want %q", width, got, want)
		}
	}
	if got := Wrap(text, 0); len(got) != 1 || got[0].String() != text.String() {
		t.Errorf("unlimited: %q", got)
	}
}
