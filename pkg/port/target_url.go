package port

import (
	"strconv"
	"strings"
)

// parseURL reads the scheme and the authority of a URL (RFC 3986 section
// 3.2). It does not use net/url, which refuses connection strings that
// databases take, such as jdbc:postgresql://localhost/db.
func parseURL(scheme, rest string) (Target, *fault) {
	number, protocol, known := schemePort(strings.ToLower(scheme))
	if !known {
		return Target{}, &fault{reason: "a URL of this kind has no port"}
	}
	if rest == "" || rest[0] == '?' || rest[0] == '#' {
		return Target{}, &fault{reason: "the URL ends after its scheme"}
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	host := authority[strings.LastIndexByte(authority, '@')+1:]
	if strings.Contains(host, ",") { // mongodb://a:1,b:2/
		return Target{}, &fault{reason: "a URL for several hosts is not one target"}
	}
	host = strings.Replace(host, "%25", "%", 1) // RFC 6874 writes a zone so

	ports := ""
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host, ports = host[:i], host[i+1:]
	}
	if ports != "" {
		n, why := parseNumber(ports)
		if why != nil {
			return Target{}, why
		}
		number = n
	}
	if host == "+" { // ASP.NET Core and HTTP.sys write "any" so
		host = "*"
	}
	if number == 0 {
		return Target{}, &fault{reason: "the URL has no port and its scheme tells none", fix: host + ":PORT"}
	}
	target := Target{Protocol: protocol, Ports: One(number)}
	var why *fault
	target.Host, target.Addresses, why = parseHost(host, strconv.Itoa(int(number)))
	if why != nil {
		return Target{}, why
	}
	return target, nil
}
