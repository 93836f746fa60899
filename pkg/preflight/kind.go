package preflight

import (
	"cmp"
	"strconv"

	"go.yaml.in/yaml/v4"

	"github.com/portwho/portwho/pkg/report"
)

// kind reads a configuration of a cluster (kind, "Configuration"): the ports
// that its nodes publish, and the one of the API server.
func (m *manifests) kind(n *yaml.Node) {
	cluster := cmp.Or(m.text(n, "name"), "kind")
	networking, _ := m.get(n, "networking")
	if written, _ := m.get(networking, "apiServerPort"); written != nil {
		address := cmp.Or(m.text(networking, "apiServerAddress"), "127.0.0.1")
		m.kindPort(written, cluster+"/apiServer", report.Declaration{Address: address}, "")
	}
	for _, node := range m.list(n, "nodes") {
		name := cluster + "/" + cmp.Or(m.text(node, "role"), "control-plane")
		for _, mapping := range m.list(node, "extraPortMappings") {
			written, _ := m.get(mapping, "hostPort")
			if written == nil {
				continue
			}
			d := report.Declaration{Address: m.text(mapping, "listenAddress")}
			if target, err := strconv.ParseUint(m.text(mapping, "containerPort"), 10, 16); err == nil {
				d.Target = uint16(target)
			}
			m.kindPort(written, name, d, m.text(mapping, "protocol"))
		}
	}
}

// kindPort reads a port that kind takes from -1 on. -1 and 0 are for kind or
// the engine to choose.
func (m *manifests) kindPort(written *yaml.Node, name string, d report.Declaration, protocol string) {
	number, err := strconv.ParseInt(written.Value, 0, 64)
	if err != nil || written.ShortTag() != "!!int" || number < -1 || number > 65535 {
		m.out.findings = append(m.out.findings, badValue(m.f, written.Line, written.Column, name, "a port of "+name+" is",
			portValue{why: quote(written.Value) + ", which kind refuses: it is a number from -1 to 65535", severity: report.SeverityError}))
		return
	}
	d.Use, d.Port = report.UsePublish, uint16(max(number, 0))
	m.add(written, report.FormatKind, name, d, protocol)
}
