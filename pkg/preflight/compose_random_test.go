package preflight

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"pgregory.net/rapid"
)

// pieces draws texts that are made of some pieces, which meets more rules of a
// grammar than random letters would.
func pieces(most int, of ...string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(of), 0, most).Draw(t, "pieces"), "")
	})
}

// TestPortSpecAsDocker compares the short syntax with the parser of compose-go,
// errors included.
func TestPortSpecAsDocker(t *testing.T) {
	number := rapid.OneOf(
		rapid.Map(rapid.IntRange(0, 65535), func(n int) string { return fmt.Sprint(n) }),
		rapid.Map(rapid.IntRange(0, 90), func(n int) string { return fmt.Sprint(n) }),
		rapid.SampledFrom([]string{"", "0", "65535", "65536", "-1", "080", "1e3", "+80", "8_0", " 80", "80 ", "x"}),
	)
	ports := rapid.Custom(func(t *rapid.T) string {
		first := rapid.IntRange(0, 65535).Draw(t, "first")
		return fmt.Sprintf("%d-%d", first, min(65535, first+rapid.IntRange(-1, 3).Draw(t, "length")))
	})
	entry := rapid.Custom(func(t *rapid.T) string {
		part := rapid.OneOf(number, ports)
		text := rapid.SampledFrom([]string{"", "127.0.0.1:", "0.0.0.0:", "[::1]:", "::1:", "[::]:", "[fe80::1%eth0]:", "[]:", ":", "localhost:", "[1:", "1]:", "127.0.0.01:"}).Draw(t, "address")
		if rapid.Bool().Draw(t, "published") {
			text += part.Draw(t, "host") + ":"
		}
		text += part.Draw(t, "container")
		return text + rapid.SampledFrom([]string{"", "", "/tcp", "/udp", "/UDP", "/sctp", "/", "/http", "/tcp/udp", "//"}).Draw(t, "protocol")
	})
	odd := pieces(7, "80", "8000", "8001", ":", ":", "-", "/", "tcp", "udp", "[", "]", "::1", "127.0.0.1", ".", "0", "é", " ")
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(entry, odd).Draw(t, "entry")
		comparePortSpec(t, text)
	})
}

func comparePortSpec(t interface{ Fatalf(string, ...any) }, text string) {
	theirs, theirErr := types.ParsePortConfig(text)
	ours, err := parsePortSpec(text)
	if (err == nil) != (theirErr == nil) {
		t.Fatalf("%q: we say %v, and docker says %v", text, err, theirErr)
	}
	if err != nil {
		if !strings.EqualFold(err.Error(), theirErr.Error()) {
			t.Fatalf("%q: we say %q, and docker says %q", text, err, theirErr)
		}
		return
	}
	var want, got []string
	for _, p := range theirs {
		want = append(want, fmt.Sprint(p.HostIP, " ", p.Published, " ", p.Target, " ", p.Protocol))
	}
	for _, p := range ours {
		got = append(got, fmt.Sprint(p.address, " ", p.published, " ", p.target, " ", p.protocol))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("%q: we say %q, and docker says %q", text, got, want)
	}
}

func FuzzPortSpec(f *testing.F) {
	for _, text := range []string{"80", "1-3:1-3", "127.0.0.1:8000-8010:80/udp", "[::1]::53", "1-2-3", ":::", "[[]]:1:1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { comparePortSpec(t, text) })
}

// someVariables are set, empty, and one holds what looks like a variable.
func someVariables(name string) (string, bool) {
	switch name {
	case "SET", "s":
		return "8080", true
	case "EMPTY", "_e":
		return "", true
	case "ODD":
		return "${SET}$$", true
	}
	return "", false
}

// TestInterpolateAsCompose compares the filling in of variables with compose-go.
func TestInterpolateAsCompose(t *testing.T) {
	name := rapid.SampledFrom([]string{"SET", "EMPTY", "UNSET", "ODD", "_e", "s", "x1", "9", "", "SET-", "é"})
	var expression *rapid.Generator[string]
	expression = rapid.Custom(func(t *rapid.T) string {
		text := "${" + name.Draw(t, "name")
		if operator := rapid.SampledFrom([]string{"", ":-", "-", ":+", "+", ":?", "?", ":", "="}).Draw(t, "operator"); operator != "" {
			text += operator
			for range rapid.IntRange(0, 2).Draw(t, "words") {
				text += rapid.OneOf(rapid.SampledFrom([]string{"80", "a:b", "$$", "$SET", "{}", "{", "-", ":-", " "}), rapid.Deferred(func() *rapid.Generator[string] { return expression })).Draw(t, "word")
			}
		}
		return text + rapid.SampledFrom([]string{"}", "}", "}", ""}).Draw(t, "end")
	})
	text := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.OneOf(expression, rapid.SampledFrom([]string{":", "80", "\n", "}", "{", "$", "$$", "$SET", "$UNSET", "$9"})), 0, 5).Draw(t, "parts"), "")
	})
	odd := pieces(12, "$", "$", "{", "{", "}", "}", "SET", "UNSET", "EMPTY", ":", "-", "+", "?", "\n", "x", "8")
	rapid.Check(t, func(t *rapid.T) {
		compareInterpolation(t, rapid.OneOf(text, odd).Draw(t, "text"))
	})
}

