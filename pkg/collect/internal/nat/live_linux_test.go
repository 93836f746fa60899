package nat

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/thread"
	"github.com/portwho/portwho/pkg/port"
)

// unavailable skips a test for want of something a bare machine may lack,
// unless PORTWHO_TEST_REQUIRE=all says that nothing may be skipped.
func unavailable(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		t.Fatalf("required, and not available: %s", reason)
	}
	t.Skip(reason)
}

// inNamespace runs a job on a thread in a network namespace of its own, which
// ends with the thread.
func inNamespace(t *testing.T, job func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		unavailable(t, "needs root")
	}
	var err error
	thread.Spare(func() {
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			job()
		}
	})
	if err != nil {
		unavailable(t, fmt.Sprintf("no network namespace: %v", err))
	}
}

// shell runs a script in the namespace of the calling thread.
func shell(t *testing.T, script string) []byte {
	t.Helper()
	for _, program := range []string{"nft", "iptables", "iptables-legacy"} {
		if strings.Contains(script, program) && !hasProgram(program) {
			unavailable(t, program+" is not installed")
		}
	}
	cmd := exec.Command("sh", "-ec", script)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%v: %s", err, stderr.String())
	}
	return out
}

func hasProgram(name string) bool {
	for _, path := range []string{name, "/usr/sbin/" + name, "/sbin/" + name} {
		if _, err := exec.LookPath(path); err == nil {
			return true
		}
	}
	return false
}

const ruleset1 = `table ip nat {
	set s { type inet_proto . inet_service; elements = { tcp . 2000, udp . 2001 }; }
	set named { type inet_service; flags interval; elements = { 5000-5010, 5020 }; }
	chain c1 { tcp dport 1000 redirect to :1100; }
	chain c2 { meta l4proto tcp redirect to :1200; }
	chain output { type nat hook output priority -100;
		tcp dport 8080 counter redirect to :9090;
		ip daddr 127.0.0.1 tcp dport { 80, 443, 8000-8010 } dnat to 10.0.0.2:88;
		oifname "lo" udp dport 53 redirect to :5353;
		oifname "eth0" udp dport 54 redirect to :5353;
		iifname != "eth0" udp dport 55 redirect to :5353;
		meta skuid 1000 tcp dport 7777 redirect to :1;
		fib daddr type local tcp dport vmap { 1000 : jump c1, 1001-1003 : goto c2 };
		dnat to tcp dport map { 6000 : 10.0.0.3, 6005 : 10.0.0.4 };
		ip protocol tcp tcp sport 99 tcp dport 98 redirect;
		tcp dport @named redirect to :5555;
		tcp dport 3000-3010 redirect to :3100-3110;
		ip daddr != 127.0.0.0/8 tcp dport 3020 redirect to :3021;
	}
	chain prerouting { type nat hook prerouting priority -100;
		meta l4proto { tcp, udp } meta l4proto . th dport @s redirect to :2222;
		iifname "lo" tcp dport 23 redirect to :24;
		iifname "eth*" tcp dport 22 dnat to 10.9.9.9:9999;
		limit rate 1/second tcp dport 3000 redirect to :3001;
		ip daddr 10.1.0.0/17 tcp dport > 60000 redirect to :5;
		ip daddr . tcp dport { 10.2.0.1 . 555, 10.2.1.0/24 . 500-600 } redirect to :5;
		ip saddr 10.0.0.1 ip daddr 10.0.0.2 tcp dport 4005 redirect to :5;
		tcp dport 4000 accept;
		tcp dport 4000 redirect to :4001;
		ip daddr 127.0.0.5 udp dport 4002 return;
		udp dport 4002 redirect to :4003;
		dnat to numgen inc mod 2 map { 0 : 10.0.0.3, 1 : 10.0.0.4 };
	}
}
table ip6 n6 {
	chain o { type nat hook output priority -100;
		tcp dport 8080 dnat to [fd00::2]:80;
		ip6 daddr ::1 tcp dport 8081 redirect to :9091;
	}
}
table inet m {
	chain o { type nat hook output priority -90;
		ip6 daddr fd00::/8 tcp dport 8082 redirect to :1;
		ip daddr 127.0.0.0/8 tcp dport 8082 redirect to :2;
		meta l4proto { tcp, udp } th dport 8083 redirect to :3;
		tcp dport 8080 redirect to :4;
	}
}`

