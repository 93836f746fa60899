package port

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestParseTarget(t *testing.T) {
	const both = "127.0.0.1 ::1"
	for _, test := range []struct {
		text      string
		protocol  Protocol
		host      string
		addresses string
		ports     string
		canonical string // as ports where empty
	}{
		// Ports.
		{"62893", "", "", "", "62893", ""},
		{"  62893\n", "", "", "", "62893", ""},
		{":62893", "", "", "", "62893", ""},
		{"*:80", "", "", "", "80", ""},
		{"8000-8010", "", "", "", "8000-8010", ""},
		{":8000-8010", "", "", "", "8000-8010", ""},
		{"8000-8000", "", "", "", "8000", ""},
		{"1-65535", "", "", "", "1-65535", ""},
		{"0080", "", "", "", "80", ""},

		// Addresses.
		{"127.0.0.1:62893", "", "127.0.0.1", "127.0.0.1", "62893", "127.0.0.1:62893"},
		{"127.0.0.1:8000-8010", "", "127.0.0.1", "127.0.0.1", "8000-8010", "127.0.0.1:8000-8010"},
		{"[::1]:62893", "", "::1", "::1", "62893", "[::1]:62893"},
		{"[0:0::1]:62893", "", "0:0::1", "::1", "62893", "[::1]:62893"},
		{"[::]:8000-8010", "", "::", "::", "8000-8010", "[::]:8000-8010"},
		{":::3000", "", "::", "::", "3000", "[::]:3000"},
		{"[fe80::1%eth0]:80", "", "fe80::1%eth0", "fe80::1%eth0", "80", "[fe80::1%eth0]:80"},
		{"[fe80::1%12]:80", "", "fe80::1%12", "fe80::1%12", "80", "[fe80::1%12]:80"},
		{"[::ffff:127.0.0.1]:80", "", "::ffff:127.0.0.1", "::ffff:127.0.0.1", "80", "[::ffff:127.0.0.1]:80"},
		{"192.0.2.7:http", "", "192.0.2.7", "192.0.2.7", "80", "192.0.2.7:80"},
		{"localhost:3000", "", "localhost", both, "3000", "localhost:3000"},
		{"LOCALHOST.:3000", "", "LOCALHOST.", both, "3000", "localhost:3000"},
		{"my-app.localhost:3000", "", "my-app.localhost", both, "3000", "my-app.localhost:3000"},

		// Protocols.
		{"udp/53", UDP, "", "", "53", "udp/53"},
		{"53/udp", UDP, "", "", "53", "udp/53"},
		{"UDP/53", UDP, "", "", "53", "udp/53"},
		{"udp/127.0.0.1:53", UDP, "127.0.0.1", "127.0.0.1", "53", "udp/127.0.0.1:53"},
		{"127.0.0.1:53/udp", UDP, "127.0.0.1", "127.0.0.1", "53", "udp/127.0.0.1:53"},
		{"tcp/[::]:8080", TCP, "::", "::", "8080", "tcp/[::]:8080"},
		{"udplite/localhost:9", UDPLite, "localhost", both, "9", "udplite/localhost:9"},
		{"tcp:53", TCP, "", "", "53", "tcp/53"},
		{"udp:[::1]:53", UDP, "::1", "::1", "53", "udp/[::1]:53"},

		// Names. The protocol is told where the registry knows only one.
		{"postgres", "", "", "", "5432", ""},
		{"postgresql", "", "", "", "5432", ""},
		{"PostgreSQL", "", "", "", "5432", ""},
		{"mysql", "", "", "", "3306", ""},
		{"https", "", "", "", "443", ""},
		{"https/udp", UDP, "", "", "443", "udp/443"},
		{"redis", TCP, "", "", "6379", "tcp/6379"},
		{"udp/redis", UDP, "", "", "6379", "udp/6379"},
		{"biff", UDP, "", "", "512", "udp/512"},
		{"udplite/biff", UDPLite, "", "", "512", "udplite/512"},
		{"localhost:redis", TCP, "localhost", both, "6379", "tcp/localhost:6379"},
		{"x11", "", "", "", "6000-6063", ""},
		{"mongo", TCP, "", "", "27017", "tcp/27017"},
		{"k8s", TCP, "", "", "6443", "tcp/6443"},
		{"vite", TCP, "", "", "5173", "tcp/5173"},
		{"Vite preview", TCP, "", "", "4173", "tcp/4173"},
		{"wireguard", UDP, "", "", "51820", "udp/51820"},

		// URLs.
		{"http://localhost:3000/x", TCP, "localhost", both, "3000", "tcp/localhost:3000"},
		{"http://localhost:3000/@vite/client", TCP, "localhost", both, "3000", "tcp/localhost:3000"},
		{"HTTP://Localhost/", TCP, "Localhost", both, "80", "tcp/localhost:80"},
		{"https://127.0.0.1/", TCP, "127.0.0.1", "127.0.0.1", "443", "tcp/127.0.0.1:443"},
		{"https://127.0.0.1:/", TCP, "127.0.0.1", "127.0.0.1", "443", "tcp/127.0.0.1:443"},
		{"http://[::]:8000/", TCP, "::", "::", "8000", "tcp/[::]:8000"},
		{"http://[::1]", TCP, "::1", "::1", "80", "tcp/[::1]:80"},
		{"http://[fe80::1%25eth0]:80/", TCP, "fe80::1%eth0", "fe80::1%eth0", "80", "tcp/[fe80::1%eth0]:80"},
		{"http://0.0.0.0:8000", TCP, "0.0.0.0", "0.0.0.0", "8000", "tcp/0.0.0.0:8000"},
		{"http://+:5000", TCP, "", "", "5000", "tcp/5000"},
		{"http://:5000", TCP, "", "", "5000", "tcp/5000"},
		{"ws://localhost", TCP, "localhost", both, "80", "tcp/localhost:80"},
		{"wss://localhost:1234?x", TCP, "localhost", both, "1234", "tcp/localhost:1234"},
		{"postgres://me@localhost:5432/db", TCP, "localhost", both, "5432", "tcp/localhost:5432"},
		{"postgresql+psycopg://localhost/db", TCP, "localhost", both, "5432", "tcp/localhost:5432"},
		{"jdbc:mysql://127.0.0.1/db", TCP, "127.0.0.1", "127.0.0.1", "3306", "tcp/127.0.0.1:3306"},
		{"postgres:///db", TCP, "", "", "5432", "tcp/5432"},
		{"redis://127.0.0.1", TCP, "127.0.0.1", "127.0.0.1", "6379", "tcp/127.0.0.1:6379"},
		{"mongodb://localhost/db", TCP, "localhost", both, "27017", "tcp/localhost:27017"},
		{"tcp://0.0.0.0:2375", TCP, "0.0.0.0", "0.0.0.0", "2375", "tcp/0.0.0.0:2375"},
		{"udp://127.0.0.1:53", UDP, "127.0.0.1", "127.0.0.1", "53", "udp/127.0.0.1:53"},
		{"gopher://localhost", "", "localhost", both, "70", "localhost:70"},
		{"unheard-of://localhost:7", "", "localhost", both, "7", "localhost:7"},
	} {
		got, err := ParseTarget(test.text)
		if err != nil {
			t.Errorf("ParseTarget(%q): %v", test.text, err)
			continue
		}
		var addresses []string
		for _, a := range got.Addresses {
			addresses = append(addresses, a.String())
		}
		if got.Protocol != test.protocol || got.Host != test.host || strings.Join(addresses, " ") != test.addresses || got.Ports.String() != test.ports {
			t.Errorf("ParseTarget(%q) = %q %q %v %v", test.text, got.Protocol, got.Host, addresses, got.Ports)
		}
		if test.canonical == "" {
			test.canonical = test.ports
		}
		if got.String() != test.canonical {
			t.Errorf("ParseTarget(%q).String() = %q, want %q", test.text, got, test.canonical)
		}
		if !strings.Contains(test.text, "?") && got.Text != strings.TrimSpace(test.text) {
			t.Errorf("ParseTarget(%q).Text = %q", test.text, got.Text)
		}
	}
}

