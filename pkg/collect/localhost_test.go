package collect

import (
	"net/netip"
	"slices"
	"testing"
)

func addresses(texts ...string) []netip.Addr {
	var out []netip.Addr
	for _, text := range texts {
		out = append(out, netip.MustParseAddr(text))
	}
	return out
}

func TestLocalhostOrder(t *testing.T) {
	const both = "127.0.0.1\tlocalhost\n::1 localhost ip6-localhost\n"
	everywhere := func(a netip.Addr) netip.Addr {
		if a.Is4() {
			return netip.MustParseAddr("127.0.0.1")
		}
		return a
	}
	onlyIPv4 := func(a netip.Addr) netip.Addr {
		if a.Is6() {
			return netip.Addr{}
		}
		return a
	}
	tests := []struct {
		name, hosts, rules string
		source             func(netip.Addr) netip.Addr
		want               []netip.Addr
	}{
		{"empty", "", "", everywhere, nil},
		{"IPv4 only", "127.0.0.1 localhost", "", everywhere, addresses("127.0.0.1")},
		{"both", both, "", everywhere, addresses("::1", "127.0.0.1")},
		{"both, IPv4 preferred", both, "precedence ::ffff:0:0/96  100\n", everywhere, addresses("127.0.0.1", "::1")},
		{"commented preference", both, "#precedence ::ffff:0:0/96  100\n", everywhere, addresses("::1", "127.0.0.1")},
		{"no IPv6 here", both, "", onlyIPv4, addresses("127.0.0.1", "::1")},
		{"comments and other names", "# 127.0.0.3 localhost\n127.0.1.1 box\n127.0.0.1 LocalHost # ::1\n", "", everywhere, addresses("127.0.0.1")},
		{"twice", "127.0.0.1 localhost\n127.0.0.1 localhost a\n127.0.0.2 b localhost\n", "", everywhere, addresses("127.0.0.1", "127.0.0.2")},
		{"the nearer first", "127.0.0.2 localhost\n127.0.0.1 localhost\n", "", everywhere, addresses("127.0.0.1", "127.0.0.2")},
		{"no address", "localhost localhost\n300.0.0.1 localhost\n\n127.0.0.1", "", everywhere, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parseHosts([]byte(tt.hosts), "localhost")
			sortAddresses(got, parsePrecedence([]byte(tt.rules)), tt.source)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func FuzzLocalhost(f *testing.F) {
	f.Add([]byte("127.0.0.1 localhost\n::1 localhost\n"), []byte("precedence ::ffff:0:0/96 100\n"))
	f.Add([]byte("fe80::1%lo0 localhost\r\n"), []byte("precedence 10.0.0.0/8 1\nlabel ::1/128 0\n"))
	f.Fuzz(func(t *testing.T, hosts, rules []byte) {
		got := parseHosts(hosts, "localhost")
		n := len(got)
		sortAddresses(got, parsePrecedence(rules), func(a netip.Addr) netip.Addr { return a })
		if len(got) != n {
			t.Error("sorting lost an address")
		}
		for _, a := range got {
			if !a.IsValid() {
				t.Errorf("%v is no address", a)
			}
		}
	})
}
