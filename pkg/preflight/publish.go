package preflight

import (
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/port"
)

// published is a container's port and the one of this machine that leads to it.
type published struct {
	address  string
	port     uint16 // 0 for one that the engine picks
	target   uint16
	protocol port.Protocol
}

// parsePublish reads [[ADDRESS:]PORT:]TARGET[/PROTOCOL], as docker run
// --publish does, for single ports. Why is empty where it is that.
func parsePublish(text string) (p published, why string) {
	rest, protocol, ok := strings.Cut(text, "/")
	p.protocol = port.TCP
	switch {
	case !ok, protocol == "tcp":
	case protocol == "udp":
		p.protocol = port.UDP
	default:
		return p, "the protocol is tcp or udp"
	}
	i := strings.LastIndexByte(rest, ':')
	if p.target, ok = portNumber(rest[i+1:]); !ok {
		return p, quote(rest[i+1:]) + " is no port"
	}
	if i < 0 {
		return p, ""
	}
	rest = rest[:i]
	i = strings.LastIndexByte(rest, ':')
	if number := rest[i+1:]; number != "" {
		if p.port, ok = portNumber(number); !ok {
			return p, quote(number) + " is no port"
		}
	}
	if i >= 0 {
		address := strings.Trim(rest[:i], "[]")
		if !isAddress(address) && address != "" {
			return p, quote(address) + " is no address"
		}
		if address != "0.0.0.0" && address != "::" {
			p.address = address
		}
	}
	return p, ""
}

func portNumber(text string) (uint16, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err == nil && isDigits(text)
}
