package port

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestToolsOn(t *testing.T) {
	on := ToolsOn(TCP, 5432)
	if len(on) == 0 || on[0].Name != "PostgreSQL" || on[0].Risk != RiskDB {
		t.Errorf("ToolsOn(tcp, 5432) = %v", on)
	}
	for _, none := range []struct {
		protocol Protocol
		number   uint16
	}{{UDP, 5432}, {UDPLite, 53}, {TCP, 0}, {TCP, 62893}, {"", 5432}} {
		if on := ToolsOn(none.protocol, none.number); on != nil {
			t.Errorf("ToolsOn(%q, %d) = %v, want none", none.protocol, none.number, on)
		}
	}
	if on := ToolsOn(UDP, 51820); !slices.ContainsFunc(on, func(tool Tool) bool { return tool.Name == "WireGuard" }) {
		t.Errorf("ToolsOn(udp, 51820) = %v", on)
	}
}

func TestToolPorts(t *testing.T) {
	if got, want := toolPorts("vite"), []Assignment{{TCP, 5173}}; !slices.Equal(got, want) {
		t.Errorf("toolPorts(vite) = %v, want %v", got, want)
	}
	want := []Assignment{{TCP, 53}, {UDP, 53}, {UDP, 67}}
	if got := toolPorts("Pi-hole"); !slices.Equal(got, want) {
		t.Errorf("toolPorts(Pi-hole) = %v, want %v", got, want)
	}
	if got := toolPorts(""); got != nil {
		t.Errorf("toolPorts of no name = %v", got)
	}
}

func TestTools(t *testing.T) {
	type key struct {
		protocol Protocol
		number   uint16
	}
	names := map[key][]string{}
	var last key
	for _, line := range tableLines(t, tools) {
		if n := strings.Count(line, "\t"); n != 4 || strings.Contains(line, "\t\t") || strings.TrimSpace(line) != line {
			t.Fatalf("line %q does not have five fields", line)
		}
		number, protocol, tool := parseTool(line)
		at := key{protocol, number}
		if protocol != TCP && protocol != UDP {
			t.Errorf("line %q: protocol %q", line, protocol)
		}
		if at != last && names[at] != nil {
			t.Errorf("line %q: the tools on %v are not together", line, at)
		}
		if number == last.number && last.protocol == UDP && protocol == TCP {
			t.Errorf("line %q: TCP comes before UDP", line)
		}
		if slices.Contains(names[at], tool.Name) {
			t.Errorf("line %q is there twice", line)
		}
		switch tool.Risk {
		case RiskNone, RiskRCE, RiskAdmin, RiskDB:
		default:
			t.Errorf("line %q: risk %q", line, tool.Risk)
		}
		if u, err := url.Parse(tool.URL); err != nil || u.Scheme != "https" || !strings.Contains(u.Host, ".") ||
			u.User != nil || u.RawQuery != "" || strings.ContainsAny(tool.URL, " |") {
			t.Errorf("line %q: URL %q: %v", line, tool.URL, err)
		}
		names[at] = append(names[at], tool.Name)
		last = at
	}
	if len(names) < 200 {
		t.Errorf("tools are known for %d ports", len(names))
	}
	for at, want := range names {
		var got []string
		for _, tool := range ToolsOn(at.protocol, at.number) {
			got = append(got, tool.Name)
			if !slices.Contains(toolPorts(tool.Name), Assignment{at.protocol, at.number}) {
				t.Errorf("toolPorts(%q) does not have %v", tool.Name, at)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("ToolsOn(%v) = %q, want %q", at, got, want)
		}
	}
}
