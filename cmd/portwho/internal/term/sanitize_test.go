package term

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestSanitize(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"ascii", "nginx: worker", "nginx: worker"},
		{"letters", "Ünïcödé 日本語 עברית العربية", "Ünïcödé 日本語 עברית العربية"},
		{"decomposed letter", "e\u0301", "e\u0301"},
		{"emoji", "🚀", "🚀"},
		{"newline, return, tab", "a\nb\rc\td", `a\nb\rc\td`},
		{"colour", "\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"title", "\x1b]0;owned\x07", `\x1b]0;owned\x07`},
		{"DEL and NUL", "\x7f\x00", `\x7f\x00`},
		{"C1 as a character", "\u009b31m", `\u009b31m`},
		{"C1 as a byte", "\x9b31m", `\x9b31m`},
		{"not UTF-8", "caf\xe9", `caf\xe9`},
		{"surrogate in UTF-8", "\xed\xa0\x80", `\xed\xa0\x80`},
		{"replacement character", "\ufffd", "\ufffd"},
		{"bidi override", "a\u202egnp.exe", `a\u202egnp.exe`},
		{"bidi isolate", "\u2066a\u2069", `\u2066a\u2069`},
		{"bidi marks", "\u200e\u200f\u061c", `\u200e\u200f\u061c`},
		{"zero width", "a\u200bb\u200d\u2060\ufeff", `a\u200bb\u200d\u2060\ufeff`},
		{"soft hyphen", "a\u00adb", `a\u00adb`},
		{"separators", "a\u2028b\u2029", `a\u2028b\u2029`},
		{"odd spaces", "a\u00a0b\u3000", `a\u00a0b\u3000`},
		{"invisible letter", "\u3164", `\u3164`},
		{"variation selector", "❤\ufe0f", `❤\ufe0f`},
		{"tag", "\U000e0041", `\U000e0041`},
		{"private use", "\ue000", `\ue000`},
		{"backslash stays", `C:\new`, `C:\new`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Sanitize(tt.in); got != tt.want {
				t.Errorf("Sanitize(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// checkSafe fails unless s can be shown on one line without doing anything.
func checkSafe(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Fatalf("not UTF-8: %q", s)
	}
	for _, r := range s {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs) {
			t.Fatalf("control or format character %U in %q", r, s)
		}
	}
}

func FuzzSanitize(f *testing.F) {
	for _, s := range []string{"", "nginx", "\x1b[2J", "a\xffb", "\u202e\u2066", "e\u0301", `\n`, "日本語\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Sanitize(s)
		checkSafe(t, got)
		if again := Sanitize(got); again != got {
			t.Fatalf("not idempotent: %q, then %q", got, again)
		}
		if strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0 && got != s {
			t.Fatalf("plain %q became %q", s, got)
		}
	})
}
