package text

import (
	"bytes"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// A machine without ::1 still has free ports, and the words must agree with
// the exit code.
func TestCheckWithoutIPv6Loopback(t *testing.T) {
	rep := report.Report{Results: []report.Result{{
		Target: report.Target{Text: "8080", Protocol: port.TCP, Port: 8080},
		Status: report.StatusFree,
		Binds: []report.Bind{
			{Address: "127.0.0.1", Errno: host.OK},
			{Address: "::1", Errno: host.EADDRNOTAVAIL, Rule: "::1 is not an address of this machine"},
		},
	}}}
	var out bytes.Buffer
	if err := Check(&out, rep, Options{}); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Contains(text, "FAIL") || !strings.Contains(text, "1 port: 1 ok") || !strings.Contains(text, "none") {
		t.Errorf("got:\n%s", text)
	}
}