// dockerRules are those that dockerd makes for one published port.
const dockerRules = `
iptables -t nat -N DOCKER
iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
iptables -t nat -A DOCKER -i docker0 -j RETURN
iptables -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
iptables -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8443 -j DNAT --to-destination 172.17.0.2:443
`

func TestReadLive(t *testing.T) {
	t.Parallel()
	quoted := func(rules string) string { return "nft -f - <<'EOF_NFT'\n" + rules + "\nEOF_NFT\n" }
	one := func(numbers ...uint16) Scope {
		s := Scope{Protocols: []port.Protocol{port.TCP}}
		for _, n := range numbers {
			s.Ports = append(s.Ports, port.One(n))
		}
		return s
	}
	tests := []struct {
		name, script string
		scope        Scope
		want         string
	}{
		{"no rules", "true", one(8080), ""},
		{"no translation", quoted("table ip filter { chain input { type filter hook input priority 0; tcp dport 8080 drop; } \n}"), one(8080), ""},
		{"everything", quoted(ruleset1), Scope{}, told1},
		{"a port", quoted(ruleset1), one(8005), "prerouting 4 conditional | numgen dnat to 10.0.0.3\nprerouting 4 conditional | numgen dnat to 10.0.0.4\n" +
			"output 4 | ip daddr 127.0.0.1 tcp dport { 80, 443, 8000-8010 } dnat to 10.0.0.2:88\n"},
		{"docker", dockerRules, one(8080), dockerTold},
		{"iptables", `
iptables -t nat -A OUTPUT -p tcp --dport 8080 -j REDIRECT --to-ports 9090
iptables -t nat -A OUTPUT -p tcp -m multiport --dports 9,100:200 -j REDIRECT --to-ports 9091
iptables -t nat -A OUTPUT -d 127.0.0.1/32 -p udp --dport 53 -m owner --uid-owner 7 -j DNAT --to-destination 127.0.0.1:5353
iptables -t nat -A OUTPUT -p tcp --sport 9 --dport 10 -j REDIRECT --to-ports 11
iptables -t nat -A OUTPUT -p tcp ! --dport 1:65000 -j REDIRECT --to-ports 12
ip6tables -t nat -A PREROUTING -p tcp --dport 8080 -m comment --comment "to the other" -j DNAT --to-destination "[fd00::2]:80"
ip6tables -t nat -A PREROUTING -p tcp --dport 81 -j NETMAP --to fd00::/64
`, Scope{}, `prerouting 6 | tcp dport 8080 dnat to [fd00::2]:80
prerouting 6 conditional | tcp dport 81 target NETMAP (not understood)
output 4 | tcp dport 8080 redirect to :9090
output 4 | tcp dport { 9, 100-200 } redirect to :9091
output 4 conditional | ip daddr 127.0.0.1 udp dport 53 match owner dnat to 127.0.0.1:5353
output 4 conditional | tcp dport 10 th sport 9 redirect to :11
output 4 | tcp dport { 0, 65001-65535 } redirect to :12
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inNamespace(t, func() {
				shell(t, tt.script)
				r, err := Read(t.Context(), tt.scope)
				if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EPROTONOSUPPORT) {
					t.Skip(err)
				}
				if err != nil || r.Curtailed {
					t.Fatal(err, r.Curtailed)
				}
				if got := told(r.Redirects); got != tt.want {
					t.Errorf("got\n%s\nwant\n%s", got, tt.want)
				}
			})
		})
	}
}

// The old iptables are told by their own program.
func TestParseSaveLive(t *testing.T) {
	t.Parallel()
	inNamespace(t, func() {
		text := shell(t, strings.ReplaceAll(dockerRules, "iptables", "iptables-legacy")+"iptables-legacy-save -t nat")
		scope := Scope{Ports: []port.Range{port.One(8080)}}
		if got := told(ParseSave(text, 4, scope).Redirects); got != dockerTold {
			t.Errorf("got\n%s\nwant\n%s\nof\n%s", got, dockerTold, text)
		}
	})
}
