package port

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestServiceOf(t *testing.T) {
	for _, test := range []struct {
		protocol Protocol
		number   uint16
		want     string
	}{
		{TCP, 22, "ssh"}, {TCP, 53, "domain"}, {UDP, 53, "domain"}, {TCP, 80, "http"}, {TCP, 443, "https"}, {UDP, 443, "https"},
		{TCP, 5432, "postgresql"}, {TCP, 6379, "redis"}, {UDP, 6379, ""}, {TCP, 27017, "mongodb"},
		{TCP, 2375, "docker"}, {TCP, 512, "exec"}, {UDP, 512, "biff"}, {TCP, 6000, "x11"}, {UDP, 6063, "x11"},
		{UDPLite, 53, "domain"}, {UDPLite, 6379, ""}, {UDPLite, 512, "biff"}, // RFC 3828: as UDP
		{TCP, 0, ""}, {TCP, 4, ""}, {TCP, 62893, ""}, {TCP, 65535, ""},
		{"sctp", 22, ""}, {"", 22, ""},
	} {
		got, ok := ServiceOf(test.protocol, test.number)
		if got.Name != test.want || ok != (test.want != "") {
			t.Errorf("ServiceOf(%q, %d) = %q, %t; want %q", test.protocol, test.number, got.Name, ok, test.want)
		}
	}
	if got, _ := ServiceOf(TCP, 5432); got.Description != "PostgreSQL Database" {
		t.Errorf("port 5432 is described as %q", got.Description)
	}
}

func TestPortsNamed(t *testing.T) {
	for _, test := range []struct {
		name string
		want []Assignment
	}{
		{"domain", []Assignment{{TCP, 53}, {UDP, 53}}},
		{"Domain", []Assignment{{TCP, 53}, {UDP, 53}}},
		{"redis", []Assignment{{TCP, 6379}}},
		{"biff", []Assignment{{UDP, 512}}},
		{"www", []Assignment{{TCP, 80}, {UDP, 80}}},
		{"msp", []Assignment{{TCP, 18}, {TCP, 2438}, {UDP, 18}, {UDP, 2438}}},
		{"rsvp-tunnel", []Assignment{{TCP, 363}, {UDP, 363}}},
		{"", nil},
		{"no-such-service", nil},
	} {
		if got := PortsNamed(test.name); !slices.Equal(got, test.want) {
			t.Errorf("PortsNamed(%q) = %v, want %v", test.name, got, test.want)
		}
	}
}

// Every line of the table has the documented form, says a thing once, and is
// found in both directions.
func TestServices(t *testing.T) {
	form := regexp.MustCompile(`^\d+[tu]? [A-Za-z0-9-]+( \S.*)?$`)
	seen := map[string]bool{}
	for _, line := range tableLines(t, services) {
		if !form.MatchString(line) {
			t.Errorf("line %q", line)
		}
		key := strings.Join(strings.SplitN(line, " ", 3)[:2], " ")
		if seen[key] {
			t.Errorf("%q is there twice", key)
		}
		seen[key] = true
		number := linePort(t, line)
		if ClassOf(number) == Dynamic {
			t.Errorf("line %q: IANA assigns no dynamic port", line)
		}
		if len(seen)%97 == 0 { // a name lookup reads the whole table
			name := parseService(line).Name
			if !slices.ContainsFunc(PortsNamed(name), func(a Assignment) bool { return a.Number == number && has(line, a.Protocol) }) {
				t.Errorf("PortsNamed(%q) does not have %d", name, number)
			}
		}
	}
	if len(seen) < 6000 {
		t.Errorf("the table has %d lines; the registry has more than 6000 names", len(seen))
	}
	if size := len(services); size > 180_000 {
		t.Errorf("the table takes %d bytes of the program", size)
	}
}

func TestLookupAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { ServiceOf(TCP, 5432) }); n != 0 {
		t.Errorf("ServiceOf allocates %v times", n)
	}
}

func BenchmarkServiceOf(b *testing.B) {
	for b.Loop() {
		ServiceOf(TCP, 5432)
	}
}

func BenchmarkPortsNamed(b *testing.B) {
	for b.Loop() {
		PortsNamed("postgresql")
	}
}
