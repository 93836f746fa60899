package preflight

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// isEnvName tells .env files. Those that are examples are no files that
// anything reads, and so are not found, but they can be named.
func isEnvName(base string) bool {
	return base == ".env" || strings.HasPrefix(base, ".env.") || strings.HasSuffix(base, ".env")
}

// readEnv says which ports the variables of .env files name. A variable that a
// later file of the same folder sets again counts there alone.
func readEnv(r *reader, files []file) parsed {
	var out parsed
	var all []envFile
	before := map[string]map[string]string{} // by folder
	for _, f := range files {
		dir := filepath.Dir(f.path)
		if before[dir] == nil {
			before[dir] = map[string]string{}
		}
		entries, faults := parseEnv(f, variables(r.lookup).or(before[dir]))
		l := linesOf(f.data)
		for _, fault := range faults {
			line, column := l.at(fault.offset)
			bad := unreadable(f, line, column, fault.why)
			if !fault.severe {
				bad.Severity = report.SeverityWarning
			}
			out.findings = append(out.findings, bad)
		}
		e := envFile{file: f, dir: dir, lines: l, entries: entries, last: map[string]int{}, values: map[string]string{}}
		for i, entry := range entries {
			before[dir][entry.name] = entry.value
			e.last[entry.name] = i
			e.values[strings.ToUpper(entry.name)] = entry.value
		}
		all = append(all, e)
	}
	for i, e := range all {
		out.add(e.read(all[i+1:]))
	}
	return out
}

// envFile is a .env file taken apart.
type envFile struct {
	file
	dir     string
	lines   *lines
	entries []envEntry
	last    map[string]int    // the entry that counts, by name
	values  map[string]string // by name in capitals
}

func (f *envFile) read(later []envFile) parsed {
	var out parsed
	for i, e := range f.entries {
		if f.last[e.name] != i || slices.ContainsFunc(later, func(l envFile) bool {
			_, again := l.last[e.name]
			return again && l.dir == f.dir
		}) {
			continue
		}
		switch name := strings.ToUpper(e.name); {
		case strings.Contains(e.value, "://"):
			out.add(f.urls(e, name))
		case namesPort(name):
			out.add(f.port(e, name))
		case strings.HasPrefix(name, "PORT_") && isDigits(e.value):
			out.add(f.port(e, name))
		case strings.HasSuffix(name, "HTTP_PORTS"), strings.HasSuffix(name, "HTTPS_PORTS"): // of ASP.NET Core
			out.add(f.list(e))
		default:
			out.add(f.address(e, name))
		}
	}
	return out
}

// port reads the value of PORT and its like.
func (f *envFile) port(e envEntry, name string) parsed {
	use, address, ok := f.sibling(name)
	if !ok || isDevicePort(e.value) {
		return parsed{}
	}
	line, column := f.lines.at(e.offset)
	d := report.Declaration{
		File: f.name, Line: line, Column: column, Format: report.FormatEnv, Name: e.name,
		Text: e.text, Use: use, Protocol: port.TCP, Address: address, Profiles: []string{},
	}
	if name != "PORT" && !isDigits(e.value) {
		// 127.0.0.1:8080, 8000-8010 and 53/udp are for a compose file.
		if t, err := port.ParseTarget(e.value); err == nil && !isName(t.Text) {
			d.Port, d.LastPort = t.Ports.First, t.Ports.Last
			if t.Protocol != "" {
				d.Protocol = t.Protocol
			}
			if t.Host != "" {
				d.Address = t.Host
			}
			return parsed{declarations: []report.Declaration{d}}
		}
	}
	v := readPortValue(e.value)
	switch {
	case v.why == "", len(e.unset) == 0:
	case e.value == "":
		v.why = e.text + ", and nothing sets " + strings.Join(e.unset, " and ")
	}
	if e.value == "" && name != "PORT" {
		v.severity = report.SeverityNote
	}
	var out parsed
	if v.why != "" {
		out.findings = append(out.findings, badValue(f.file, line, column, e.name, e.name+" is", v))
	}
	if v.ok {
		d.Port, d.LastPort = v.port, v.port
		out.declarations = append(out.declarations, d)
	}
	return out
}

