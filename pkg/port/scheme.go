package port

import "strings"

// schemePort returns the port that a URL scheme stands for, 0 where it stands
// for none, and the protocol where the scheme is defined over one. It reports
// false for schemes of URLs that never hold a port. The scheme is in lower
// case.
//
// A scheme that is not listed stands for the service of its name.
func schemePort(scheme string) (number uint16, protocol Protocol, ok bool) {
	scheme = scheme[strings.LastIndexByte(scheme, ':')+1:] // jdbc:postgresql
	switch scheme {
	case "unix", "http+unix", "file", "npipe", "data":
		return 0, "", false

	case "tcp", "tcp4", "tcp6":
		return 0, TCP, true
	case "udp", "udp4", "udp6":
		return 0, UDP, true

	case "http", "ws": // RFC 9110 section 4.2.1, RFC 6455 section 3
		return 80, TCP, true
	case "https", "wss": // RFC 9110 section 4.2.2; HTTP/3 is found from TCP by Alt-Svc
		return 443, TCP, true
	case "ftp":
		return 21, TCP, true
	case "ssh", "sftp", "git+ssh", "svn+ssh":
		return 22, TCP, true
	case "git":
		return 9418, TCP, true
	case "ldap":
		return 389, TCP, true
	case "ldaps":
		return 636, TCP, true
	case "rtmp":
		return 1935, TCP, true
	case "vnc":
		return 5900, TCP, true
	case "socks4", "socks5", "socks5h":
		return 1080, TCP, true

	case "postgres", "postgresql":
		return 5432, TCP, true
	case "mysql", "mariadb":
		return 3306, TCP, true
	case "sqlserver", "mssql":
		return 1433, TCP, true
	case "cockroachdb":
		return 26257, TCP, true
	case "mongodb", "mongodb+srv":
		return 27017, TCP, true
	case "redis", "rediss", "valkey", "valkeys":
		return 6379, TCP, true
	case "bolt", "neo4j":
		return 7687, TCP, true

	case "amqp":
		return 5672, TCP, true
	case "amqps":
		return 5671, TCP, true
	case "mqtt":
		return 1883, TCP, true
	case "mqtts":
		return 8883, TCP, true
	case "nats":
		return 4222, TCP, true
	case "kafka":
		return 9092, TCP, true
	}
	if base, _, ok := strings.Cut(scheme, "+"); ok { // postgresql+psycopg
		return schemePort(base)
	}
	ports, protocol, why := portsNamed(scheme, "")
	if why != nil || ports.Len() != 1 {
		return 0, "", true
	}
	return ports.First, protocol, true
}
