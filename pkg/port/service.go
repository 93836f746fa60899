package port

import (
	_ "embed"
	"strings"
)

//go:generate go run ./internal/ianagen

// services is IANA's registry of service names; see NOTICE. A line is
//
//	53 domain Domain Name Server
//	2375t docker Docker REST API (plain text)
//
// where t or u limits it to TCP or UDP. The first line for a port and
// protocol has the name that counts; the others are synonyms.
//
//go:embed services.txt
var services string

// Service is an entry of IANA's Service Name and Transport Protocol Port
// Number Registry (RFC 6335). It says what a port was registered for, not
// what uses it here.
type Service struct {
	Name string `json:"name"`
	// Description is empty where it would say the name again, or is long.
	Description string `json:"description,omitempty"`
}

// Assignment is a port number in the space of a protocol.
type Assignment struct {
	Protocol Protocol `json:"protocol"`
	Number   uint16   `json:"port"`
}

// ServiceOf returns the service that IANA lists for a port, and false where
// it lists none. UDP-Lite uses the numbers assigned for UDP (RFC 3828
// section 3.1).
func ServiceOf(p Protocol, number uint16) (Service, bool) {
	for line := range linesOf(services, number) {
		if has(line, namespace(p)) {
			return parseService(line), true
		}
	}
	return Service{}, false
}

// PortsNamed returns the ports registered under a service name, without
// regard to case (RFC 6335 section 5.1), sorted by protocol and number. It
// reads the whole table, which takes a fraction of a millisecond.
func PortsNamed(name string) []Assignment {
	var tcp, udp []Assignment
	for rest := services; rest != ""; {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if !strings.EqualFold(parseService(line).Name, name) {
			continue
		}
		number, _ := leadingNumber(line)
		if has(line, TCP) {
			tcp = append(tcp, Assignment{TCP, number})
		}
		if has(line, UDP) {
			udp = append(udp, Assignment{UDP, number})
		}
	}
	return append(tcp, udp...)
}

// namespace returns the protocol whose names apply to a protocol's ports.
func namespace(p Protocol) Protocol {
	if p == UDPLite {
		return UDP
	}
	return p
}

// has reports whether a line of services is about the protocol.
func has(line string, p Protocol) bool {
	_, rest := leadingNumber(line)
	switch rest[0] {
	case 't':
		return p == TCP
	case 'u':
		return p == UDP
	}
	return p == TCP || p == UDP
}

func parseService(line string) Service {
	_, rest, _ := strings.Cut(line, " ")
	name, description, _ := strings.Cut(rest, " ")
	return Service{name, description}
}