// sibling is what the variable with the host says about the one with the port.
// It is false where the host is another machine.
func (f *envFile) sibling(name string) (use report.Use, address string, ok bool) {
	use = useOfPort(name)
	for _, sibling := range hostSiblings(name) {
		host := f.values[sibling]
		if host == "" {
			continue
		}
		if u := urlPorts(host); len(u) > 0 {
			host = u[0].host
		}
		address, local := localAddress(host)
		switch {
		case local:
			return use, address, true
		case use == report.UseListen && isAddress(host):
			return use, host, true // bound to one of this machine's, or so it says
		case name == "PORT": // HOST is often the name that others know it by
			return use, "", true
		}
		return use, "", false
	}
	return use, "", true
}

// urls reads a value with URLs in it. A variable that names what a server binds
// to has its own port there; any other has that of a server to connect to.
func (f *envFile) urls(e envEntry, name string) parsed {
	use := report.UseConnect
	if strings.HasSuffix(name, "ASPNETCORE_URLS") || namesBind(name) {
		use = report.UseListen
	}
	var out parsed
	for _, u := range urlPorts(e.value) {
		if address, ok := localAddress(u.host); ok {
			out.add(f.hostPort(e, u, use, address))
		}
	}
	return out
}

// list reads port numbers with semicolons in between.
func (f *envFile) list(e envEntry) parsed {
	var out parsed
	offset := 0
	for item := range strings.SplitSeq(e.value, ";") {
		text := strings.TrimSpace(item)
		if p, ok := hostPort(":" + text); ok {
			p.text, p.offset = text, offset+strings.Index(item, text)
			out.add(f.hostPort(e, p, report.UseListen, ""))
		}
		offset += len(item) + 1
	}
	return out
}

// address reads the value of LISTEN_ADDR=:8080 and its like.
func (f *envFile) address(e envEntry, name string) parsed {
	binds := namesBind(name)
	if !binds && !strings.HasSuffix(name, "ADDR") && !strings.HasSuffix(name, "ADDRESS") && !strings.HasSuffix(name, "ENDPOINT") {
		return parsed{}
	}
	p, ok := hostPort(e.value)
	if !ok {
		return parsed{}
	}
	address, local := localAddress(p.host)
	switch {
	case !local:
		return parsed{}
	case binds || p.host == "":
		return f.hostPort(e, p, report.UseListen, address)
	}
	return f.hostPort(e, p, report.UseConnect, address)
}

func (f *envFile) hostPort(e envEntry, p urlPort, use report.Use, address string) parsed {
	offset := e.offset
	if e.value == e.text {
		offset += p.offset
	}
	line, column := f.lines.at(offset)
	if !p.ok {
		return parsed{findings: []report.Finding{badValue(f.file, line, column, e.name, e.name+" has", tooLarge(p.text))}}
	}
	return parsed{declarations: []report.Declaration{{
		File: f.name, Line: line, Column: column, Format: report.FormatEnv, Name: e.name, Text: textOf(e, p),
		Use: use, Protocol: p.protocol(), Address: address, Port: p.port, LastPort: p.port, Profiles: []string{},
	}}}
}

// textOf is the part of a value that names a host and a port, as it is written.
func textOf(e envEntry, p urlPort) string {
	if e.value == e.text {
		return p.text
	}
	if u := urlPortsWritten(e.text); len(u) == 1 {
		return u[0]
	}
	return p.text
}

// urlPortsWritten are the hosts and ports of URLs before variables are filled
// in.
func urlPortsWritten(text string) []string {
	var out []string
	for _, part := range strings.Split(text, "://")[1:] {
		end := strings.IndexAny(part, "/?# \t;,")
		if end >= 0 {
			part = part[:end]
		}
		out = append(out, part[strings.LastIndexByte(part, '@')+1:])
	}
	return out
}
