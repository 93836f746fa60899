package preflight

import (
	"strings"
	"testing"
)

func TestSimpleCommands(t *testing.T) {
	for line, want := range map[string]string{
		`a b&&c;d|e & f`:           "a,b c d e f",
		`a "b c" 'd  e'f`:          `a,[b c],d  ef`,
		`a\ b "c\"d" \\server`:     `a b,c"d,\server`,
		`C:\bin\x.exe --port 3000`: `C:\bin\x.exe,--port,3000`,
		`a ${B:-c d} # x && y`:     `a,${B:-c d}`,
		"a \"b":                    "a,b",
		"a ${b":                    "a,${b",
		`--x="a b"`:                "--x=a b",
		"":                         "",
		"a\nb":                     "a b",
	} {
		var commands []string
		for _, words := range simpleCommands(line) {
			var texts []string
			for _, w := range words {
				if w.quoted {
					w.text = "[" + w.text + "]"
				}
				texts = append(texts, w.text)
			}
			commands = append(commands, strings.Join(texts, ","))
		}
		if got := strings.Join(commands, " "); strings.NewReplacer("[", "", "]", "").Replace(got) != strings.NewReplacer("[", "", "]", "").Replace(want) {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

// FuzzCommandPorts holds that each port is found where its text stands.
func FuzzCommandPorts(f *testing.F) {
	for _, line := range []string{
		"PORT=3000 vite --port 5174 -p3000", `concurrently "a -p 1" 'b --bind :80'`, "docker run -p 1:2 -p [::1]:3:4/udp x",
		"x --inspect=0.0.0.0:9 -Dserver.port=8", "${A:-${B}} -p ${C:-7}", `a "b 'c \"d -p 3\"'"`,
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, p := range commandPorts(line, func(string) (string, bool) { return "", false }) {
			if p.offset < 0 || p.offset > len(line) {
				t.Fatalf("%q: %q is at %d", line, p.text, p.offset)
			}
			if p.value.why == "" && !p.value.ok {
				t.Fatalf("%q: %q is neither a port nor none", line, p.text)
			}
		}
	})
}
