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
// --publish does: the short syntax of compose. Ranges of the same length are
// published in pairs. Why is empty where it is that.
func parsePublish(text string) (out []published, why string) {
	specs, err := parsePortSpec(text)
	if err != nil {
		return nil, err.Error()
	}
	for _, s := range specs {
		p := published{address: s.address, target: s.target, protocol: port.Protocol(s.protocol)}
		if p.protocol != port.TCP && p.protocol != port.UDP {
			return nil, "the protocol is tcp or udp"
		}
		if p.address == "0.0.0.0" || p.address == "::" {
			p.address = ""
		}
		if s.published != "" {
			p.ports, _ = portRange(s.published) // parsePortSpec has read it
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