func TestParseTargetError(t *testing.T) {
	for _, test := range []struct {
		text, reason, suggestion string
	}{
		{"", reasonEmpty, ""},
		{" \t\n", reasonEmpty, ""},
		{":", reasonNoPort, ":PORT"},
		{"localhost:", reasonNoPort, "localhost:PORT"},
		{"udp/", reasonNoPort, "udp/PORT"},

		{"0", reasonPort0, ""},
		{"0000", reasonPort0, ""},
		{"0-100", reasonPort0, "1-100"},
		{"65536", reasonPortBounds, ""},
		{"99999999999", reasonPortBounds, ""},
		{"-1", reasonPortBounds, ""},
		{"8000-70000", reasonPortBounds, "8000-65535"},
		{"8000-7000", "the range ends before it starts", "7000-8000"},
		{"udp/127.0.0.1:9-8", "the range ends before it starts", "udp/127.0.0.1:8-9"},
		{"8000-", "the range has no end", "8000"},
		{"3000,3001", reasonOne, "3000 3001"},
		{"3000 udp/53 https", reasonOne, "3000 udp/53 https"},
		{strings.Repeat("3000,", 30), reasonOne, "3000 3000 ..."},

		{"::", reasonNeedsPort, "[::]:PORT"},
		{"::1", reasonNeedsPort, "[::1]:PORT"},
		{"[::1]", reasonNeedsPort, "[::1]:PORT"},
		{"127.0.0.1", reasonNeedsPort, "127.0.0.1:PORT"},
		{"127.0.0.1/udp", reasonNeedsPort, "127.0.0.1:PORT/udp"},
		{"localhost", reasonNeedsPort, "localhost:PORT"},
		{"::1:3000", reasonBrackets, "[::1]:3000"},
		{"::1:30000", reasonBrackets, "[::1]:30000"},
		{"::3000", reasonBrackets, "[::]:3000"},
		{"[::1", "the bracket is not closed", ""},
		{"[::1]3000", "a colon goes after the bracket", "[::1]:3000"},
		{"[127.0.0.1]:80", "only an IPv6 address goes in brackets", "127.0.0.1:80"},
		{"[localhost]:80", "this is not an IPv6 address", ""},
		{"[fe80::1%a:b]:80", "this is not an IPv6 address", ""},
		{"127.0.0.53%lo:53", "an IPv4 address has no zone", "127.0.0.53:53"},
		{"127.0.0.1.1:80", "an IPv4 address is four numbers from 0 to 255", "80"},
		{"999.0.0.1:80", "an IPv4 address is four numbers from 0 to 255", "80"},
		{"127.1:80", "an IPv4 address is four numbers from 0 to 255", "127.0.0.1:80"},
		{"8080:80", "an address goes before the colon", "8080"},
		{"8080:80/tcp", "an address goes before the colon", "8080/tcp"},
		{"127.0.0.1:8080:80", "there is a colon too many", "127.0.0.1:8080"},

		{"db.example.com:5432", reasonForeign, "5432"},
		{"postgres://db.example.com/x", reasonForeign, "5432"},
		{"locahost:3000", reasonForeign, "localhost:3000"},
		{"ana@localhost:22", "only a URL has a user name", "localhost:22"},
		{"ana@example.com:22", "only a URL has a user name", "22"},
		{"http://a..localhost/", reasonForeign, "80"},

		{"80/tpc", reasonProtocol, "80/tcp"},
		{"tpc/80", reasonProtocol, "tcp/80"},
		{"80/sctp", reasonProtocol, ""},
		{"localhost/3000", "only a protocol goes beside a slash", "localhost:3000"},
		{"127.0.0.1/3000", "only a protocol goes beside a slash", "127.0.0.1:3000"},
		{"localhost:3000/x", "only a protocol goes beside a slash", "localhost:3000"},
		{"localhost:3000/x/y", "a target has one slash at most, beside its protocol", "localhost:3000"},
		{"tcp/80/udp", "a target has one slash at most, beside its protocol", "tcp/80"},

		{"postgre", reasonUnknown, "postgres"},
		{"htpp", reasonUnknown, "http"},
		{"redsi", reasonUnknown, "redis"},
		{"localhost:htpp/tcp", reasonUnknown, "localhost:http/tcp"},
		{"teamspeek", reasonUnknown, ""},
		{"rsvp-tunel", reasonUnknown, "rsvp-tunnel"},
		{"msp", "the name stands for several ports", "18"},

		{"localhost3000", reasonUnknown, "localhost:3000"},
		{"localhost 3000", reasonUnknown, "localhost:3000"},
		{"8o80", reasonUnknown, "8080"},
		{"udp/l27.0.0.1:53", reasonForeign, "udp/53"},
		{"PORT=3000", reasonUnknown, "3000"},
		{"--port 3000", reasonUnknown, "3000"},
		{"3000;", reasonUnknown, "3000"},
		{"“3000”", reasonUnknown, "3000"},
		{"8000 – 8010", reasonUnknown, "8000-8010"},
		{"8000..8010", reasonUnknown, "8000-8010"},
		{"８０８０", reasonUnknown, "8080"},
		{"٨٠٨٠", reasonUnknown, ""},
		{"0.0.0.0:5432->5432/tcp", reasonUnknown, "0.0.0.0:5432/tcp"},

		{"http://", "the URL ends after its scheme", ""},
		{"http://?q", "the URL ends after its scheme", ""},
		{"http://localhost:0/", reasonPort0, ""},
		{"http://localhost:99999/", reasonPortBounds, ""},
		{"http://localhost:http/", reasonPortBounds, ""},
		{"http://::1:3000/", reasonBrackets, "[::1]:3000"},
		{"unheard-of://localhost", "the URL has no port and its scheme tells none", "localhost:PORT"},
		{"unix:///run/x.sock", "a URL of this kind has no port", ""},
		{"mongodb://localhost:1,localhost:2/", "a URL for several hosts is not one target", ""},
	} {
		_, err := ParseTarget(test.text)
		var targetError *TargetError
		if !errors.As(err, &targetError) {
			t.Errorf("ParseTarget(%q) = %v", test.text, err)
			continue
		}
		if targetError.Reason != test.reason || targetError.Suggestion != test.suggestion {
			t.Errorf("ParseTarget(%q):\n have %q, try %q\n want %q, try %q", test.text, targetError.Reason, targetError.Suggestion, test.reason, test.suggestion)
		}
		checkTargetError(t, test.text, err)
	}
}

