package port

import (
	"net/netip"
	"strconv"
	"strings"
)

// ParseTarget reads a target in any of the forms that people have in hand:
//
//	3000  :3000  8000-8010  *:80                 ports alone
//	127.0.0.1:3000  [::1]:8000-8010  :::3000     an address and ports
//	localhost:3000  app.localhost:3000           the loopback addresses (RFC 6761 section 6.3)
//	udp/53  53/udp  tcp:80  udp/127.0.0.1:53     a protocol and any of the above
//	postgres  https  localhost:http              a service or tool by name
//	http://localhost:3000/x  redis://127.0.0.1   a URL; the scheme gives the port when the URL has none
//
// A name sets Protocol when it is registered for one protocol only, a URL
// when its scheme is defined over one.
//
// The error is always a *TargetError.
func ParseTarget(text string) (Target, error) {
	text = strings.TrimSpace(text)
	target, why := parse(text)
	if why != nil {
		return Target{}, newTargetError(text, why)
	}
	target.Text = withoutSecrets(text)
	return target, nil
}

// fault says why a text is no target. The functions below that read a part
// of a text give a fix for that part, and their caller puts it in place.
type fault struct {
	reason string
	// fix is what to write instead; empty where that is not known.
	fix string
	// unknown marks a word that means nothing here, so that a repair of the
	// whole text is a better guess than fix.
	unknown bool
}

// The reasons that more than one place gives.
const (
	reasonEmpty      = "it is empty"
	reasonPort0      = "port 0 asks the kernel to pick one"
	reasonPortBounds = "ports go from 1 to 65535"
	reasonNeedsPort  = "an address needs a port"
	reasonNoPort     = "the port is missing"
	reasonBrackets   = "an IPv6 address before a port goes in brackets"
	reasonForeign    = "portwho looks at this machine's own ports"
	reasonOne        = "a target is one port or one range"
	reasonUnknown    = "it is not a port, an address or a known service"
	reasonProtocol   = "the protocol is tcp, udp or udplite"
)

func parse(text string) (Target, *fault) {
	if text == "" {
		return Target{}, &fault{reason: reasonEmpty}
	}
	if scheme, rest, ok := strings.Cut(text, "://"); ok {
		return parseURL(scheme, rest)
	}
	protocol, start, end, why := findProtocol(text)
	if why != nil {
		return Target{}, why
	}
	target, why := parsePlace(text[start:end], protocol)
	if why != nil {
		if why.fix != "" {
			why.fix = text[:start] + why.fix + text[end:]
		}
		return Target{}, why
	}
	return target, nil
}

// findProtocol finds the protocol in tcp/53, 53/tcp and tcp:53, and says
// where the rest of the text starts and ends.
func findProtocol(text string) (protocol Protocol, start, end int, why *fault) {
	first := strings.IndexByte(text, '/')
	if first < 0 {
		colon := strings.IndexByte(text, ':')
		if colon > 0 {
			protocol = protocolNamed(text[:colon])
		}
		if protocol != "" {
			return protocol, colon + 1, len(text), nil
		}
		return "", 0, len(text), nil
	}
	last := strings.LastIndexByte(text, '/')
	if first != last {
		why = &fault{reason: "a target has one slash at most, beside its protocol"}
		if protocolNamed(text[:first]) != "" {
			why.fix = text[:last]
		} else {
			why.fix = text[:first]
		}
		return "", 0, 0, why
	}
	before, after := text[:first], text[first+1:]
	if protocol = protocolNamed(before); protocol != "" {
		return protocol, first + 1, len(text), nil
	}
	if protocol = protocolNamed(after); protocol != "" {
		return protocol, 0, first, nil
	}
	why = &fault{reason: reasonProtocol}
	switch {
	case isOtherProtocol(before) || isOtherProtocol(after):
	case likelyProtocol(after) != "":
		why.fix = before + "/" + string(likelyProtocol(after))
	case likelyProtocol(before) != "":
		why.fix = string(likelyProtocol(before)) + "/" + after
	default: // a URL that lost its scheme, such as localhost:3000/x
		why.reason, why.fix = "only a protocol goes beside a slash", before
		if len(after) > 2 && isDigits(after) { // no prefix length, as of 10.0.0.0/8
			why.fix = before + ":" + after
		}
	}
	return "", 0, 0, why
}

func protocolNamed(name string) Protocol {
	for _, p := range [...]Protocol{TCP, UDP, UDPLite} {
		if strings.EqualFold(name, string(p)) {
			return p
		}
	}
	return ""
}

// isOtherProtocol knows the protocols that have ports, or are taken to have
// them, and that a mistyped tcp or udp must not be read into.
func isOtherProtocol(name string) bool {
	switch strings.ToLower(name) {
	case "sctp", "dccp", "icmp", "ip", "mptcp":
		return true
	}
	return false
}

