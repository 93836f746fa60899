package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The pictures of README.md show what the program answers now.
func TestReadme(t *testing.T) {
	top, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "portwho.exe")
	if _, err := output(t.Context(), top, "go", "build", "-o", program, "./cmd/portwho"); err != nil {
		t.Fatal(err)
	}
	drawn, err := drawReadme(t.Context(), top, program)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range drawn {
		got, err := os.ReadFile(filepath.Join(top, name))
		if err != nil {
			t.Error(err)
			continue
		}
		// git on Windows may have changed the ends of lines
		if !bytes.Equal(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), want) {
			t.Errorf("%s is stale: run go run ./%s -write", name, folder)
		}
	}
}

func TestDraw(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		wants []string
		never []string
	}{
		"words stand in their columns": {
			text:  "a  bc\n   d",
			wants: []string{`x="16" y="29.5" textLength="8.4"`, `x="41.2" y="29.5" textLength="16.8"`, `x="41.2" y="47.5"`},
		},
		"a tab goes to the next stop":        {text: "a\tb", wants: []string{`x="83.2"`}},
		"a wide character takes two columns": {text: "漢a", wants: []string{`textLength="25.2"`, ">漢a<"}},
		"a mark combines":                    {text: "e\u0301x", wants: []string{`textLength="16.8"`}},
		"markup is text":                     {text: `<b>&"'`, wants: []string{"&lt;b&gt;&amp;&#34;&#39;"}, never: []string{"<b>"}},
		"what XML forbids is replaced":       {text: "a\ufffe\xff", wants: []string{">a\ufffd\ufffd<"}},
		"colours":                            {text: "\x1b[38;5;160mred\x1b[0m \x1b[38;2;1;2;3mrgb\x1b[m own", wants: []string{`fill="#d70000">red`, `fill="#010203">rgb`, `fill="#1f2328">own`}},
		"shades":                             {text: "\x1b[38;5;243mgrey\x1b[97mwhite", wants: []string{`fill="#767676">grey`, `fill="#8c959f">white`}},
		"colours with colons":                {text: "\x1b[38:5:28mgreen", wants: []string{`fill="#008700">green`}},
		"bold ends":                          {text: "\x1b[1mbold\x1b[22m light", wants: []string{`font-weight="bold">bold`, `fill="#1f2328">light`}},
		"a style goes on over lines":         {text: "\x1b[1ma\nb", wants: []string{`font-weight="bold">b`}},
		"inverse":                            {text: "\x1b[7ma b", wants: []string{`width="25.2" height="18" fill="#1f2328"`, `fill="#ffffff">b`}},
		"an underlined space":                {text: "\x1b[4ma b", wants: []string{`text-decoration="underline">a b`}},
		"links, titles and moves are left out": {
			text:  "\x1b]8;;http://localhost/\x1b\\link\x1b]8;;\x07 \x1b]0;title\x07\x1b[2Jx\x1b(B\x1b[?25ly",
			wants: []string{">link<", ">xy<"}, never: []string{"http://localhost", "title\x07"},
		},
		"an escape that does not end": {text: "a\x1b[31", wants: []string{">a<"}, never: []string{"31<"}},
		"hidden":                      {text: "\x1b[8msecret", never: []string{"secret"}},
	} {
		t.Run(name, func(t *testing.T) {
			shown, err := readScreen(strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			got := string(draw(shown, light(), 0, "test"))
			wellFormed(t, got)
			for _, want := range c.wants {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not in\n%s", want, got)
				}
			}
			for _, never := range c.never {
				if strings.Contains(got, never) {
					t.Errorf("%q is in\n%s", never, got)
				}
			}
		})
	}
}

func TestFilter(t *testing.T) {
	for _, c := range []struct {
		args, want string
		fails      bool
	}{
		{args: "-dark -cols 100", want: `width="872"`},
		{args: "-dark", want: `fill="#0d1117"`},
		{args: "-light", want: `fill="#ffffff"`},
		{args: "", want: `fill="#ffffff"`},
		{args: "-light -dark", fails: true},
		{args: "-cols -1", fails: true},
		{args: "-cols 1001", fails: true},
		{args: "screen.txt", fails: true},
	} {
		var stdout strings.Builder
		err := run(strings.Fields(c.args), strings.NewReader("hello\n"), &stdout, io.Discard)
		if (err != nil) != c.fails || !strings.Contains(stdout.String(), c.want) {
			t.Errorf("%q: %v\n%s", c.args, err, stdout.String())
		}
	}
}

func FuzzDraw(f *testing.F) {
	f.Add("a\tb\x1b[1;38;5;160mred\x1b[0m\n\x1b[7minverse 漢字")
	f.Add("\x1b]8;;x\x1b\\y\x1b[38;2;1m\x1b[48;5m\x1b")
	f.Fuzz(func(t *testing.T, text string) {
		shown, err := readScreen(strings.NewReader(text))
		if err != nil {
			t.Skip(err)
		}
		if n := shown.columns(); n > maxColumns {
			t.Errorf("%d columns", n)
		}
		wellFormed(t, string(draw(shown, dark(), 0, text)))
	})
}

// wellFormed fails unless a picture is XML.
func wellFormed(t *testing.T, picture string) {
	t.Helper()
	for dec := xml.NewDecoder(strings.NewReader(picture)); ; {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, picture)
		}
	}
}
