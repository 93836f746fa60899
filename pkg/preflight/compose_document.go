package preflight

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/report"
	"go.yaml.in/yaml/v4"
)

// composeDocument is one document of a compose file, aliases, merge keys and
// variables resolved.
type composeDocument struct {
	c         *composeReader
	source    *composeSource
	variables variables
	includes  []composeInclude
	services  composeServices
	resets    *composeResets
}

// serviceNameBytes are what a service's name is made of (compose-spec.json).
const serviceNameBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// composeInclude names other compose files.
type composeInclude struct {
	at        place
	paths     []string
	directory string // project_directory
	envFiles  []string
}

// document reads a document of a file.
func (c *composeReader) document(s *composeSource, root *yaml.Node, v variables) *composeDocument {
	d := &composeDocument{c: c, source: s, variables: v, services: composeServices{}, resets: newComposeResets()}
	c.walk(s, root, v)
	for _, f := range c.fields(s, root, tagging{found: func(name string) { d.resets.all = d.resets.all || name == "services" }}) {
		switch f.name {
		case "services":
			d.readServices(f)
		case "include":
			d.readIncludes(f.value, f.tags)
		}
	}
	return d
}

func (d *composeDocument) readServices(all field) {
	n := all.value
	if n.Kind != yaml.MappingNode {
		d.c.cannot(d.source.at(n), "services must be a mapping")
		return
	}
	tags := all.tags
	tags.found = func(name string) { d.resets.services[name] = true }
	for _, f := range d.c.fields(d.source, n, tags) {
		if f.value.Kind != yaml.MappingNode {
			d.c.cannot(d.source.at(f.key), "services.%s must be a mapping", f.name)
			continue
		}
		if f.name == "" || strings.Trim(f.name, serviceNameBytes) != "" {
			d.c.cannot(d.source.at(f.key), "services additional properties '%s' not allowed: the name of a service has letters, digits, ., _ and - of ASCII", f.name)
			continue
		}
		d.services[f.name] = d.service(f)
	}
}

func (d *composeDocument) service(named field) *composeService {
	s := &composeService{name: named.name, at: d.source.at(named.key)}
	tags := named.tags
	tags.found = func(name string) { d.resets.fields[composeField{s.name, name}] = true }
	for _, f := range d.c.fields(d.source, named.value, tags) {
		at := d.source.at(f.value)
		switch f.name {
		case "ports":
			d.readPorts(s, f.value, f.tags)
		case "profiles":
			s.profiles = d.texts(f.value, "services."+s.name+".profiles", false)
		case "network_mode":
			s.network = composeText{d.text(f.value), at}
		case "scale":
			s.scale = composeText{d.count(f.value), at}
		case "deploy":
			d.readDeploy(s, f)
		case "extends":
			s.extends = d.extends(s.name, f.value, f.tags)
		}
	}
	return s
}

// readDeploy reads how many containers a service is to have.
func (d *composeDocument) readDeploy(s *composeService, deploy field) {
	tags := deploy.tags
	tags.found = func(name string) {
		if name == "replicas" {
			d.resets.fields[composeField{s.name, replicasField}] = true
		}
	}
	for _, f := range d.c.fields(d.source, deploy.value, tags) {
		if f.name == "replicas" {
			s.replicas = composeText{d.count(f.value), d.source.at(f.value)}
		}
	}
}

// count reads a number that may be written as a text; empty for what is neither.
func (d *composeDocument) count(n *yaml.Node) string {
	switch value, ok := d.scalar(n); value := value.(type) {
	case int:
		return strconv.Itoa(value)
	case string:
		if ok {
			return value
		}
	}
	return ""
}

func (d *composeDocument) readPorts(s *composeService, n *yaml.Node, tags tagging) {
	at := d.source.at(n)
	switch {
	case isNull(n):
		s.nullPort = &at
		return
	case n.Kind != yaml.SequenceNode:
		d.c.cannot(at, "services.%s.ports must be an array", s.name)
		return
	}
	s.ports = []publication{}
	for _, item := range n.Content {
		if tagOf(item) == tagReset && !tags.off {
			continue
		}
		entries := d.publications(s.name, follow(item), tags)
		if !d.c.spend(1+len(entries), d.source.at(item)) {
			break
		}
		s.ports = append(s.ports, entries...)
	}
	s.ports = uniquePublications(s.ports)
}

