package preflight

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// What a compose project may make us read. docker compose itself gives up at
// 100,000 nodes of YAML a document; the largest project of the corpus takes a
// hundredth of any of these.
const (
	maxComposeFiles = 1000
	maxComposeBytes = 16 << 20
	maxComposeSteps = 500_000
	maxComposePorts = 2 << 16 // every port of TCP and of UDP
)

// composeReader resolves one compose project.
type composeReader struct {
	r        *reader
	sources  map[string]*composeSource
	bytes    int // read so far
	files    int // loaded so far, a file that is included twice counted twice
	steps    int // entries looked at so far, wherever aliases lead
	overdone bool
	findings []report.Finding
	found    map[findingPlace]bool
	inside   []string // variables that are the target of a port
}

// findingPlace tells findings apart: a file that is loaded twice says the same
// things twice.
type findingPlace struct {
	file         string
	line, column int
	summary      string
}

// place is where something stands in a file.
type place struct {
	file         string
	line, column int
}

// readCompose says which ports the services of compose files publish, as docker
// compose would when it is given the files in this order. Jobs are left out:
// nothing starts them but a command that names them. What has nothing to do
// with ports is not checked.
func readCompose(r *reader, files []file) parsed {
	if len(files) == 0 {
		return parsed{}
	}
	c := &composeReader{r: r, sources: map[string]*composeSource{}, found: map[findingPlace]bool{}}
	dir := filepath.Dir(files[0].path)
	scope := composeScope{dir: dir, variables: c.projectVariables(dir, files[0].name)}
	name := c.projectName(files, scope.variables)
	scope.variables = scope.variables.before("COMPOSE_PROJECT_NAME", name)
	services := c.load(files, scope)
	var out parsed
	for _, service := range services.sorted() {
		out.declarations = append(out.declarations, c.declare(service, name, len(out.declarations))...)
	}
	out.findings, out.inside = c.findings, c.inside
	out.profiles = profilesOf(scope.variables)
	return out
}

// profilesOf are the profiles that the environment or .env asks for.
func profilesOf(v variables) []string {
	value, _ := v("COMPOSE_PROFILES")
	var out []string
	for _, name := range strings.Split(value, ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// declare turns what a service publishes into declarations. What compose takes
// as it is, and the engine then refuses, is a finding.
func (c *composeReader) declare(s *composeService, project string, already int) []report.Declaration {
	if len(s.ports) == 0 || !c.publishes(s) {
		return nil
	}
	var out []report.Declaration
	for _, p := range s.ports {
		if already+len(out) >= maxComposePorts {
			c.tooMuch(p.at, fmt.Sprintf("its services publish more than %d ports", maxComposePorts))
			break
		}
		first, last, why := p.judge()
		if why != "" {
			c.badValue(p.at, s.name, p.text, why)
			continue
		}
		protocol := port.Protocol(strings.ToLower(p.protocol))
		if protocol == "sctp" {
			c.add(report.Finding{
				ID: report.FindingUnknown, Severity: report.SeverityNote, File: p.at.file, Line: p.at.line, Column: p.at.column,
				Name: s.name, Address: p.host, Port: first,
				Summary: fmt.Sprintf("%s of service %s was not checked: portwho knows no SCTP", p.text, s.name),
			})
			continue
		}
		out = append(out, report.Declaration{
			File: p.at.file, Line: p.at.line, Column: p.at.column, Format: report.FormatCompose,
			Name: s.name, Project: project, Text: p.text, Use: report.UsePublish, Protocol: protocol,
			Address: p.host, Port: first, LastPort: last, Target: uint16(p.target), Profiles: slices.Clone(s.profiles),
		})
	}
	return out
}

// publishes reports whether the engine publishes ports for a service. For one
// without containers there is nothing to publish, on the host's network and on
// none it drops the ports, and in another container's it refuses to make the
// container (tried with Docker 20.10).
func (c *composeReader) publishes(s *composeService) bool {
	if at, ok := s.idle(); ok {
		c.add(report.Finding{
			ID: report.FindingBadValue, Severity: report.SeverityNote, File: at.file, Line: at.line, Column: at.column, Name: s.name,
			Summary: fmt.Sprintf("service %s is to have no container, so docker publishes none of its ports", s.name),
		})
		return false
	}
	switch mode, _, _ := strings.Cut(s.network.text, ":"); mode {
	case "host", "none":
		at := s.ports[0].at
		what := "it is on no network"
		if mode == "host" {
			what = "what it listens on, it binds on this machine itself"
		}
		c.add(report.Finding{
			ID: report.FindingBadValue, Severity: report.SeverityNote, File: at.file, Line: at.line, Column: at.column, Name: s.name,
			Summary: fmt.Sprintf("service %s has network_mode %s, so docker ignores its ports: %s", s.name, mode, what),
		})
		return false
	case "service", "container":
		c.badValue(s.ports[0].at, s.name, s.ports[0].text, fmt.Sprintf("with network_mode %s docker refuses it: conflicting options: port publishing and the container type network mode", s.network.text))
		return false
	}
	return true
}

// add notes a finding once.
func (c *composeReader) add(f report.Finding) {
	key := findingPlace{f.File, f.Line, f.Column, f.Summary}
	if !c.found[key] {
		c.found[key] = true
		c.findings = append(c.findings, f)
	}
}

// cannot notes that something stands in a file that cannot be understood.
func (c *composeReader) cannot(at place, format string, arguments ...any) {
	c.add(unreadable(file{name: at.file}, at.line, at.column, fmt.Sprintf(format, arguments...)))
}

// badValue notes that a value in ports is none that can be published.
func (c *composeReader) badValue(at place, service, text, why string) {
	c.add(report.Finding{
		ID: report.FindingBadValue, Severity: report.SeverityError, File: at.file, Line: at.line, Column: at.column, Name: service,
		Summary: fmt.Sprintf("%q of service %s cannot be published: %s", text, service, why),
	})
}

// spend counts entries that are looked at. It is false when that was too much
// and the reading ends.
func (c *composeReader) spend(n int, at place) bool {
	c.steps += n
	if c.steps > maxComposeSteps && !c.overdone {
		c.tooMuch(at, "its aliases, merges and extensions come to too many entries")
	}
	return !c.overdone
}

// tooMuch ends the reading.
func (c *composeReader) tooMuch(at place, why string) {
	c.overdone = true
	c.cannot(at, "%s", why)
}
