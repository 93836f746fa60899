package preflight

import (
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/port"
)

// published is a container's port and the one of this machine that leads to it.
type published struct {
	address  string
	ports    port.Range // any one of them; of port 0 for one that the engine picks
	target   uint16
	protocol port.Protocol
}

// parsePublish reads [[ADDRESS:]PORT:]TARGET[/PROTOCOL], as docker run
// --publish does (go-connections, nat.ParsePortSpec). Ranges of the same length
// are published in pairs. Why is empty where it is that.
func parsePublish(text string) (out []published, why string) {
	rest, protocol, ok := strings.Cut(text, "/")
	p := published{protocol: port.TCP}
	switch strings.ToLower(protocol) {
	case "tcp":
	case "udp":
		p.protocol = port.UDP
	default:
		if ok {
			return nil, "the protocol is tcp or udp"
		}
	}
	rest, number := cutLastColon(rest)
	targets, ok := portRange(number)
	if !ok {
		return nil, quote(number) + " is no port"
	}
	address, number := cutLastColon(rest)
	if number != "" {
		if p.ports, ok = portRange(number); !ok {
			return nil, quote(number) + " is no port"
		}
	}
	address = strings.Trim(address, "[]")
	switch {
	case address == "", address == "0.0.0.0", address == "::":
	case isAddress(address):
		p.address = address
	default:
		return nil, quote(address) + " is no address"
	}
	switch {
	case targets.Len() == 1:
		p.target = targets.First
		return []published{p}, ""
	case number != "" && p.ports.Len() != targets.Len():
		return nil, "the ranges differ in length"
	}
	first := p.ports.First
	for i := range targets.Len() {
		p.target = targets.First + uint16(i)
		if number != "" {
			p.ports = port.One(first + uint16(i))
		}
		out = append(out, p)
	}
	return out, ""
}

func cutLastColon(text string) (before, after string) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return "", text
	}
	return text[:i], text[i+1:]
}

// portRange reads a port or a range of ports.
func portRange(text string) (port.Range, bool) {
	var r port.Range
	err := r.UnmarshalText([]byte(text))
	return r, err == nil
}

func portNumber(text string) (uint16, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err == nil && isDigits(text)
}
