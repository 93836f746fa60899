package port

import (
	"net/netip"
	"strings"
)

// parseHost reads what stands before the colon. The ports are those after
// it, for the fix.
func parseHost(host, ports string) (string, []netip.Addr, *fault) {
	if host == "" || host == "*" { // *:80 is how lsof and ss write "any"
		return "", nil, nil
	}
	if isLocalhost(host) {
		return host, loopback(), nil
	}
	inner, bracketed := strings.CutPrefix(host, "[")
	inner = strings.TrimSuffix(inner, "]")
	if addr, ok := parseAddress(inner); ok {
		switch {
		case bracketed && addr.Is4():
			return "", nil, &fault{reason: "only an IPv6 address goes in brackets", fix: inner + ":" + ports}
		case !bracketed && addr.Is6() && addr != netip.IPv6Unspecified():
			return "", nil, &fault{reason: reasonBrackets, fix: "[" + host + "]:" + ports}
		}
		return inner, []netip.Addr{addr}, nil // with :::3000, as netstat and Node.js write it
	}
	if bracketed {
		return "", nil, &fault{reason: "this is not an IPv6 address"}
	}
	return "", nil, notAHost(host, ports)
}

// notAHost says why a host is none of this machine's addresses.
func notAHost(host, ports string) *fault {
	if address, _, ok := strings.Cut(host, "%"); ok {
		if addr, ok := parseAddress(address); ok && addr.Is4() { // ss writes 127.0.0.53%lo:53
			return &fault{reason: "an IPv4 address has no zone", fix: address + ":" + ports}
		}
	}
	switch {
	case strings.Contains(host, "@"): // me@localhost:22
		why := &fault{reason: "only a URL has a user name", fix: ports}
		local := host[strings.LastIndexByte(host, '@')+1:] + ":" + ports
		if isSuggestion(local) {
			why.fix = local
		}
		return why
	case isDigits(host): // 8080:80 publishes port 8080 in Docker's and Compose's terms
		return &fault{reason: "an address goes before the colon", fix: host}
	case strings.Contains(host, ":"):
		return &fault{reason: "there is a colon too many", fix: host}
	case isDigits(strings.ReplaceAll(host, ".", "")):
		why := &fault{reason: "an IPv4 address is four numbers from 0 to 255", fix: ports}
		if host == "127.1" {
			why.fix = "127.0.0.1:" + ports
		}
		return why
	case len(host) >= len("localhost")-1 && distance(strings.ToLower(host), "localhost") <= 2:
		return &fault{reason: reasonForeign, fix: "localhost:" + ports}
	case strings.ContainsAny(host, " \t"):
		return &fault{reason: "a host has no blanks", unknown: true}
	}
	return &fault{reason: reasonForeign, fix: ports}
}

func loopback() []netip.Addr {
	return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
}

// isLocalhost reports whether the name is localhost or below it, in any case
// and with or without the root's dot. RFC 6761 section 6.3 makes all of them
// loopback.
func isLocalhost(name string) bool {
	const localhost = "localhost"
	name = strings.TrimSuffix(name, ".")
	if len(name) > 253 || len(name) < len(localhost) || !strings.EqualFold(name[len(name)-len(localhost):], localhost) {
		return false
	}
	below := name[:len(name)-len(localhost)]
	if below == "" {
		return true
	}
	below, ok := strings.CutSuffix(below, ".")
	if !ok {
		return false
	}
	for label := range strings.SplitSeq(below, ".") {
		if label == "" || strings.ContainsFunc(label, func(r rune) bool {
			return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
		}) {
			return false
		}
	}
	return true
}

// parseAddress is netip.ParseAddr for zones that can be the name or the index
// of an interface. netip takes any text for a zone, a colon and a port
// included.
func parseAddress(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, false
	}
	zone := addr.Zone()
	if len(zone) > 32 || strings.ContainsFunc(zone, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`/:%[]"`, r)
	}) {
		return netip.Addr{}, false
	}
	return addr, true
}
