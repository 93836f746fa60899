package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mistakes are command lines that are refused: the exit code, what the error says
// and what the hint says.
func mistakes() []struct {
	code        int
	line        string
	error, hint string
} {
	return []struct {
		code        int
		line        string
		error, hint string
	}{
		// Targets.
		{2, "0", "port 0", ""},
		{2, "65536", "ports go from 1 to 65535", "a target is 8080"},
		{2, "-80", "a port is never negative", "1 to 65535"},
		{2, "8O80", "", "did you mean 8080?"},
		{2, "80:80", "", "did you mean 80?"},
		{2, "localhost/3000", "", "did you mean localhost:3000?"},
		{2, "tpc:80", "", "did you mean 80?"},
		{2, "80/tpc", "", "did you mean 80/tcp?"},
		{2, "3000,3001", "one port or one range", "did you mean 3000 3001?"},
		{2, "8000-7000", "", "did you mean 7000-8000?"},
		{2, "127.0.0.1", "needs a port", "did you mean 127.0.0.1:PORT?"},
		{2, "potsgres", "", "did you mean postgres?"},
		{2, "http://", "", "a target is"},
		{2, "db.example.com:5432", "", "did you mean 5432?"},
		{2, "''", "", "a target is"},
		{2, "::", "", "did you mean [::]:PORT?"},
		// Commands.
		{2, "kil 8080", "", "portwho kill"},
		{2, "stop 8080", "", "did you mean portwho kill"},
		{2, "chek", "", "portwho check"},
		{2, "wiat 80", "", "portwho wait"},
		{2, "list", "", "without a target lists"},
		{2, "ls", "", "without a target lists"},
		{2, "top", "", "portwho watch"},
		{2, "8080 kill", "", "a command comes first; portwho kill --help"},
		{2, "kill udp", "", "did you mean udp/PORT?"},
		{2, "help nonsense", "no command", "lists the commands"},
		{2, "help kil", "no command", "did you mean portwho kill?"},
		{2, "--version 8080", "takes no target", "portwho --version"},
		{2, "kill --version", "has no flag", "portwho --version"},
		{2, "version extra", "takes no arguments", "--help"},
		{2, "completion", "takes one shell", "portwho completion bash"},
		{2, "completion bsh", "no completion", "did you mean bash or zsh?"},
		{2, "completion tcsh", "no completion", ""},
		// Flags.
		{2, "--jsno", "has no flag", "did you mean --json?"},
		{2, "8080 --dry-run", "portwho has no flag", "did you mean portwho kill --dry-run?"},
		{2, "kill 8080 --exposed", "portwho kill has no flag", "portwho --exposed?"},
		{2, "kill 8080 --dryrun", "", "did you mean --dry-run?"},
		{2, "check --fromat json", "", "did you mean --format?"},
		{2, "--nonsense", "has no flag", "portwho --help lists the flags"},
		{2, "-x", "has no flag -x", "lists the flags"},
		{2, "-json", "has no flag -j", "did you mean --json?"},
		{2, "--json=maybe", "--json does not take", "stands alone"},
		{2, "--color", "needs a value", "auto, always or never"},
		{2, "--color alway", "--color does not take", "did you mean --color always?"},
		{2, "--color nothing", "--color does not take", "--color takes auto, always or never"},
		{2, "--sort prot", "--sort does not take", "did you mean --sort port?"},
		{2, "--sort nothing", "--sort does not take", "--sort takes"},
		{2, "--source nothing", "--source does not take", "--source takes"},
		{2, "--pid abc", "--pid does not take", "--pid 4711"},
		{2, "--pid 0", "pid 0", "start at 1"},
		{2, "80 --uid nobody-of-that-name", "no user", "--uid takes"},
		{2, "80 --interface abcdefghijklmnopqrstuvwxyz", "too long", "15 bytes"},
		{2, "--snapshot missing.json 80", "missing.json", "portwho snapshot --output"},
		{2, "--snapshot notjson 80", "not a portwho snapshot", "portwho snapshot --output"},
		{2, "--snapshot . 80", "", "portwho snapshot --output"},
		// check.
		{2, "check", "no file in this folder", "--file"},
		{2, "check 65536", "", "a target is"},
		{2, "check --file missing.yaml", "missing.yaml", "--file takes"},
		{2, "check --file ''", "no name", "empty"},
		{2, "check --file notjson", "", ""},
		{2, "check --format jnuit 80", "--format does not take", "did you mean --format junit?"},
		{2, "check --format xml 80", "--format does not take", "--format takes text"},
		{2, "check --format junit --json 80", "exclude each other", "leave out --json"},
		{2, "check --list 80", "takes no targets", "--file"},
		{2, "check --expect 8080", "", "did you mean --expect 8080=free?"},
		{2, "check --expect 8080=unti:x", "", "did you mean --expect 8080=unit:x?"},
		{2, "check --expect 8080=nonsense", "", ""},
		{2, "check --expect =free", "", ""},
		{2, "check --allow exposd", "", "did you mean --allow exposed?"},
		{2, "check --allow nonsense", "no such finding", "portwho explain"},
		{2, "check --allow exposed:0", "", ""},
		// kill.
		{2, "kill", "needs a target", "for example: portwho kill 8080"},
		{2, "kill potsgres", "", "did you mean postgres?"},
		{2, "kill 80 --signal TREM", "--signal does not take", "did you mean --signal TERM?"},
		{2, "kill 80 --signal FOO", "--signal does not take", "--signal takes TERM"},
		{2, "kill 80 --timeout 5", "--timeout does not take", "500ms"},
		{2, "kill 80 --timeout -5s", "negative", "--timeout 5s"},
		{2, "kill 80 --settle soon", "--settle does not take", "500ms"},
		{2, "kill 80 --snapshot notjson", "cannot be acted on", "--dry-run"},
		// wait.
		{2, "watch 65536", "ports go from", "a target is"},
		{2, "watch potsgres", "", "did you mean postgres?"},
		{2, "watch --interval 0", "", "for example: --interval 500ms"},
		{2, "watch --interval soon", "", "a duration is"},
		{2, "watch --pid 0", "pid 0", "pids start at 1"},
		{2, "watch --snapshot -", "again and again", "--snapshot a file"},
		{2, "wait", "needs a target", "portwho wait 8080"},
		{2, "wait 80 --for listning", "--for does not take", "did you mean --for listening?"},
		{2, "wait 80 --for nothing", "--for does not take", "--for takes free"},
		{2, "wait 80 --for http://localhost/x", "names a host", "localhost:3000"},
		{2, "wait udp/53 --for http:/", "TCP", "--for listening"},
		{2, "wait 80 --status 200", "HTTP", "--for http:/PATH"},
		{2, "wait 80 --for http:/ --status 99", "no HTTP status", "200-399"},
		{2, "wait 80 --owner pid:1", "nobody owns", "--for listening"},
		{2, "wait 80 --for listening --owner pdi:1", "", "did you mean pid:1?"},
		{2, "wait 80 --timeout -1s", "negative", "30s"},
		{2, "wait 80 --interval x", "--interval does not take", "500ms"},
		{2, "wait 80 --snapshot notjson", "never changes", "--snapshot"},
		// free.
		{2, "free 8080", "takes no arguments", "--help"},
		{2, "free --count 0", "--count does not take", "1 to 1000"},
		{2, "free --count many", "--count does not take", "a number"},
		{2, "free --range 9-8", "no range", "8000-8999"},
		{2, "free --near 99999", "no port", "65535"},
		{2, "free --env 9A", "no name of a variable", "WEB_PORT"},
		{2, "free --env A,A", "asked for twice", ""},
		{2, "free --env A --count 3", "--env already", "leave out"},
		// run.
		{2, "run", "needs a command", "npm start"},
		{2, "run --port 9A -- true", "no name of a variable", "WEB_PORT"},
		{2, "run --port A=x -- true", "no port", "65535"},
		{2, "run --port A=80 --port B=80 -- true", "asked for twice", "of its own"},
		{2, "run --pass-fds -- true", "needs a port", "--port WEB"},
		{2, "run --port A --listen nowhere -- true", "no address", "127.0.0.1"},
		{2, "run --json -- true", "", "leave out"},
		{2, "run --prot A -- true", "has no flag", "did you mean --port?"},
		// explain and snapshot.
		{2, "explain", "needs a port", "portwho explain 8080"},
		{2, "explain timewait", "no port, cause or finding", "did you mean time_wait"},
		{2, "explain declared-twise", "no port, cause or finding", "did you mean declared_twice?"},
		{2, "explain nonsense-nobody-knows", "", ""},
		{2, "explain 1-65535", "too many", "up to 64"},
		{2, "snapshot 8080", "takes no arguments", "--help"},
		{5, "snapshot --output no/such/folder.json", "", "you may write"},
	}
}

