package preflight

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// publication is an entry of ports, or one port of its range, as docker compose
// resolves it.
type publication struct {
	at        place
	text      string
	host      string // host_ip
	hasHost   bool   // it stands there, empty as it may be
	published string
	target    int
	protocol  string
	key       string // what docker compose tells two entries apart by
}

// uniquePublications keeps the last entry of those that docker compose does not
// tell apart (compose-go, override.EnforceUnicity).
func uniquePublications(all []publication) []publication {
	out := make([]publication, 0, len(all))
	index := make(map[string]int, len(all))
	for _, p := range all {
		if i, ok := index[p.key]; ok {
			out[i] = p
			continue
		}
		index[p.key] = len(out)
		out = append(out, p)
	}
	return out
}

// publicationKey is compose-go's, with its difference between 8080 and "8080" in
// the long syntax: docker compose publishes both, and the engine then cannot.
func publicationKey(host, published any, target int, protocol string) string {
	return fmt.Sprintf("%v:%T%v:%d/%s", host, published, published, target, protocol)
}

// judge reads the published port. why says what is refused in an entry that was
// read: in the long syntax docker compose looks at no number, and the engine
// refuses it.
func (p publication) judge() (first, last uint16, why string) {
	switch protocol := strings.ToLower(p.protocol); {
	case protocol != "tcp" && protocol != "udp" && protocol != "sctp":
		return 0, 0, fmt.Sprintf("its protocol is %q, and docker publishes tcp, udp and sctp", p.protocol)
	case p.target < 0 || p.target > 65535:
		return 0, 0, fmt.Sprintf("its target is %d, and ports end at 65535", p.target)
	case p.hasHost && !isBareAddress(p.host):
		return 0, 0, "docker compose says: invalid ip address: " + p.host
	case p.published == "":
		return 0, 0, ""
	}
	first, last, err := parsePortRange(p.published)
	if err != nil {
		return 0, 0, fmt.Sprintf("docker says: invalid port specification: %q", p.published)
	}
	return first, last, ""
}

// publications reads one entry of ports. The number of ports is bounded by
// that of ports there are.
func (d *composeDocument) publications(service string, n *yaml.Node, tags tagging) []publication {
	at := d.source.at(n)
	if n.Kind == yaml.MappingNode {
		if p, ok := d.longPublication(service, n, tags); ok {
			return []publication{p}
		}
		return nil
	}
	value, ok := d.scalar(n)
	var text string
	switch value := value.(type) {
	case int:
		text = strconv.Itoa(value)
	case string:
		text = value
		if ok {
			d.warnUnset(service, n)
		}
	default:
		if n.Kind == yaml.SequenceNode {
			value = []any{}
		}
		d.c.badValue(at, service, n.Value, fmt.Sprintf("docker compose says: invalid type %T for port", value))
		return nil
	}
	if !ok {
		return nil // a finding of the walk
	}
	specs, err := parsePortSpec(text)
	if err == nil && specs[0].target == 0 {
		err = errors.New("it is missing a target port")
	}
	if err != nil {
		why := "docker compose says: " + err.Error()
		if text != n.Value {
			why = fmt.Sprintf("it comes to %q, and %s", text, why)
		}
		d.c.badValue(at, service, n.Value, why)
		return nil
	}
	out := make([]publication, 0, len(specs))
	for _, spec := range specs {
		p := publication{at: at, text: n.Value, host: spec.address, published: spec.published, target: int(spec.target), protocol: spec.protocol}
		var host, published any = "0.0.0.0", nil
		if spec.address != "" {
			host = spec.address
		}
		if spec.published != "" {
			published = spec.published
		}
		p.key = publicationKey(host, published, p.target, p.protocol)
		out = append(out, p)
	}
	return out
}

// longPublication reads an entry that is a mapping.
func (d *composeDocument) longPublication(service string, n *yaml.Node, tags tagging) (publication, bool) {
	p := publication{at: d.source.at(n), protocol: "tcp"}
	var host, published any = "0.0.0.0", nil
	hasTarget := false
	for _, f := range d.c.fields(d.source, n, tags) {
		value, ok := d.scalar(f.value)
		if !ok {
			return p, false // a finding of the walk
		}
		text, isString := value.(string)
		number, isInt := value.(int)
		wrong := !isString
		switch f.name {
		case "target":
			var err error
			if isString {
				number, err = strconv.Atoi(text)
			}
			p.target, hasTarget, wrong = number, true, err != nil || !isString && !isInt
			d.c.inside = append(d.c.inside, variablesIn(f.value.Value)...)
			if p.text == "" {
				p.text, p.at = f.value.Value, d.source.at(f.value)
			}
		case "published":
			published, wrong = value, !isString && !isInt
			p.published = fmt.Sprint(value)
			if f.value.Value != "" {
				p.text, p.at = f.value.Value, d.source.at(f.value)
			}
			if isString {
				d.warnUnset(service, f.value)
			}
		case "host_ip":
			p.host, p.hasHost, host = text, true, text
		case "protocol":
			p.protocol = text
		case "name", "mode", "app_protocol":
		default:
			if wrong = false; !strings.HasPrefix(f.name, "x-") {
				d.c.badValue(d.source.at(f.key), service, f.name, "docker compose says: additional properties '"+f.name+"' not allowed")
				return p, false
			}
		}
		if wrong {
			d.c.badValue(d.source.at(f.value), service, f.value.Value, "docker compose wants another type for "+f.name)
			return p, false
		}
	}
	if !hasTarget {
		d.c.badValue(d.source.at(n), service, p.text, "docker compose says: it is missing a target port")
		return p, false
	}
	p.key = publicationKey(host, published, p.target, p.protocol)
	return p, true
}
