package preflight

import (
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// portTexts are what people write where a port belongs.
func portTexts() []string {
	return []string{
		"3000", "", " ", "3001;", "70000", "65535", "65536", "3000 ", " 3000", "3000\r", "0", "00", "-0", "-1", "+3000", "3e3", "3E3", "1e6", "1e400", "-1e400",
		"0x10", "0X1f90", "0x", "0xg", "-0x10", "0b11", "0B11", "0b2", "0o17", "0O17", "0o8", "08080", "3000.0", "3000.", ".5", "3000.5", ".", "+", "-", "--1", "+-1", "e3", "3e",
		"3_000", "0x1_0", "abc", "true", "null", "undefined", "NaN", "nan", "inf", "Infinity", "+Infinity", "-Infinity", "++Infinity", "infinity",
		"3000,3001", "3000:80", "3000/tcp", "'3000'", "99999999999999999999999", "３０００", "0x1p3", "1 2", "\t3000\n",
	}
}

// TestPortValueAsNode compares readPortValue with Node.js: what becomes of a
// text that is given to server.listen.
func TestPortValueAsNode(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
			t.Fatal("node is not installed")
		}
		t.Skip("node is not installed")
	}
	texts, err := json.Marshal(portTexts())
	if err != nil {
		t.Fatal(err)
	}
	// A port is asked of a server that is never let loose: the first thing that
	// listen does with a number or a path is to hand it to one of these.
	const script = `
const net = require('net');
const answers = {};
for (const text of JSON.parse(process.argv[1])) {
  const server = new net.Server();
  server._listen2 = (address, port) => { answers[text] = address !== null && port === -1 ? 'path' : String(port); };
  server.on('error', () => {});
  try { server.listen(text); } catch (error) { answers[text] = error.code; }
}
console.log(JSON.stringify(answers));`
	out, err := exec.Command(node, "-e", script, string(texts)).Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers map[string]string
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, text := range portTexts() {
		v := readPortValue(text)
		var got string
		switch {
		case v.ok:
			got = strconv.Itoa(int(v.port))
		case strings.Contains(v.why, "Unix socket"):
			got = "path"
		case strings.Contains(v.why, "ERR_SOCKET_BAD_PORT"):
			got = "ERR_SOCKET_BAD_PORT"
		}
		if want := answers[text]; got != want {
			t.Errorf("readPortValue(%q) says %s, and Node.js does %s", text, got, want)
		}
	}
}
