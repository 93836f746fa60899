package preflight

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// ports reads the ports and their names.
func (l *ownList) ports(top *yaml.Node) {
	n, _ := l.get(top, "ports")
	if n == nil || isNothing(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		l.wrong(n, "ports has to be names with a port each, as web: 3000")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], l.node(n.Content[i+1])
		switch {
		case value == nil:
		case key.Kind != yaml.ScalarNode || !isName(key.Value):
			l.wrong(key, quote(key.Value)+" is no name for a port: it starts with a letter and has letters, digits, -, _ and . in it")
		case seen[key.Value]:
			l.wrong(key, "ports has "+key.Value+" twice")
		default:
			seen[key.Value] = true
			l.port(key.Value, value)
		}
	}
}

// port reads one port: a target, or a mapping with it.
func (l *ownList) port(name string, n *yaml.Node) {
	text, expect := n, (*yaml.Node)(nil)
	address, protocol := "", port.TCP
	if n.Kind == yaml.MappingNode {
		l.fields(n, name, "port", "address", "protocol", "use", "expect")
		if text, _ = l.get(n, "port"); text == nil {
			l.wrong(n, name+" has no port")
			return
		}
		var ok bool
		if address, ok = l.address(n, name); !ok {
			return
		}
		if protocol, ok = l.protocol(n, name); !ok {
			return
		}
		expect, _ = l.get(n, "expect")
	}
	d := report.Declaration{
		File: l.f.name, Line: text.Line, Column: text.Column, Format: report.FormatPortwho, Name: name,
		Text: text.Value, Use: report.UseListen, Protocol: protocol, Address: address, Profiles: []string{},
	}
	target, err := port.ParseTarget(text.Value)
	if text.Kind != yaml.ScalarNode {
		err = errors.New("it has to be a port, as 3000")
	}
	if err != nil {
		why, better := targetFault(err)
		if better != "" {
			why += "; did you mean " + better + "?"
		}
		value := portValue{why: quote(text.Value) + ", which is no port: " + why, severity: report.SeverityError}
		if text.Value == "" {
			value.why = "no port: " + why
		}
		l.out.findings = append(l.out.findings, badValue(l.f, text.Line, text.Column, name, name+" is", value))
		return
	}
	d.Port, d.LastPort = target.Ports.First, target.Ports.Last
	if target.Protocol != "" && !isName(text.Value) {
		if given, _ := l.get(n, "protocol"); given != nil && target.Protocol != protocol {
			l.wrong(given, name+" has two protocols: "+string(target.Protocol)+" in its port, and "+string(protocol))
			return
		}
		d.Protocol = target.Protocol
	}
	if target.Host != "" {
		d.Address, _ = boundAddress(target.Host)
		if given, _ := l.get(n, "address"); given != nil && d.Address != address {
			l.wrong(given, name+" has two addresses: "+target.Host+" in its port, and "+quote(given.Value))
			return
		}
	}
	if expect != nil {
		d.Use = l.expected(name, d, expect, d.Use)
	}
	if use, _ := l.get(n, "use"); use != nil {
		switch given := report.Use(use.Value); given {
		case report.UseListen, report.UsePublish, report.UseConnect:
			d.Use = given
		default:
			l.wrong(use, "use is listen, publish or connect")
		}
	}
	l.out.declarations = append(l.out.declarations, d)
}

func (l *ownList) address(n *yaml.Node, name string) (string, bool) {
	value, _ := l.get(n, "address")
	if value == nil {
		return "", true
	}
	address, ok := boundAddress(value.Value)
	if !ok {
		l.wrong(value, "the address of "+name+" is "+quote(value.Value)+", which is none")
	}
	return address, ok
}

func (l *ownList) protocol(n *yaml.Node, name string) (port.Protocol, bool) {
	value, _ := l.get(n, "protocol")
	if value == nil {
		return port.TCP, true
	}
	for _, p := range port.Protocols() {
		if strings.EqualFold(value.Value, string(p)) {
			return p, true
		}
	}
	l.wrong(value, "the protocol of "+name+" is tcp, udp or udplite")
	return "", false
}

// expected reads what is expected of a port of the list. One that somebody is
// to serve is one that need not be free.
func (l *ownList) expected(name string, d report.Declaration, n *yaml.Node, use report.Use) report.Use {
	if n.Kind != yaml.ScalarNode {
		l.wrong(n, "expect has to be a text, as free or user:me,reach:loopback")
		return use
	}
	said, why, better := parseTerms(n.Value, true)
	switch {
	case why != "":
		if better != "" {
			why += "; did you mean " + better + "?"
		}
		l.wrong(n, "what is expected of "+name+": "+why)
		return use
	case d.Port != d.LastPort:
		l.wrong(n, "what is expected of "+name+": an expectation is about one port")
		return use
	}
	l.expect(n, report.Expectation{
		Text: name + "=" + strings.TrimSpace(n.Value), Name: name, Target: targetOf(d), Free: said.free, Owner: said.owner, Reach: said.reach,
	})
	if said.free {
		return use
	}
	return report.UseConnect
}
