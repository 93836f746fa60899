package preflight

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/port"
)

// urlPort is a port that a URL in a text names.
type urlPort struct {
	scheme string // in lower case
	host   string // without brackets
	text   string // the host and the port, as they are written
	port   uint16
	ok     bool // port is one; else it is too large
	offset int  // of text
}

// urlPorts finds the ports that URLs in a text name, without those that a
// scheme stands for. A text may have several, and a URL several hosts, as those
// of MongoDB do. What comes before the host may be secret and is left out.
func urlPorts(text string) []urlPort {
	var out []urlPort
	for from := 0; ; {
		i := strings.Index(text[from:], "://")
		if i < 0 {
			return out
		}
		at := from + i
		scheme := text[from:at]
		scheme = strings.ToLower(scheme[strings.LastIndexFunc(scheme, func(r rune) bool { return !isSchemeRune(r) })+1:])
		from = at + len("://")
		end := strings.IndexAny(text[from:], "/?# \t\r\n\"'`;<>\\|)")
		if end < 0 {
			end = len(text) - from
		}
		hosts, start := text[from:from+end], from
		if i := strings.LastIndexByte(hosts, '@'); i >= 0 {
			hosts, start = hosts[i+1:], start+i+1
		}
		for host := range strings.SplitSeq(hosts, ",") {
			if p, ok := hostPort(host); ok && scheme != "" {
				p.scheme, p.offset = scheme, start
				out = append(out, p)
			}
			start += len(host) + 1
		}
	}
}

func isSchemeRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '+' || r == '.' || r == '-'
}

// hostPort reads HOST:PORT, with the host in brackets where it is one of IPv6.
func hostPort(text string) (urlPort, bool) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 || !isDigits(text[i+1:]) {
		return urlPort{}, false
	}
	host := text[:i]
	if inner, ok := strings.CutPrefix(host, "["); ok {
		host = strings.TrimSuffix(inner, "]")
	} else if strings.IndexByte(host, ':') >= 0 {
		return urlPort{}, false
	}
	n, err := strconv.ParseUint(text[i+1:], 10, 16)
	return urlPort{host: host, text: text, port: uint16(n), ok: err == nil}, true
}

// protocol is that of the URL's scheme.
func (u urlPort) protocol() port.Protocol {
	if strings.HasPrefix(u.scheme, "udp") {
		return port.UDP
	}
	return port.TCP
}

// localAddress is the address of this machine that a host stands for, empty for
// every one. It is false for the hosts of others.
func localAddress(host string) (address string, ok bool) {
	switch host = strings.ToLower(host); host {
	case "", "*", "+", "0.0.0.0", "::", "[::]":
		return "", true
	case "localhost", "host.docker.internal", "host.containers.internal":
		return "localhost", true
	}
	if strings.HasSuffix(host, ".localhost") {
		return "localhost", true
	}
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil && addr.IsLoopback() {
		return addr.String(), true
	}
	return "", false
}

func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

// boundAddress is the address that something binds to, empty for every one. It
// is false for what is no address of IP and not localhost.
func boundAddress(text string) (address string, ok bool) {
	if address, ok = localAddress(text); ok {
		return address, true
	}
	return strings.Trim(text, "[]"), isAddress(strings.Trim(text, "[]"))
}
