package port

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// refused has Node.js say which ports its fetch refuses. Nothing is connected:
// the dispatcher that is given to it fails at once.
const refused = `
const dispatcher = { dispatch(o, h) { (h.onError ?? h.onResponseError).call(h, new Error('allowed')); return true } };
for (let p = 1; p < 16384; p++) {
  try { await fetch('http://127.0.0.1:' + p + '/', { dispatcher }) }
  catch (e) { if (e.cause?.message === 'bad port') console.log(p) }
}`

func TestBrowserBlockedAsNodeDoes(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
			t.Fatal(err)
		}
		t.Skip("Node.js is not installed")
	}
	t.Parallel()
	out, err := exec.Command(node, "--input-type=module", "--eval", refused).Output()
	if err != nil {
		t.Fatalf("node: %v", err)
	}
	theirs := strings.Fields(string(out))
	// The ones that the standard took in last, which an older Node.js lacks. Of
	// port 0, which no URL can reach, it says nothing.
	late := []Range{One(0), One(4190), One(6679)}
	for number := range 1 << 14 { // above is none, and asking takes its time
		n := uint16(number)
		is := slices.Contains(theirs, One(n).String())
		if got := BrowserBlocked(n); got != is && !(got && slices.Contains(late, One(n))) {
			t.Errorf("BrowserBlocked(%d) = %t, and Node.js says %t", n, got, is)
		}
	}
	if len(theirs) < 70 {
		t.Errorf("Node.js refuses %d ports only: %v", len(theirs), theirs)
	}
}

func TestBrowserBlocked(t *testing.T) {
	for _, n := range []uint16{0, 22, 4190, 6000, 6666, 6679, 10080} {
		if !BrowserBlocked(n) {
			t.Errorf("BrowserBlocked(%d) = false", n)
		}
	}
	for n := 1 << 14; n < 1<<16; n++ {
		if BrowserBlocked(uint16(n)) {
			t.Errorf("BrowserBlocked(%d) = true", n)
		}
	}
	for _, n := range []uint16{80, 443, 3000, 5173, 8080, 6670, 10081, 65535} {
		if BrowserBlocked(n) {
			t.Errorf("BrowserBlocked(%d) = true", n)
		}
	}
}
