package preflight

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// The node ports that the API server gives out, unless it is started with
// another --service-node-port-range.
const firstNodePort, lastNodePort = 30000, 32767

// looksKubernetes tells a manifest, and looksKind a configuration of kind.
func looksKubernetes(f file) bool { return hasTopKey(f, "apiVersion") && hasTopKey(f, "kind") }
func looksKind(f file) bool {
	return looksKubernetes(f) && strings.Contains(string(f.data), "kind.x-k8s.io/")
}

// readManifests says which ports of a node the manifests of Kubernetes and the
// configurations of kind name.
func readManifests(_ *reader, files []file) parsed {
	var out parsed
	for _, f := range files {
		m := manifests{yamlWalk: newYAMLWalk(f), template: strings.Contains(string(f.data), "{{"), added: map[manifestPort]bool{}}
		documents, bad := parseYAML(f)
		for _, document := range documents {
			m.document(document, 0)
		}
		switch {
		case bad == nil:
			bad = m.exhausted()
		case m.template:
			*bad = m.isTemplate(bad.Line, bad.Column)
		}
		if bad != nil {
			m.out.findings = append(m.out.findings, *bad)
		}
		out.add(m.out)
	}
	return out
}

// manifests reads the documents of one file.
type manifests struct {
	*yamlWalk
	template bool // it has what may be actions of a template in it
	out      parsed
	added    map[manifestPort]bool
}

// manifestPort tells ports apart: aliases lead to the same ones several times.
type manifestPort struct {
	name     string
	at       *yaml.Node
	protocol port.Protocol
}

// unfilled reports whether a file is a template that is no YAML yet, and on
// which line.
func unfilled(f file) (line int, ok bool) {
	if !looksKubernetes(f) || !strings.Contains(string(f.data), "{{") {
		return 0, false
	}
	_, bad := parseYAML(f)
	if bad == nil {
		return 0, false
	}
	return bad.Line, true
}

// isTemplate is the finding for a template, which is no YAML before Helm has
// filled it in.
func (m *manifests) isTemplate(line, column int) report.Finding {
	bad := unreadable(m.f, line, column, ErrTemplate.Error())
	bad.Severity = report.SeverityNote
	return bad
}

func (m *manifests) document(n *yaml.Node, depth int) {
	apiVersion, kind := m.text(n, "apiVersion"), m.text(n, "kind")
	metadata, _ := m.get(n, "metadata")
	spec, _ := m.get(n, "spec")
	r := resource{manifests: m, name: strings.ToLower(kind) + "/" + m.text(metadata, "name")}
	switch {
	case apiVersion == "" || m.left <= 0:
	case strings.HasPrefix(apiVersion, "kind.x-k8s.io/"):
		m.kind(n)
	case strings.HasSuffix(kind, "List") && depth < 8:
		for _, item := range m.list(n, "items") {
			m.document(item, depth+1)
		}
	case kind == "Pod":
		r.pod(spec)
	case slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"}, kind):
		r.pod(m.path(spec, "template", "spec"))
	case kind == "CronJob":
		r.pod(m.path(spec, "jobTemplate", "spec", "template", "spec"))
	case kind == "Service":
		r.service(spec)
	}
}

// path goes down the keys of mappings.
func (w *yamlWalk) path(n *yaml.Node, names ...string) *yaml.Node {
	for _, name := range names {
		n, _ = w.get(n, name)
	}
	return n
}

// resource is one object of a manifest.
type resource struct {
	*manifests
	name string
}

func (r *resource) pod(spec *yaml.Node) {
	hostNetwork := r.text(spec, "hostNetwork") == "true"
	for _, kind := range []string{"containers", "initContainers"} {
		for _, container := range r.list(spec, kind) {
			for _, p := range r.list(container, "ports") {
				r.containerPort(p, hostNetwork)
			}
		}
	}
}

// containerPort reads a port of a container: its hostPort, or with the node's
// own network the containerPort, which is one of the node then (Kubernetes
// API, ContainerPort).
func (r *resource) containerPort(p *yaml.Node, hostNetwork bool) {
	use, key := report.UsePublish, "hostPort"
	written, _ := r.get(p, key)
	if hostNetwork {
		use = report.UseListen
		inside, _ := r.get(p, "containerPort")
		if written != nil && inside != nil && written.Value != inside.Value && written.Value != "0" {
			r.bad(written, key, quote(written.Value)+", which the API server refuses: it must match containerPort when hostNetwork is true")
			return
		}
		if written == nil || written.Value == "0" {
			written, key = inside, "containerPort"
		}
	}
	number, ok := r.number(written, key)
	if !ok || number == 0 {
		return
	}
	d := report.Declaration{Use: use, Port: number, Address: r.text(p, "hostIP")}
	if target, err := strconv.ParseUint(r.text(p, "containerPort"), 10, 16); err == nil && !hostNetwork {
		d.Target = uint16(target)
	}
	r.declare(written, d, r.text(p, "protocol"))
}

