package preflight

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// A portSpec is one port of the short syntax, [[ADDRESS:]PUBLISHED:]TARGET[/PROTOCOL],
// as docker reads it (docker/go-connections, nat.ParsePortSpec).
type portSpec struct {
	address   string // without brackets; empty for none
	published string // a number, a range of which any will do, or empty for any
	target    uint16
	protocol  string // tcp, udp or sctp
}

// A dockerError is worded as docker words it, since that is what people look for.
type dockerError string

func (e dockerError) Error() string { return string(e) }

func dockerSays(format string, arguments ...any) error {
	return dockerError(fmt.Sprintf(format, arguments...))
}

// parsePortSpec takes the short syntax apart. A range of container ports gives
// one port each.
func parsePortSpec(text string) ([]portSpec, error) {
	address, published, target := splitPortSpec(text)
	target, protocol := splitPortProtocol(target)
	address, err := bareAddress(address)
	if err != nil {
		return nil, err
	}
	if target == "" {
		return nil, dockerSays("No port specified: %s<empty>", text)
	}
	first, last, err := parsePortRange(target)
	if err != nil {
		return nil, dockerSays("Invalid containerPort: %s", target)
	}
	var firstPublished, lastPublished uint16
	if published != "" {
		if firstPublished, lastPublished, err = parsePortRange(published); err != nil {
			return nil, dockerSays("Invalid hostPort: %s", published)
		}
		if last-first != lastPublished-firstPublished && first != last {
			return nil, dockerSays("Invalid ranges specified for container and host Ports: %s and %s", target, published)
		}
	}
	protocol = strings.ToLower(protocol)
	if protocol != "tcp" && protocol != "udp" && protocol != "sctp" {
		return nil, dockerSays("Invalid proto: %s", protocol)
	}
	out := make([]portSpec, 0, int(last-first)+1)
	for i := 0; i <= int(last-first); i++ {
		spec := portSpec{address: address, target: first + uint16(i), protocol: protocol}
		switch {
		case published == "":
		case first == last && firstPublished != lastPublished:
			spec.published = fmt.Sprintf("%d-%d", firstPublished, lastPublished)
		default:
			spec.published = strconv.Itoa(int(firstPublished) + i)
		}
		out = append(out, spec)
	}
	return out, nil
}

// splitPortSpec takes everything before the last two colons for the address.
func splitPortSpec(text string) (address, published, target string) {
	rest, target, found := cutLast(text, ":")
	if !found {
		return "", "", text
	}
	address, published, found = cutLast(rest, ":")
	if !found {
		return "", rest, target
	}
	return address, published, target
}

func cutLast(text, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(text, separator); i >= 0 {
		return text[:i], text[i+len(separator):], true
	}
	return text, "", false
}

// splitPortProtocol cuts the protocol off. A third part is dropped.
func splitPortProtocol(text string) (target, protocol string) {
	parts := strings.Split(text, "/")
	switch {
	case parts[0] == "":
		return "", ""
	case len(parts) == 1 || parts[1] == "":
		return parts[0], "tcp"
	}
	return parts[0], parts[1]
}

// bareAddress takes the brackets off an address. An IPv6 one needs them.
func bareAddress(text string) (string, error) {
	host := text
	why := ""
	switch {
	case strings.HasPrefix(text, "["):
		end := strings.IndexByte(text, ']')
		switch {
		case end < 0:
			why = "missing ']' in address"
		case end+1 < len(text) && strings.HasPrefix(text[end+1:], ":"):
			why = "too many colons in address"
		case end+1 < len(text):
			why = "missing port in address"
		default:
			host = text[1:end]
		}
	case strings.Contains(text, ":"):
		why = "too many colons in address"
	}
	if why == "" && strings.ContainsAny(host, "[") {
		why = "unexpected '[' in address"
	}
	if why == "" && strings.ContainsAny(host, "]") {
		why = "unexpected ']' in address"
	}
	if why != "" {
		return "", dockerSays("Invalid ip address %s: address %s:: %s", text, text, why)
	}
	if host != "" && !isBareAddress(host) {
		return "", dockerSays("Invalid ip address: %s", host)
	}
	return host, nil
}

// isBareAddress reports whether the text is an IP address, without brackets and
// zone.
func isBareAddress(text string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && address.Zone() == ""
}

// parsePortRange reads 8000 or 8000-8010. A third number is not looked at,
// since docker does not.
func parsePortRange(text string) (first, last uint16, err error) {
	low, rest, isRange := strings.Cut(text, "-")
	if first, err = parsePortNumber(low); err != nil || !isRange {
		return first, first, err
	}
	high, _, _ := strings.Cut(rest, "-")
	if last, err = parsePortNumber(high); err != nil {
		return 0, 0, err
	}
	if last < first {
		return 0, 0, dockerSays("Invalid range specified for the Port: %s", text)
	}
	return first, last, nil
}

func parsePortNumber(text string) (uint16, error) {
	number, err := strconv.ParseUint(text, 10, 16)
	return uint16(number), err
}