func likelyProtocol(name string) Protocol {
	name = strings.ToLower(name)
	for _, p := range [...]Protocol{TCP, UDP, UDPLite} {
		if distance(name, string(p)) == 1 {
			return p
		}
	}
	return ""
}

// parsePlace reads ports with an optional address before them.
func parsePlace(text string, protocol Protocol) (Target, *fault) {
	host, ports, hasHost, why := splitPlace(text)
	if why != nil {
		return Target{}, why
	}
	target := Target{Protocol: protocol}
	if hasHost {
		target.Host, target.Addresses, why = parseHost(host, ports)
		if why != nil {
			return Target{}, why
		}
	}
	var named Protocol
	target.Ports, named, why = parsePorts(ports, protocol)
	if why != nil {
		if why.fix != "" {
			why.fix = strings.TrimSuffix(text, ports) + why.fix
		}
		return Target{}, why
	}
	if protocol == "" {
		target.Protocol = named
	}
	return target, nil
}

// splitPlace parts an address from the ports after it. The host keeps its
// brackets.
func splitPlace(text string) (host, ports string, hasHost bool, why *fault) {
	if strings.HasPrefix(text, "[") {
		end := strings.IndexByte(text, ']')
		switch {
		case end < 0:
			return "", "", false, &fault{reason: "the bracket is not closed"}
		case end == len(text)-1:
			return "", "", false, &fault{reason: reasonNeedsPort, fix: text + ":PORT"}
		case text[end+1] != ':':
			return "", "", false, &fault{reason: "a colon goes after the bracket", fix: text[:end+1] + ":" + text[end+1:]}
		}
		return text[:end+1], text[end+2:], true, nil
	}
	if addr, ok := parseAddress(text); ok {
		return "", "", false, bareAddress(text, addr)
	}
	if isLocalhost(text) {
		return "", "", false, &fault{reason: reasonNeedsPort, fix: text + ":PORT"}
	}
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 {
		return "", text, false, nil
	}
	return text[:colon], text[colon+1:], true, nil
}

// bareAddress explains an address that stands alone. ::1:3000 is one too,
// though its writer meant a port.
func bareAddress(text string, addr netip.Addr) *fault {
	if addr.Is4() {
		return &fault{reason: reasonNeedsPort, fix: text + ":PORT"}
	}
	colon := strings.LastIndexByte(text, ':')
	host, ports := text[:colon], text[colon+1:]
	if host == ":" && len(ports) > 1 { // ::3000
		host = "::"
	}
	if _, why := parseNumber(ports); why == nil {
		if _, ok := parseAddress(host); ok {
			return &fault{reason: reasonBrackets, fix: "[" + host + "]:" + ports}
		}
	}
	return &fault{reason: reasonNeedsPort, fix: "[" + text + "]:PORT"}
}

// parsePorts reads a port, a range or a service name. The protocol narrows
// what a name can stand for; the one returned is the one a name is
// registered for, and empty if there are several.
func parsePorts(text string, protocol Protocol) (Range, Protocol, *fault) {
	if text == "" {
		return Range{}, "", &fault{reason: reasonNoPort, fix: "PORT"}
	}
	if isDigits(text) {
		number, why := parseNumber(text)
		return One(number), "", why
	}
	if first, last, ok := strings.Cut(text, "-"); ok && isDigits(first+last) {
		r, why := parseRange(first, last)
		return r, "", why
	}
	return portsNamed(text, protocol)
}

func parseRange(first, last string) (Range, *fault) {
	switch {
	case first == "":
		return Range{}, &fault{reason: reasonPortBounds}
	case last == "":
		return Range{}, &fault{reason: "the range has no end", fix: first}
	}
	a, why := parseNumber(first)
	if why != nil {
		if why.reason == reasonPort0 {
			why.fix = "1-" + last
		}
		return Range{}, why
	}
	b, why := parseNumber(last)
	switch {
	case why != nil && why.reason == reasonPortBounds:
		why.fix = first + "-65535"
		return Range{}, why
	case why != nil:
		return Range{}, why
	case a > b:
		return Range{}, &fault{reason: "the range ends before it starts", fix: last + "-" + first}
	}
	return Range{a, b}, nil
}

// parseNumber reads a port number in decimal; leading zeros do not make it
// octal.
func parseNumber(digits string) (uint16, *fault) {
	if !isDigits(digits) {
		return 0, &fault{reason: reasonPortBounds}
	}
	digits = strings.TrimLeft(digits, "0")
	if digits == "" {
		return 0, &fault{reason: reasonPort0}
	}
	number, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return 0, &fault{reason: reasonPortBounds}
	}
	return uint16(number), nil
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}