// checkTargetError checks what every error of ParseTarget promises.
func checkTargetError(t testing.TB, text string, err error) {
	targetError, ok := err.(*TargetError)
	if !ok {
		t.Fatalf("ParseTarget(%q): error of type %T", text, err)
	}
	message := targetError.Error()
	if len(message) >= 200 || strings.ContainsFunc(message, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("ParseTarget(%q): message of %d bytes: %q", text, len(message), message)
	}
	if targetError.Reason == "" {
		t.Errorf("ParseTarget(%q) gives no reason", text)
	}
	for s := range strings.FieldsSeq(strings.TrimSuffix(targetError.Suggestion, " ...")) {
		if _, err := ParseTarget(strings.Replace(s, "PORT", "80", 1)); err != nil {
			t.Errorf("ParseTarget(%q) suggests %q, which is refused: %v", text, s, err)
		}
	}
}

func TestTargetErrorIsShort(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("x", 1<<20),
		strings.Repeat("9", 1<<20),
		strings.Repeat("\U0010ffff", 1<<18),
		strings.Repeat("\xff", 1<<20),
		strings.Repeat("3000,", 1<<18),
		strings.Repeat("localhost.", 1<<16) + ":80",
		"http://" + strings.Repeat("a", 1<<20) + ":80/",
	} {
		_, err := ParseTarget(text)
		if err == nil {
			t.Errorf("ParseTarget of %.10q… worked", text)
			continue
		}
		checkTargetError(t, text, err)
	}
	_, err := ParseTarget(strings.Repeat("x", 1<<20))
	if want := `target "` + strings.Repeat("x", 40) + `"...: ` + reasonUnknown; err.Error() != want {
		t.Errorf("Error() = %q, want %q", err, want)
	}
}