func compareInterpolation(t interface{ Fatalf(string, ...any) }, text string) {
	want, theirErr := template.SubstituteWithOptions(text, someVariables, template.WithoutLogging)
	got, unset, err := interpolate(text, someVariables)
	if errors.Is(err, errInterpolatedTo) {
		return
	}
	if (err == nil) != (theirErr == nil) || err == nil && got != want {
		t.Fatalf("%q: we say %q, %v, and compose-go says %q, %v", text, got, err, want, theirErr)
	}
	var missing *missingVariableError
	if errors.As(err, &missing) && err.Error() != theirErr.Error() {
		t.Fatalf("%q: we say %q, and compose-go says %q", text, err, theirErr)
	}
	for _, name := range unset {
		if _, ok := someVariables(name); ok {
			t.Fatalf("%q: %s is set", text, name)
		}
	}
}

func FuzzInterpolate(f *testing.F) {
	for _, text := range []string{"${SET:-${UNSET:-1}}:${UNSET?x}", "$$SET ${", "${UNSET:-{}}:${SET}", "${SET+${UNSET}}}\n${EMPTY:-}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\u017f\u212a") {
			t.Skip("compose-go takes these two for s and k")
		}
		compareInterpolation(t, text)
	})
}

// TestDotenvAsCompose compares the reading of .env with compose-go.
func TestDotenvAsCompose(t *testing.T) {
	line := rapid.Custom(func(t *rapid.T) string {
		text := rapid.SampledFrom([]string{"", "", "export ", " ", "# "}).Draw(t, "before")
		text += rapid.SampledFrom([]string{"A", "B", "PORT", "SET", "A.b-c[0]", "a b", "é", "1", "!", ""}).Draw(t, "name")
		text += rapid.SampledFrom([]string{"=", "=", "=", " = ", ": ", "", " "}).Draw(t, "equals")
		quote := rapid.SampledFrom([]string{"", "", `"`, "'"}).Draw(t, "quote")
		text += quote + pieces(5, "80", "$A", "${PORT:-1}", "$SET", `\n`, `\"`, `\'`, `\$A`, `\0101`, `\\`, `\x`, `\`, " #x", "#", " ", "\n", "é").Draw(t, "value") + quote
		return text + rapid.SampledFrom([]string{"\n", "\n", "\r\n", " # c\n", ""}).Draw(t, "end")
	})
	rapid.Check(t, func(t *rapid.T) {
		compareDotenv(t, strings.Join(rapid.SliceOfN(line, 0, 4).Draw(t, "lines"), ""))
	})
}

func compareDotenv(t interface{ Fatalf(string, ...any) }, text string) {
	want, theirErr := dotenv.UnmarshalWithLookup(text, someVariables)
	got := map[string]string{}
	err := parseDotenv(text, someVariables, got)
	if (err == nil) != (theirErr == nil) {
		t.Fatalf("%q: we say %v, and compose-go says %v", text, err, theirErr)
	}
	if err != nil {
		return
	}
	for name := range want {
		if got[name] != want[name] {
			t.Fatalf("%q: %q is %q, and to compose-go %q", text, name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%q: we say %q, and compose-go says %q", text, got, want)
	}
}

func FuzzDotenv(f *testing.F) {
	for _, text := range []string{"A=1\nexport B=\"$A\\n\"\nC", "A='x\ny' # z\nB: 2", "A=\"\\0101\\$B\"", "é=1\nA B=2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\u017f\u212a") {
			t.Skip("compose-go takes these two for s and k")
		}
		compareDotenv(t, text)
	})
}

// TestNormalName compares the names of projects with those of compose-go, which
// the corpus has few of.
func TestNormalName(t *testing.T) {
	for name, want := range map[string]string{"Shop": "shop", "my app.v2": "myappv2", "_-x_-": "x_-", "Ünï": "n", "---": ""} {
		if got := normalName(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, cmp.Or(want, "nothing"))
		}
	}
}