// service reads the ports of the nodes that lead to a service.
func (r *resource) service(spec *yaml.Node) {
	kind := r.text(spec, "type")
	onNodes := kind == "NodePort" || kind == "LoadBalancer"
	if health, _ := r.get(spec, "healthCheckNodePort"); onNodes && health != nil {
		r.nodePort(health, "healthCheckNodePort", report.Declaration{}, "")
	}
	for _, p := range r.list(spec, "ports") {
		written, _ := r.get(p, "nodePort")
		if written == nil {
			continue
		}
		if !onNodes {
			if written.Value != "0" {
				r.bad(written, "nodePort", quote(written.Value)+", which the API server refuses: it may not be used when type is ClusterIP")
			}
			continue
		}
		var d report.Declaration
		for _, name := range []string{"targetPort", "port"} {
			if target, err := strconv.ParseUint(r.text(p, name), 10, 16); err == nil && d.Target == 0 {
				d.Target = uint16(target)
			}
		}
		r.nodePort(written, "nodePort", d, r.text(p, "protocol"))
	}
}

func (r *resource) nodePort(written *yaml.Node, key string, d report.Declaration, protocol string) {
	number, ok := r.number(written, key)
	if !ok || number == 0 { // 0 is for the API server to choose
		return
	}
	if number < firstNodePort || number > lastNodePort {
		r.out.findings = append(r.out.findings, badValue(r.f, written.Line, written.Column, r.name, key+" of "+r.name+" is", portValue{
			why:      fmt.Sprintf("%d, which the API server refuses: it gives out %d-%d unless --service-node-port-range says otherwise", number, firstNodePort, lastNodePort),
			severity: report.SeverityWarning,
		}))
	}
	d.Use, d.Port = report.UsePublish, number
	r.declare(written, d, protocol)
}

// number is a port as the API takes it: a number, not a text.
func (r *resource) number(n *yaml.Node, key string) (uint16, bool) {
	if n == nil || isNothing(n) {
		return 0, false
	}
	if n.Kind != yaml.ScalarNode {
		if r.template {
			r.out.findings = append(r.out.findings, r.isTemplate(n.Line, n.Column))
		} else {
			r.bad(n, key, "no number")
		}
		return 0, false
	}
	number, err := strconv.ParseInt(n.Value, 0, 64)
	switch {
	case n.ShortTag() == "!!str" && r.template && strings.Contains(n.Value, "{{"):
		r.out.findings = append(r.out.findings, r.isTemplate(n.Line, n.Column))
	case n.ShortTag() != "!!int" || err != nil:
		r.bad(n, key, quote(n.Value)+", which the API server refuses: it is no number")
	case number < 0 || number > 65535:
		r.bad(n, key, quote(n.Value)+", which the API server refuses: it must be between 1 and 65535, inclusive")
	default:
		return uint16(number), true
	}
	return 0, false
}

func (r *resource) bad(n *yaml.Node, key, why string) {
	r.out.findings = append(r.out.findings, badValue(r.f, n.Line, n.Column, r.name, key+" of "+r.name+" is", portValue{why: why, severity: report.SeverityError}))
}

// declare adds a port of the protocol that a manifest names, TCP where it names
// none.
func (r *resource) declare(n *yaml.Node, d report.Declaration, protocol string) {
	r.add(n, report.FormatKubernetes, r.name, d, protocol)
}

func (m *manifests) add(n *yaml.Node, format report.Format, name string, d report.Declaration, protocol string) {
	switch strings.ToUpper(protocol) {
	case "", "TCP":
		d.Protocol = port.TCP
	case "UDP":
		d.Protocol = port.UDP
	case "SCTP":
		m.out.findings = append(m.out.findings, report.Finding{
			ID: report.FindingUnknown, Severity: report.SeverityNote, File: m.f.name, Line: n.Line, Column: n.Column, Name: name,
			Address: d.Address, Port: d.Port, Summary: fmt.Sprintf("%s of %s was not checked: portwho knows no SCTP", n.Value, name),
		})
		return
	default:
		m.out.findings = append(m.out.findings, badValue(m.f, n.Line, n.Column, name, "protocol of "+name+" is",
			portValue{why: quote(protocol) + ", which is none of TCP, UDP and SCTP", severity: report.SeverityError}))
		return
	}
	if d.Address != "" {
		address, ok := boundAddress(d.Address)
		if !ok {
			m.out.findings = append(m.out.findings, badValue(m.f, n.Line, n.Column, name, "address of "+name+" is",
				portValue{why: quote(d.Address) + ", which is none", severity: report.SeverityError}))
			return
		}
		d.Address = address
	}
	key := manifestPort{name, n, d.Protocol}
	if m.added[key] {
		return
	}
	m.added[key] = true
	d.File, d.Line, d.Column, d.Format, d.Name, d.Text = m.f.name, n.Line, n.Column, format, name, n.Value
	d.LastPort, d.Profiles = d.Port, []string{}
	m.out.declarations = append(m.out.declarations, d)
}
