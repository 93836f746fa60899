package house

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A block is a fenced code block of a Markdown document.
type block struct {
	kind  string // the first word after the backticks
	words []string
	text  string
	line  int // of the first line of text
}

// The kinds of block that run.
const (
	shell      = "sh"
	transcript = "console"
)

// Words after the kind: the block does not run, or where the examples of the
// commands do.
const (
	noRun   = "norun"
	inScene = "scene"
)

// marker stands before the number of each command in a transcript's output.
const marker = "\x01portwho-block "

func (b block) runs() bool {
	return (b.kind == shell || b.kind == transcript) && !slices.Contains(b.words, noRun)
}

// parseBlocks finds the fenced code blocks of a document (CommonMark, section
// 4.5; fences of backticks, not indented).
func parseBlocks(document string) ([]block, error) {
	var out []block
	var open *block
	var fence string
	n := 0
	for line := range strings.Lines(document) {
		n++
		line = strings.TrimRight(line, "\r\n")
		switch {
		case open == nil && strings.HasPrefix(line, "```"):
			info := strings.TrimLeft(line, "`")
			fence = line[:len(line)-len(info)]
			open = &block{line: n + 1}
			if words := strings.Fields(info); len(words) > 0 {
				open.kind, open.words = words[0], words[1:]
			}
			if err := open.valid(); err != nil {
				return out, fmt.Errorf("line %d: %w", n, err)
			}
		case open != nil && strings.HasPrefix(line, fence) && strings.Trim(line, "` ") == "":
			out = append(out, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	if open != nil {
		return out, fmt.Errorf("line %d: the block is never closed", open.line)
	}
	return out, nil
}

// valid refuses what looks like a block that runs and would silently not.
func (b block) valid() error {
	switch b.kind {
	case shell, transcript:
		for _, word := range b.words {
			if word != noRun && (word != inScene || b.kind != shell) {
				return fmt.Errorf("unknown word %q after %s", word, b.kind)
			}
		}
	case "bash", "shell", "zsh", "shell-session", "sh-session":
		return fmt.Errorf("write sh or console, not %s: see CONTRIBUTING.md", b.kind)
	case "":
		return fmt.Errorf("a block without a kind: see CONTRIBUTING.md")
	}
	return nil
}

// A command of a transcript with the output it must have.
type command struct {
	text string
	want []string
	line int
}

// scene is what is there for the examples of the commands: a server on port 8080,
// and a project whose programs do next to nothing.
//
//go:embed testdata/scene.sh
var scene string

// commands reads a transcript. Output before the first command is lost, which
// compare complains about.
func (b block) commands() []command {
	var out []command
	n := b.line - 1
	for line := range strings.Lines(b.text) {
		n++
		line = strings.TrimRight(line, "\n")
		text, isCommand := strings.CutPrefix(line, "$ ")
		more, isMore := strings.CutPrefix(line, "> ")
		switch {
		case isCommand:
			out = append(out, command{text: text, line: n})
		case len(out) == 0:
			out = append(out, command{text: ":", want: []string{line}, line: n})
		case isMore && len(out[len(out)-1].want) == 0:
			out[len(out)-1].text += "\n" + more
		default:
			last := &out[len(out)-1]
			last.want = append(last.want, line)
		}
	}
	return out
}

// script is what bash runs. The commands of a transcript share one shell; a
// marker parts their output.
func (b block) script() string {
	switch {
	case slices.Contains(b.words, inScene):
		return "set -euo pipefail\n" + scene + b.text
	case b.kind == shell:
		return "set -euo pipefail\n" + b.text
	}
	var s strings.Builder
	for i, c := range b.commands() {
		fmt.Fprintf(&s, "printf '\\n%%s%d\\n' $'%s'\n%s\n", i, strings.ReplaceAll(marker, "\x01", `\x01`), c.text)
	}
	s.WriteString("exit 0\n")
	return s.String()
}

// compare holds the output of a transcript to what stands in it.
func (b block) compare(output string) []string {
	commands := b.commands()
	parts := strings.Split("\n"+output, "\n"+marker)[1:]
	if len(parts) != len(commands) {
		return []string{fmt.Sprintf("%d of %d commands were run", len(parts), len(commands))}
	}
	var out []string
	for i, c := range commands {
		_, text, _ := strings.Cut(parts[i], "\n")
		got := trimmed(strings.Split(text, "\n"))
		if !matchLines(trimmed(c.want), got) {
			out = append(out, fmt.Sprintf("line %d: $ %s\nthe document says\n%s\nit prints\n%s", c.line, c.text, indented(c.want), indented(got)))
		}
	}
	return out
}

// trimmed cuts white space at the ends of lines and empty lines at the end.
func trimmed(lines []string) []string {
	out := make([]string, 0, len(lines))
	for _, line := range lines {
		out = append(out, strings.TrimRight(line, " \t\r"))
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

func indented(lines []string) string { return "\t" + strings.Join(lines, "\n\t") }

// matchLines reports whether lines match a pattern in which "..." is any text
// within a line and a line of its own is any number of lines.
func matchLines(pattern, lines []string) bool {
	if len(pattern) == 0 {
		return len(lines) == 0
	}
	if strings.TrimSpace(pattern[0]) == "..." {
		for skip := 0; skip <= len(lines); skip++ {
			if matchLines(pattern[1:], lines[skip:]) {
				return true
			}
		}
		return false
	}
	return len(lines) > 0 && matchLine(pattern[0], lines[0]) && matchLines(pattern[1:], lines[1:])
}

func matchLine(pattern, line string) bool {
	expression := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\.\.\.`, ".*")
	return regexp.MustCompile("^(?:" + expression + ")$").MatchString(line)
}

func TestParseBlocks(t *testing.T) {
	const document = "text\n```sh\nA\n\nB\n```\n\n````text\n```sh\nnot this\n```\n````\n```console norun\n$ C\n```\n```json\n{}\n```\n"
	blocks, err := parseBlocks(document)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range blocks {
		got = append(got, fmt.Sprintf("%s %d %v %q", b.kind, b.line, b.runs(), b.text))
	}
	want := []string{
		`sh 3 true "A\n\nB\n"`,
		"text 9 false \"```sh\\nnot this\\n```\\n\"",
		`console 14 false "$ C\n"`,
		`json 17 false "{}\n"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("blocks\n got %q\nwant %q", got, want)
	}
	for _, bad := range []string{"```console scene\n$ A\n```\n", "```sh\nA\n", "```bash\nA\n```\n", "```\nA\n```\n", "```sh no-run\nA\n```\n"} {
		if _, err := parseBlocks(bad); err == nil {
			t.Errorf("no complaint about %q", bad)
		}
	}
}

func TestTranscripts(t *testing.T) {
	b := block{kind: transcript, line: 5, text: "$ echo a\na\n$ cat <<X\n> b\n> X\nb\n...\nend ... of it\n$ true\n"}
	output := func(parts ...string) string {
		var s strings.Builder
		for i, p := range parts {
			fmt.Fprintf(&s, "\n%s%d\n%s", marker, i, p)
		}
		return s.String()
	}
	tests := []struct {
		name, output string
		good         bool
	}{
		{"as written", output("a\n", "b\nx\ny\nend 1 of it\n", ""), true},
		{"no line for the dots", output("a\n", "b\nend  of it\n", ""), true},
		{"white space at the ends", output("a  \n\n", "b\nend x of it \n", ""), true},
		{"another line", output("z\n", "b\nend 1 of it\n", ""), false},
		{"one line more", output("a\na\n", "b\nend 1 of it\n", ""), false},
		{"one line less", output("", "b\nend 1 of it\n", ""), false},
		{"dots do not cross lines", output("a\n", "b\nend 1\nof it\n", ""), false},
		{"output where none is shown", output("a\n", "b\nend 1 of it\n", "boo\n"), false},
		{"the shell ended early", output("a\n"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if complaints := b.compare(tt.output); (len(complaints) == 0) != tt.good {
				t.Errorf("complaints: %q", complaints)
			}
		})
	}
	if got := b.commands()[1].text; got != "cat <<X\nb\nX" {
		t.Errorf("the second command is %q", got)
	}
}