// No password reaches the report or the terminal.
func TestTargetKeepsSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"postgres://me:hunter2@localhost:5432/db":       "postgres://me:***@localhost:5432/db",
		"postgres://localhost/db?password=hunter2":      "postgres://localhost/db",
		"http://localhost:8888/lab?token=hunter2#x":     "http://localhost:8888/lab",
		"http://localhost:8888#hunter2":                 "http://localhost:8888",
		"redis://:hunter2@127.0.0.1":                    "redis://:***@127.0.0.1",
		"amqp://me:hun:ter2@hunter2@localhost":          "amqp://me:***@localhost",
		"http://localhost:3000/@vite/client?v=hunter2":  "http://localhost:3000/@vite/client",
		"mysql://me@localhost:3306/hunting":             "mysql://me@localhost:3306/hunting",
		"postgresql+psycopg://me:hunter2@127.0.0.1/db/": "postgresql+psycopg://me:***@127.0.0.1/db/",
	} {
		target, err := ParseTarget(text)
		if err != nil || target.Text != want {
			t.Errorf("ParseTarget(%q).Text = %q, %v; want %q", text, target.Text, err, want)
		}
		again, err := ParseTarget(want)
		if err != nil || again.String() != target.String() {
			t.Errorf("ParseTarget(%q) = %v, %v; want %v", want, again, err, target)
		}
	}
	for _, text := range []string{
		"postgres://me:hunter2@db.example.com/db",
		"postgres://me:hun/hunter2@localhost/db",
		"postgres://me:hun#hunter2@localhost:99999/db",
		"postgres://db.example.com/db?password=hunter2",
		"me:hunter2@tcp(localhost:3306)/db",
		"me:hunter2@localhost:3306",
	} {
		_, err := ParseTarget(text)
		var targetError *TargetError
		if !errors.As(err, &targetError) || strings.Contains(err.Error()+targetError.Text, "hunter2") {
			t.Errorf("ParseTarget(%q): %v", text, err)
		}
	}
}