func (d *composeDocument) extends(service string, n *yaml.Node, tags tagging) *composeExtends {
	out := &composeExtends{at: d.source.at(n)}
	if n.Kind != yaml.MappingNode {
		out.service = d.text(n)
	} else {
		for _, f := range d.c.fields(d.source, n, tags) {
			switch f.name {
			case "service":
				out.service = d.text(f.value)
			case "file":
				out.file = d.text(f.value)
			}
		}
	}
	if out.service == "" {
		d.c.cannot(out.at, "services.%s.extends names no service", service)
		return nil
	}
	return out
}

func (d *composeDocument) readIncludes(n *yaml.Node, tags tagging) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		d.c.cannot(d.source.at(n), "include must be a list")
		return
	}
	for _, item := range n.Content {
		if tagOf(item) == tagReset && !tags.off || !d.c.spend(1, d.source.at(item)) {
			continue
		}
		in := composeInclude{at: d.source.at(item)}
		if item = follow(item); item.Kind == yaml.MappingNode {
			for _, f := range d.c.fields(d.source, item, tags) {
				switch f.name {
				case "path":
					in.paths = d.texts(f.value, "include.path", true)
					in.at = d.source.at(f.value)
				case "project_directory":
					in.directory = d.text(f.value)
				case "env_file":
					in.envFiles = d.texts(f.value, "include.env_file", true)
				}
			}
		} else if text := d.text(item); text != "" {
			in.paths = []string{text}
		}
		d.includes = append(d.includes, in)
	}
}

// texts reads a list of texts, or where one may stand alone, one.
func (d *composeDocument) texts(n *yaml.Node, path string, alone bool) []string {
	switch {
	case n.Kind == yaml.ScalarNode && alone:
		return []string{d.text(n)}
	case n.Kind != yaml.SequenceNode:
		d.c.cannot(d.source.at(n), "%s must be an array", path)
		return nil
	}
	var out []string
	for _, item := range n.Content {
		item = follow(item)
		value, _ := d.scalar(item)
		text, ok := value.(string)
		if !ok || !d.c.spend(1, d.source.at(item)) {
			d.c.cannot(d.source.at(item), "%s must be an array of strings", path)
			continue
		}
		out = append(out, text)
	}
	return out
}

// text reads a text; empty where it is none or cannot be filled in.
func (d *composeDocument) text(n *yaml.Node) string {
	value, ok := d.scalar(n)
	text, isString := value.(string)
	if !ok || !isString {
		return ""
	}
	return text
}

// scalar is the value of a node as YAML types it, variables filled into texts;
// false where they cannot be, which the walk has found.
func (d *composeDocument) scalar(n *yaml.Node) (value any, ok bool) {
	if n.Kind != yaml.ScalarNode {
		return nil, true
	}
	if err := n.Decode(&value); err != nil {
		d.c.cannot(d.source.at(n), "%s", strings.TrimPrefix(err.Error(), "yaml: "))
		return nil, false
	}
	if text, isString := value.(string); isString {
		filled, _, err := interpolate(text, d.variables)
		return filled, err == nil
	}
	return value, true
}

// warnUnset warns of variables in a port that are replaced by nothing: docker
// compose takes the entry, and the engine chooses a port.
func (d *composeDocument) warnUnset(service string, n *yaml.Node) {
	_, unset, _ := interpolate(n.Value, d.variables)
	if len(unset) == 0 {
		return
	}
	at := d.source.at(n)
	d.c.add(report.Finding{
		ID: report.FindingBadValue, Severity: report.SeverityWarning, File: at.file, Line: at.line, Column: at.column, Name: service,
		Summary: fmt.Sprintf("%q of service %s: %s is not set, and docker compose puts nothing in its place", n.Value, service, strings.Join(unset, ", ")),
	})
}
