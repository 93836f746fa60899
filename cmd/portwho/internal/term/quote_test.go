package term

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestQuoteCommand(t *testing.T) {
	for _, tt := range []struct {
		argv []string
		want string
	}{
		{nil, ""},
		{[]string{"portwho", "kill", "62893"}, "portwho kill 62893"},
		{[]string{"sh", "-c", "echo $HOME; ls *"}, "sh -c 'echo $HOME; ls *'"},
		{[]string{"echo", "it's"}, `echo 'it'\''s'`},
		{[]string{"echo", ""}, "echo ''"},
		{[]string{"A=b", "C=d", "=ls"}, "'A=b' C=d '=ls'"},
		{[]string{"~/x", "a b"}, "'~/x' 'a b'"},
		{[]string{"/opt/日本語/srv"}, "/opt/日本語/srv"},
		{[]string{"echo", "a\nb\t\x1b[31m"}, `echo $'a\nb\t\x1b[31m'`},
		{[]string{"echo", "it's\\\n"}, `echo $'it\'s\\\n'`},
		{[]string{"\xff", "\u202e"}, `$'\xff' $'\u202e'`},
	} {
		if got := QuoteCommand(tt.argv); got != tt.want {
			t.Errorf("QuoteCommand(%q) = %s, want %s", tt.argv, got, tt.want)
		}
	}
}

// TestQuoteCommandInShell lets a real shell read the quotes back.
func TestQuoteCommandInShell(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
			t.Fatal(err)
		}
		t.Skip("no bash to read the quotes back")
	}
	args := []string{
		"plain", "", "a b", "it's", `back\slash`, "$HOME `id` $(id) !x", "*", "~", "#no comment", "a=b", "=ls",
		"new\nline", "tab\there", "\x1b[31mred", "it's\x01", `\` + "\x02", "\x0241", "日本語", "日本語\n", "\xff\xfe", "\x9b1",
		"-n", "{a,b}", "a;b&c|d>e<f", "\r", "\u202ertl", "\U000e0041", "%s",
	}
	script := "printf '%s\\0' " + strings.Join(QuoteWords(append([]string{"printf"}, args...))[1:], " ")
	cmd := exec.Command(bash, "--noprofile", "--norc", "-c", script)
	cmd.Env = []string{"LC_ALL=C.UTF-8", "HOME=/nowhere"}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if len(got) != len(args) {
		t.Fatalf("%d arguments came back, want %d: %q", len(got), len(args), got)
	}
	for i := range args {
		if got[i] != args[i] {
			t.Errorf("%q came back as %q", args[i], got[i])
		}
	}
}

func FuzzQuoteCommand(f *testing.F) {
	f.Add("it's", "a\nb")
	f.Add("\xff'", "\u2066\\")
	f.Fuzz(func(t *testing.T, a, b string) {
		got := QuoteCommand([]string{a, b})
		checkSafe(t, got)
		if Sanitize(got) != got {
			t.Fatalf("QuoteCommand(%q, %q) = %q is not sanitised", a, b, got)
		}
	})
}

func TestWrapCommand(t *testing.T) {
	argv := []string{"sudo", "systemctl", "stop", "postgresql@15-main.service", "--now please"}
	lines := WrapCommand(argv, 32, Continued)
	var script []string
	for i, line := range lines {
		if line.Width() > 32 {
			t.Errorf("line %q is %d columns", line, line.Width())
		}
		if last := i == len(lines)-1; strings.HasSuffix(line.String(), ` \`) == last {
			t.Errorf("line %d of %d: %q", i, len(lines), line)
		}
		script = append(script, strings.TrimSuffix(line.String(), ` \`))
	}
	if got := strings.Join(script, " "); got != QuoteCommand(argv) {
		t.Errorf("joined again: %s", got)
	}
	if got := WrapCommand([]string{"cat", strings.Repeat("x", 50)}, 20, ""); got[1].Width() != 50 {
		t.Errorf("a long argument must stay whole: %q", got)
	}
}

// TestWrapScript: the lines, joined as a shell joins them, are the script.
func TestWrapScript(t *testing.T) {
	script := "cd '/home/ana/my blog' && ./serve 'two words' --port 8080"
	for width := 12; width < 70; width++ {
		var lines []string
		for _, line := range WrapScript(script, width) {
			lines = append(lines, line.String())
		}
		if got := strings.ReplaceAll(strings.Join(lines, "\n"), " \\\n", " "); got != script {
			t.Errorf("width %d: %q", width, lines)
		}
		if width > 30 && len(lines) > 1 && Width(lines[0]) > width {
			t.Errorf("width %d: %q", width, lines)
		}
	}
	if lines := WrapScript(script, 0); len(lines) != 1 {
		t.Errorf("unlimited: %v", lines)
	}
}