// A target in its canonical form is read back as the same target.
func TestTargetStringRoundTrip(t *testing.T) {
	address := rapid.Custom(func(t *rapid.T) netip.Addr {
		if rapid.Bool().Draw(t, "v4") {
			return netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "bytes")))
		}
		a := netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes")))
		if a.Is4In6() {
			return a
		}
		return a.WithZone(rapid.StringMatching(`([a-z][a-z0-9._@-]{0,14})?`).Draw(t, "zone"))
	})
	rapid.Check(t, func(t *rapid.T) {
		want := Target{Protocol: rapid.SampledFrom(append(Protocols(), "")).Draw(t, "protocol")}
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			a := address.Draw(t, "address")
			want.Host, want.Addresses = a.String(), []netip.Addr{a}
		case 1:
			want.Host, want.Addresses = rapid.StringMatching(`([a-z0-9_-]{1,20}\.){0,3}localhost`).Draw(t, "host"), loopback()
		}
		want.Ports.First = rapid.Uint16Min(1).Draw(t, "first")
		want.Ports.Last = rapid.Uint16Min(want.Ports.First).Draw(t, "last")
		got, err := ParseTarget(want.String())
		want.Text = want.String()
		if err != nil || !sameTarget(got, want) || got.Host != want.Host || got.Text != want.Text {
			t.Fatalf("ParseTarget(%q) = %+v, %v", want.String(), got, err)
		}
	})
}

