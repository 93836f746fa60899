package cli

import (
	"fmt"
	"strings"
	"testing"
)

// TestRefusals: what runtimes and servers really write.
func TestRefusals(t *testing.T) {
	tests := []struct{ text, want string }{
		{"Error: listen EADDRINUSE: address already in use :::3000\n    at Server.setupListenHandle [as _listen2] (node:net:1908:16)\n", "tcp/3000"},
		{"Error: listen EADDRINUSE: address already in use 127.0.0.1:8123\n", "tcp/8123"},
		{"Error: listen EADDRINUSE: address already in use /tmp/a.sock\n  code: 'EADDRINUSE',\n  address: '/tmp/a.sock',\n  port: -1\n", "?"},
		{"  code: 'EADDRINUSE',\n  errno: -98,\n  syscall: 'listen',\n  address: '::',\n  port: 3001\n}\n", "tcp/3001"},
		{"Error: bind EADDRINUSE 0.0.0.0:5353\n", "udp/5353"},
		{"OSError: [Errno 98] Address already in use\n", "?"},
		{"OSError: [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use\n", "tcp/8000"},
		{"OSError: [Errno 98] error while attempting to bind on address ('::', 8000, 0, 0): [errno 98] address already in use\n", "tcp/8000"},
		{"Address already in use\nPort 5000 is in use by another program. Either identify and stop that program, or start the server with a different port.\n", "tcp/5000"},
		{"[2026-11-24 10:00:00 +0000] [71] [ERROR] Connection in use: ('127.0.0.1', 8000)\n", "tcp/8000"},
		{"2026/11/24 15:04:05 main.go:15: listen tcp :8080: bind: address already in use\n", "tcp/8080"},
		{"listen tcp4 127.0.0.1:8080: bind: address already in use\n", "tcp/8080"},
		{"listen tcp [::1]:8080: bind: address already in use\n", "tcp/8080"},
		{"listen udp 0.0.0.0:53: bind: address already in use\n", "udp/53"},
		{"listen tcp :8080: bind: Only one usage of each socket address (protocol/network address/port) is normally permitted.\n", "tcp/8080"},
		{"nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\n", "tcp/80"},
		{"Address already in use - bind(2) for \"127.0.0.1\" port 3000 (Errno::EADDRINUSE)\n", "tcp/3000"},
		{"[Tue Nov 24 10:00:00 2026] Failed to listen on localhost:8000 (reason: Address already in use)\n", "tcp/8000"},
		{"Web server failed to start. Port 8080 was already in use.\n", "tcp/8080"},
		{"Failed to bind to address http://127.0.0.1:5000: address already in use.\n", "tcp/5000"},
		{"Error: Port 5173 is already in use\n", "tcp/5173"},
		{"Bind for 0.0.0.0:5432 failed: port is already allocated\n", "tcp/5432"},
		{"Os { code: 98, kind: AddrInUse, message: \"Address already in use\" }\n", "?"},
		{"a: address already in use :1\nb: address already in use :2\n: address already in use :1\n", "tcp/1 tcp/2"},
		{strings.Repeat("x", 70000) + "\nlisten tcp :9: address already in use", "tcp/9"},
		{"connect ECONNREFUSED 127.0.0.1:5432\n", ""},
		{"the name is already in use\n", ""},
		{"address already in use :0 :70000 :99999999999999999999 :-1", "?"},
		{"", ""},
	}
	for _, tt := range tests {
		ports, said := refusals([]byte(tt.text))
		var words []string
		for _, p := range ports {
			words = append(words, fmt.Sprintf("%s/%d", p.protocol, p.number))
		}
		got := strings.Join(words, " ")
		if said && got == "" {
			got = "?"
		}
		if got != tt.want {
			t.Errorf("%.80q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

// FuzzRefusals: whatever a command writes, what is found are a few real ports,
// and none unless something says so.
func FuzzRefusals(f *testing.F) {
	f.Add([]byte("listen tcp :8080: bind: address already in use"))
	f.Add([]byte("EADDRINUSE\n port: 99"))
	f.Add([]byte("port \xff is in use ('::', 8000, 0, 0)"))
	f.Fuzz(func(t *testing.T, text []byte) {
		ports, said := refusals(text)
		if len(ports) > mostRefusals || len(ports) > 0 && !said {
			t.Errorf("%q: %v, %t", text, ports, said)
		}
		for _, p := range ports {
			if p.number == 0 || p.protocol != "tcp" && p.protocol != "udp" {
				t.Errorf("%q: %v", text, p)
			}
		}
	})
}
