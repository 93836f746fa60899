package port

import (
	"slices"
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	commands := []string{"check", "explain", "free", "help", "kill", "run", "snapshot", "version", "wait", "watch"}
	formats := []string{"text", "json", "junit", "sarif", "github", "markdown"}
	for _, test := range []struct {
		word  string
		words []string
		want  string
	}{
		{"kil", commands, "kill"},
		{"KILL", commands, "kill"},
		{"wiat", commands, "wait"},
		{"wa", commands, "wait watch"}, // both begin so
		{"snpashto", commands, "snapshot"},
		{"chekc", commands, "check"},
		{"jsno", formats, "json"},
		{"makrdonw", formats, "markdown"},
		{"j", formats, ""},
		{"", formats, ""},
		{"xml", formats, ""},
		{"aaaa", []string{"aaab", "aaac", "aaad", "aaae"}, "aaab aaac aaad"}, // three are enough
		{"abcdef", []string{"abxxef", "abcdxf"}, "abcdxf abxxef"},            // the nearest first
		{strings.Repeat("a", 1<<16), []string{"a", strings.Repeat("a", 1<<16) + "b"}, strings.Repeat("a", 1<<16) + "b"},
		{"\xff\xfe", commands, ""},
	} {
		if got := strings.Join(Nearest(test.word, test.words), " "); got != test.want {
			t.Errorf("Nearest(%.20q) = %.60q, want %.60q", test.word, got, test.want)
		}
	}
	words := slices.Clone(commands)
	if Nearest("KIL", words); !slices.Equal(words, commands) {
		t.Errorf("Nearest changed its words: %q", words)
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"redis", "redis", 0}, {"redsi", "redis", 1}, {"htpp", "http", 1},
		{"postgre", "postgres", 1}, {"psotgre", "postgres", 2}, {"ca", "abc", 3}, {"a", "abcdef", 5}, {"kitten", "sitting", 3},
		{strings.Repeat("a", 63), strings.Repeat("b", 63), 63}, {strings.Repeat("a", 64), "a", 64},
	} {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("distance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
		if got := distance(test.b, test.a); got != test.want {
			t.Errorf("distance(%q, %q) = %d, want %d", test.b, test.a, got, test.want)
		}
	}
}