// TestEveryMistakeHasAHint: one line says what is wrong, one what to do next, and
// nothing is written where the answer belongs.
func TestEveryMistakeHasAHint(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("notjson", []byte("this is not JSON\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, m := range mistakes() {
		var args []string
		for arg := range strings.FieldsSeq(m.line) {
			args = append(args, strings.Trim(arg, "'"))
		}
		code, stdout, stderr := runCLI(context.Background(), args...)
		lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
		said, hint := lines[0], lines[len(lines)-1]
		switch {
		case code != m.code || stdout != "":
			t.Errorf("portwho %s: exit %d, want %d; stdout %q, stderr %q", m.line, code, m.code, stdout, stderr)
		case len(lines) != 2 || !strings.HasPrefix(said, "portwho: error: ") || !strings.HasPrefix(hint, "portwho: hint: "):
			t.Errorf("portwho %s: want an error and a hint, got %q", m.line, stderr)
		case !strings.Contains(said, m.error) || !strings.Contains(hint, m.hint):
			t.Errorf("portwho %s: want %q and %q, got\n%s", m.line, m.error, m.hint, stderr)
		case len(said) >= 150 || len(hint) >= 120: // an error quotes what was typed
			t.Errorf("portwho %s: too long, %d and %d bytes\n%s", m.line, len(said), len(hint), stderr)
		case strings.Contains(stderr, "strconv"):
			t.Errorf("portwho %s: words of the library\n%s", m.line, stderr)
		}
	}
	if left, err := filepath.Glob("*"); err != nil || len(left) != 1 {
		t.Errorf("a refused command left %q, %v", left, err)
	}
}

// TestErrorWithoutAHint: what nobody foresaw has a next step, too.
func TestErrorWithoutAHint(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	a := &app{stderr: &said}
	a.printError(errors.New("read the moon: not there"))
	a.printError(silent(exitNo))
	a.printError(nil)
	want := "portwho: error: read the moon: not there\nportwho: hint: if that is a mistake of portwho, report it with the output of: portwho snapshot --redact\n"
	if said.String() != want {
		t.Errorf("it says %q", said.String())
	}
}

// TestSameHintEachTime: what is suggested must not hang on the order of a map.
func TestSameHintEachTime(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"stop 80", "--jsno", "explain timewait", "kill 80 --exposed", "watc"} {
		_, _, first := runCLI(context.Background(), strings.Fields(line)...)
		for range 20 {
			if _, _, again := runCLI(context.Background(), strings.Fields(line)...); again != first {
				t.Errorf("%s: %q, then %q", line, first, again)
			}
		}
	}
}
