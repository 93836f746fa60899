package port

import (
	"slices"
	"strings"
)

// portsNamed returns the ports that a name stands for, and the protocol if it
// is registered for one only. Names known to IANA come before developer
// tools; several ports must make one range, as those of x11 do.
func portsNamed(name string, protocol Protocol) (Range, Protocol, *fault) {
	assigned := PortsNamed(canonicalName(name))
	if len(assigned) == 0 {
		assigned = toolPorts(canonicalName(name))
	}
	if len(assigned) == 0 {
		return Range{}, "", &fault{reason: reasonUnknown, fix: nearestName(name), unknown: true}
	}
	if space := namespace(protocol); slices.ContainsFunc(assigned, func(a Assignment) bool { return a.Protocol == space }) {
		assigned = slices.DeleteFunc(assigned, func(a Assignment) bool { return a.Protocol != space })
	}
	slices.SortFunc(assigned, func(a, b Assignment) int { return int(a.Number) - int(b.Number) })
	ports := One(assigned[0].Number)
	protocol = assigned[0].Protocol
	for _, a := range assigned {
		if int(a.Number) > int(ports.Last)+1 {
			return Range{}, "", &fault{reason: "the name stands for several ports", fix: ports.String()}
		}
		ports.Last = a.Number
		if a.Protocol != protocol {
			protocol = ""
		}
	}
	return ports, protocol, nil
}

// canonicalName returns the name under which IANA or the tool list knows what
// people call otherwise.
func canonicalName(name string) string {
	switch strings.ToLower(name) {
	case "postgres", "pg", "psql", "pgsql":
		return "postgresql"
	case "mariadb":
		return "mysql"
	case "mongo":
		return "mongodb"
	case "memcached":
		return "memcache"
	case "mssql", "sqlserver":
		return "ms-sql-s"
	case "oracle":
		return "Oracle Database"
	case "rabbitmq":
		return "amqp"
	case "mosquitto":
		return "mqtt"
	case "etcd":
		return "etcd-client"
	case "dns":
		return "domain"
	case "sshd":
		return "ssh"
	case "rdp":
		return "ms-wbt-server"
	case "vnc":
		return "rfb"
	case "smb":
		return "microsoft-ds"
	case "dhcp":
		return "bootps"
	case "kubernetes", "k8s":
		return "Kubernetes API server"
	}
	return name
}

// commonNames are the names worth guessing at from a mistyped one, those that
// people type most first.
const commonNames = "http https ssh postgres postgresql redis mysql mariadb mongodb mongo memcached docker " +
	"domain dns smtp imap pop3 ftp ntp ldap telnet rabbitmq amqp mqtt kafka etcd nats vite ollama valkey " +
	"prometheus zookeeper cassandra couchdb rdp vnc"

// nearestName returns the name that a mistyped one was probably meant to be;
// empty if none is near.
func nearestName(name string) string {
	name = strings.ToLower(name)
	if len(name) < 3 || len(name) > 20 {
		return ""
	}
	allowed := 2
	if len(name) < 5 {
		allowed = 1
	}
	best := ""
	for candidate := range strings.FieldsSeq(commonNames) {
		if d := distance(name, candidate); d <= allowed {
			best, allowed = candidate, d-1
		}
	}
	if best != "" || len(name) < 4 {
		return best
	}
	for rest := services; rest != ""; {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		candidate := parseService(line).Name
		if difference := len(candidate) - len(name); difference < -1 || difference > 1 {
			continue
		}
		if candidate = strings.ToLower(candidate); distance(name, candidate) == 1 {
			return candidate
		}
	}
	return ""
}