func sameTarget(a, b Target) bool {
	return a.Protocol == b.Protocol && slices.Equal(a.Addresses, b.Addresses) && a.Ports == b.Ports && a.String() == b.String()
}

// Every name worth guessing at is a target, and every alias leads somewhere.
func TestCommonNames(t *testing.T) {
	for name := range strings.FieldsSeq(commonNames) {
		target, err := ParseTarget(name)
		if err != nil {
			t.Errorf("ParseTarget(%q): %v", name, err)
		} else if target.Ports.Len() != 1 {
			t.Errorf("ParseTarget(%q) = %v", name, target)
		}
		if got := nearestName(name + "x"); got != name && distance(got, name+"x") > 1 {
			t.Errorf("nearestName(%q) = %q", name+"x", got)
		}
	}
	for alias, want := range map[string]string{
		"pg": "5432", "psql": "5432", "mariadb": "3306", "mongo": "27017", "memcached": "11211", "mssql": "1433",
		"oracle": "1521", "rabbitmq": "5672", "mosquitto": "1883", "etcd": "2379", "dns": "53", "sshd": "22",
		"consul": "8500", "zookeeper": "2181", "rdp": "3389", "vnc": "5900", "smb": "445", "dhcp": "67", "kubernetes": "6443", "K8S": "6443",
	} {
		if target, err := ParseTarget(alias); err != nil || target.Ports.String() != want {
			t.Errorf("ParseTarget(%q) = %v, %v; want %s", alias, target, err, want)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, seed := range []string{
		"62893", ":62893", "8000-8010", "127.0.0.1:8000-8010", "[::1]:62893", "localhost:3000", "*:80", "udp/53", "53/udp",
		"tcp/[::]:8080", "tcp:53", "postgres", "redis", "x11", "http://localhost:3000/x", "postgres://me:pw@localhost:5432/db",
		"http://[fe80::1%25eth0]:80/", "[::ffff:127.0.0.1]:80", ":::3000", "::1:3000", "8000-7000", "0", "-1", "", "redsi",
		"localhost3000", "8o80", "3000,3001", "80/tpc", "127.1:80", "8080:80", "0.0.0.0:5432->5432/tcp", "８０８０", "PORT=3000",
		"a@b:1", "unix:///x", "foo://localhost", "\xff", "jdbc:mysql://127.0.0.1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		target, err := ParseTarget(text)
		if err != nil {
			checkTargetError(t, text, err)
			return
		}
		if target.Ports.First < 1 || target.Ports.First > target.Ports.Last {
			t.Fatalf("ParseTarget(%q): ports %v", text, target.Ports)
		}
		if len(target.Addresses) > 2 || (target.Host == "") != (len(target.Addresses) == 0) {
			t.Fatalf("ParseTarget(%q): host %q, addresses %v", text, target.Host, target.Addresses)
		}
		for _, a := range target.Addresses {
			if !a.IsValid() {
				t.Fatalf("ParseTarget(%q): addresses %v", text, target.Addresses)
			}
		}
		for _, form := range []string{target.String(), target.Text} {
			if again, err := ParseTarget(form); err != nil || !sameTarget(again, target) {
				t.Fatalf("ParseTarget(%q) = %+v, and %q = %+v, %v", text, target, form, again, err)
			}
		}
	})
}

func BenchmarkParseTarget(b *testing.B) {
	for _, text := range []string{"62893", "http://localhost:3000/x", "postgres", "ollama", "redsi", "no-such-service"} {
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				ParseTarget(text)
			}
		})
	}
}
