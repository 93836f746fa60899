package preflight

import (
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/report"
)

// namesPort reports whether a variable's name, in capitals, says that its value
// is a port of this machine.
func namesPort(name string) bool {
	return name == "PORT" || name == "PGPORT" || strings.HasSuffix(name, "_PORT") && !namesInside(name)
}

// namesBind reports whether a variable's name says that a server binds what it
// names. What it advertises is for others to connect to.
func namesBind(name string) bool {
	return (strings.Contains(name, "LISTEN") || strings.Contains(name, "BIND")) && !strings.Contains(name, "ADVERTISE")
}

// namesInside reports whether a variable's name says that its port is one inside
// a container, whatever publishes it.
func namesInside(name string) bool {
	words := strings.Split(name, "_")
	return slices.Contains(words, "CONTAINER") || slices.Contains(words, "TARGET")
}

// useOfPort is what the port of a variable is for, as far as its name tells.
func useOfPort(name string) report.Use {
	words := strings.Split(strings.TrimSuffix(name, "PORT"), "_")
	if slices.ContainsFunc(words, isClientWord) || isBrowserVariable(name) {
		return report.UseConnect
	}
	return report.UseListen
}

// isBrowserVariable tells what the build tools of web pages hand to the code in
// the browser. VITE_PORT alone is often read by vite.config.
func isBrowserVariable(name string) bool {
	rest, vite := strings.CutPrefix(name, "VITE_")
	return vite && rest != "PORT" || strings.HasPrefix(name, "NEXT_PUBLIC_") || strings.HasPrefix(name, "REACT_APP_")
}

// isClientWord tells the servers that a project connects to, and does not
// start from its .env file.
func isClientWord(word string) bool {
	switch word {
	case "DB", "DATABASE", "SQL", "POSTGRES", "POSTGRESQL", "PG", "MYSQL", "MARIADB", "MSSQL", "ORACLE",
		"REDIS", "VALKEY", "MEMCACHED", "MEMCACHE", "CACHE", "MONGO", "MONGODB", "COUCHDB", "CASSANDRA",
		"CLICKHOUSE", "NEO4J", "INFLUX", "INFLUXDB", "ELASTIC", "ELASTICSEARCH", "OPENSEARCH", "MEILISEARCH",
		"RABBITMQ", "RABBIT", "AMQP", "KAFKA", "ZOOKEEPER", "NATS", "MQTT", "BROKER", "QUEUE",
		"SMTP", "MAIL", "MAILER", "EMAIL", "IMAP", "POP3", "LDAP", "FTP", "SFTP", "SSH", "SMB",
		"MINIO", "S3", "CONSUL", "VAULT", "ETCD", "STATSD", "SENTRY", "REMOTE", "UPSTREAM":
		return true
	}
	return false
}

// hostSiblings are the variables that hold the host to a variable's port.
func hostSiblings(name string) []string {
	stem := strings.TrimSuffix(name, "PORT")
	return []string{stem + "HOST", stem + "HOSTNAME", stem + "SERVER", stem + "ADDRESS", stem + "ADDR", stem + "IP", stem + "BIND"}
}

// isDevicePort tells the values of variables that name a port of another kind:
// SERIAL_PORT=/dev/ttyUSB0, COM_PORT=COM3, or whether there is one at all.
func isDevicePort(value string) bool {
	switch strings.ToLower(value) {
	case "true", "false", "yes", "no", "on", "off", "none", "null", "auto", "default":
		return true
	}
	return strings.HasPrefix(value, "/") || strings.HasPrefix(value, "COM") || strings.HasPrefix(value, "tty") || strings.HasPrefix(value, `\\.\`)
}
