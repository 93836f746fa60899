package collect_test

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLocalhostAsResolved compares with what the C library answers when the
// files are the machine's own, which a mount namespace makes them.
func TestLocalhostAsResolved(t *testing.T) {
	needRoot(t)
	python, err := exec.LookPath("python3")
	if err != nil {
		unavailable(t, err.Error())
	}
	const both = "127.0.0.1 localhost\n::1 localhost\n"
	tests := []struct{ hosts, rules string }{
		{"127.0.0.1 localhost\n", ""},
		{"::1 localhost\n", ""},
		{both, ""},
		{"::1 ip6-localhost localhost\n127.0.0.1 localhost\n", ""},
		{both, "precedence ::ffff:0:0/96 100\n"},
		{both, "precedence ::1/128 50\nprecedence ::ffff:0:0/96 10\n"},
		{"127.0.0.2 localhost\n127.0.0.1 box localhost # ::1\n::1 LOCALHOST\n", ""},
	}
	const ask = `import socket
for a in socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM): print(a[4][0])`
	for i, tt := range tests {
		for _, loopback := range []string{"up", "down"} {
			t.Run(fmt.Sprintf("%d, lo %s", i, loopback), func(t *testing.T) {
				etc := t.TempDir()
				for name, text := range map[string]string{"hosts": tt.hosts, "gai.conf": tt.rules} {
					if err := os.WriteFile(filepath.Join(etc, name), []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				script := fmt.Sprintf(`ip link set lo %s
mount --bind %[2]s/hosts /etc/hosts
touch /etc/gai.conf && mount --bind %[2]s/gai.conf /etc/gai.conf
%[3]s -c '%[4]s'
echo --
%[5]s=%[7]s exec %[6]s </dev/null`, loopback, etc, python, ask, helperRole, os.Args[0], roleLocalhost)
				out, err := exec.Command("unshare", "--net", "--mount", "sh", "-ec", script).CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				theirs, ours, found := strings.Cut(string(out), "--\n")
				if !found {
					t.Fatalf("no answer: %s", out)
				}
				var want []netip.Addr
				for _, line := range strings.Fields(theirs) {
					want = append(want, netip.MustParseAddr(line))
				}
				var got []netip.Addr
				for _, line := range strings.Fields(ours) {
					got = append(got, netip.MustParseAddr(line))
				}
				if !slices.Equal(got, want) {
					t.Errorf("got %v, the C library says %v", got, want)
				}
			})
		}
	}
}
