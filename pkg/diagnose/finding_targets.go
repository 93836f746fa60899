package diagnose

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// seat is a port at an address as it was written.
type seat struct {
	protocol port.Protocol
	address  string
	number   uint16
}

// Targets are what must be judged for the findings: what was asked, then what
// is declared, then what is expected, each once. A port that the project only
// connects to is none of them, nor is one whose number is chosen later, nor that
// of a service which is not started.
func (p Preflight) Targets(opts Options) []port.Target {
	out := append([]port.Target{}, p.Asked...)
	known := make(map[seat]bool)
	for _, t := range p.Asked {
		for n := int(t.Ports.First); n <= int(t.Ports.Last); n++ {
			for _, protocol := range certainProtocols(t, opts) {
				known[seat{protocol, t.Host, uint16(n)}] = true
			}
		}
	}
	add := func(protocol port.Protocol, address string, addresses []netip.Addr, ports port.Range) {
		for n := int(ports.First); n <= int(ports.Last); n++ {
			at := seat{protocol, address, uint16(n)}
			if known[at] {
				continue
			}
			known[at] = true
			t := port.Target{Protocol: protocol, Host: address, Addresses: addresses, Ports: port.One(uint16(n))}
			t.Text = t.String()
			out = append(out, t)
		}
	}
	for i := range p.Declarations {
		d := &p.Declarations[i]
		if addresses, ok := addressesNamed(d.Address); ok && isChecked(d) && p.starts(d) {
			add(protocolOf(d), d.Address, addresses, portsOf(d))
		}
	}
	for _, e := range p.Expectations {
		if e.Target.Ports.First != 0 {
			add(certainProtocols(e.Target, opts)[0], e.Target.Host, e.Target.Addresses, e.Target.Ports)
		}
	}
	return out
}

// isChecked reports whether the port of a declaration must be had before the
// project starts.
func isChecked(d *report.Declaration) bool { return d.Use != report.UseConnect && d.Port != 0 }

// starts reports whether what declares a port is started: compose leaves out a
// service whose profiles nobody has chosen.
func (p Preflight) starts(d *report.Declaration) bool {
	return len(d.Profiles) == 0 || slices.ContainsFunc(p.Profiles, func(chosen string) bool {
		return chosen == "*" || slices.Contains(d.Profiles, chosen)
	})
}

func protocolOf(d *report.Declaration) port.Protocol {
	if d.Protocol == "" {
		return port.TCP
	}
	return d.Protocol
}

func portsOf(d *report.Declaration) port.Range {
	return port.Range{First: d.Port, Last: max(d.Port, d.LastPort)}
}

// addressesNamed are the addresses that a file means; none for every address.
// It fails for a name that would have to be looked up.
func addressesNamed(text string) (addresses []netip.Addr, ok bool) {
	switch name := strings.ToLower(strings.TrimSuffix(text, ".")); {
	case name == "" || name == "*":
		return nil, true
	case name == "localhost" || strings.HasSuffix(name, ".localhost"): // RFC 6761 section 6.3
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return []netip.Addr{addr}, err == nil
}
