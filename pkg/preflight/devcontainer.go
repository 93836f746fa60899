package preflight

import (
	"cmp"
	"strings"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

func isDevcontainerName(base string) bool {
	return base == "devcontainer.json" || base == ".devcontainer.json"
}

// readDevcontainer says which ports the editor forwards and the engine
// publishes for a devcontainer (containers.dev, "Dev Container metadata
// reference"). The file is JSON with comments.
func readDevcontainer(_ *reader, files []file) parsed {
	return eachJSON(files, true, func(f file, top *jsonValue) parsed {
		d := devcontainer{file: f, lines: linesOf(f.data), labels: map[string]string{}, made: map[published]bool{}}
		if attributes := top.get("portsAttributes"); attributes != nil {
			for _, m := range attributes.members {
				if label := m.value.get("label"); label.is(jsonString) {
					d.labels[m.name] = label.text
				}
			}
		}
		for _, v := range listOf(top.get("forwardPorts")) {
			d.forward(v)
		}
		for _, v := range listOf(top.get("appPort")) {
			d.app(v)
		}
		d.arguments(top.get("runArgs"))
		return d.out
	})
}

type devcontainer struct {
	file
	lines  *lines
	labels map[string]string // by port
	made   map[published]bool
	out    parsed
}

// listOf are the items of a list, or the value itself where it is none.
func listOf(v *jsonValue) []*jsonValue {
	switch {
	case v == nil || v.text == "null" && v.is(jsonLiteral):
		return nil
	case v.is(jsonArray):
		return v.items
	}
	return []*jsonValue{v}
}

// forward reads a port in the container, or one of a container beside it, as
// db:5432. The editor listens on this machine's loopback address under the same
// number, and takes another one where that is not free, unless requireLocalPort
// is set.
func (d *devcontainer) forward(v *jsonValue) {
	text := v.text
	if host, number := cutLastColon(text); v.is(jsonString) && host != "" {
		text = number
	}
	n, ok := portNumber(text)
	if !ok || n == 0 || !v.is(jsonString) && !v.is(jsonNumber) {
		d.bad(v, "forwardPorts", portValue{why: quote(v.raw) + ", which is no port to forward: it is a number from 1 to 65535, or host:port", severity: report.SeverityError})
		return
	}
	d.declare(v, "forwardPorts", v.text, published{address: "localhost", ports: port.One(n), target: n, protocol: port.TCP})
}

// app reads what goes to docker run --publish as it is. A number is published
// on 127.0.0.1 (devcontainers/cli, singleContainer.ts).
func (d *devcontainer) app(v *jsonValue) {
	text := v.text
	switch {
	case v.is(jsonNumber):
		text = "127.0.0.1:" + text + ":" + text
	case !v.is(jsonString):
		d.bad(v, "appPort", portValue{why: quote(v.raw) + ", which is no port", severity: report.SeverityError})
		return
	}
	d.publish(v, "appPort", v.text, text)
}

// arguments reads -p and --publish of docker run.
func (d *devcontainer) arguments(v *jsonValue) {
	for i, item := range listOf(v) {
		flag, value, joined := strings.Cut(item.text, "=")
		switch {
		case flag != "-p" && flag != "--publish":
		case joined:
			d.publish(item, "runArgs", value, value)
		case v.is(jsonArray) && i+1 < len(v.items):
			d.publish(v.items[i+1], "runArgs", v.items[i+1].text, v.items[i+1].text)
		}
	}
}

func (d *devcontainer) publish(v *jsonValue, key, written, text string) {
	if strings.Contains(text, "${") { // ${localEnv:PORT} and the like, filled in by the editor
		return
	}
	list, why := parsePublish(text)
	if why != "" {
		d.bad(v, key, notPublished(written, why))
	}
	for _, p := range list {
		d.declare(v, key, written, p)
	}
}

// declare adds a port, unless another key has named it before.
func (d *devcontainer) declare(v *jsonValue, key, text string, p published) {
	same := p
	same.address = ""
	if d.made[same] && p.ports.First != 0 {
		return
	}
	d.made[same] = true
	line, column := d.lines.at(v.offset)
	d.out.declarations = append(d.out.declarations, report.Declaration{
		File: d.name, Line: line, Column: column, Format: report.FormatDevcontainer, Name: cmp.Or(d.labels[strings.TrimSpace(v.text)], key),
		Text: text, Use: report.UsePublish, Protocol: p.protocol, Address: p.address, Port: p.ports.First, LastPort: p.ports.Last,
		Target: p.target, Profiles: []string{},
	})
}

func (d *devcontainer) bad(v *jsonValue, key string, value portValue) {
	line, column := d.lines.at(v.offset)
	d.out.findings = append(d.out.findings, badValue(d.file, line, column, key, key+" has", value))
}
