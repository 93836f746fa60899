package preflight

import (
	"strings"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// readLaunchSettings says which ports the profiles of launchSettings.json files
// use, which dotnet run and Visual Studio read.
func readLaunchSettings(_ *reader, files []file) parsed {
	return eachJSON(files, true, func(f file, top *jsonValue) parsed {
		l := launchSettings{file: f, lines: linesOf(f.data)}
		iis := top.get("iisSettings").get("iisExpress")
		l.urls("IIS Express", iis.get("applicationUrl"))
		l.number("IIS Express", "sslPort", iis.get("sslPort"))
		if profiles := top.get("profiles"); profiles != nil {
			for _, m := range profiles.members {
				l.profile(m.name, m.value)
			}
		}
		return l.out
	})
}

type launchSettings struct {
	file
	lines *lines
	out   parsed
}

func (l *launchSettings) profile(name string, v *jsonValue) {
	l.urls(name, v.get("applicationUrl"))
	l.number(name, "sslPort", v.get("sslPort"))
	if inContainer(v.get("commandName")) {
		l.number(name, "httpPort", v.get("httpPort"))
	}
	variables := v.get("environmentVariables")
	if variables == nil || inContainer(v.get("commandName")) {
		return // in a container they name ports of the container
	}
	for _, m := range variables.members {
		switch {
		case strings.HasSuffix(m.name, "ASPNETCORE_URLS"):
			l.urls(name, m.value)
		case strings.HasSuffix(m.name, "HTTP_PORTS"), strings.HasSuffix(m.name, "HTTPS_PORTS"):
			l.numbers(name, m.value)
		}
	}
}

// inContainer tells the profiles whose program runs in a container (Visual
// Studio, "Container Tools launch settings"). Their httpPort and sslPort are
// ports of this machine all the same.
func inContainer(command *jsonValue) bool {
	return command.is(jsonString) && (command.text == "Docker" || command.text == "SdkContainer")
}

// urls reads addresses with semicolons in between. Those that are not on this
// machine are there as well: Kestrel binds what they name.
func (l *launchSettings) urls(name string, v *jsonValue) {
	if !v.is(jsonString) {
		return
	}
	for _, u := range urlPorts(v.text) {
		address, local := localAddress(u.host)
		if !local && isAddress(u.host) {
			address = u.host
		}
		l.declare(name, v.at(u.offset), u, address)
	}
}

// numbers reads ports with semicolons in between.
func (l *launchSettings) numbers(name string, v *jsonValue) {
	if !v.is(jsonString) {
		return
	}
	offset := 0
	for item := range strings.SplitSeq(v.text, ";") {
		text := strings.TrimSpace(item)
		if p, ok := hostPort(":" + text); ok {
			p.text = text
			l.declare(name, v.at(offset+strings.Index(item, text)), p, "")
		}
		offset += len(item) + 1
	}
}

// number reads a port that stands alone, where 0 stands for none.
func (l *launchSettings) number(name, key string, v *jsonValue) {
	if v == nil || v.text == "0" {
		return
	}
	p, ok := hostPort(":" + v.text)
	if !ok {
		line, column := l.lines.at(v.offset)
		l.out.findings = append(l.out.findings, badValue(l.file, line, column, name, key+" of "+name+" is",
			portValue{why: quote(v.raw) + ", which is no port", severity: report.SeverityError}))
		return
	}
	p.text = v.text
	l.declare(name, v.offset, p, "localhost")
}

func (l *launchSettings) declare(name string, offset int, p urlPort, address string) {
	line, column := l.lines.at(offset)
	if !p.ok {
		l.out.findings = append(l.out.findings, badValue(l.file, line, column, name, "profile "+name+" has", tooLarge(p.text)))
		return
	}
	l.out.declarations = append(l.out.declarations, report.Declaration{
		File: l.name, Line: line, Column: column, Format: report.FormatLaunchSettings, Name: name, Text: p.text, Use: report.UseListen,
		Protocol: port.TCP, Address: address, Port: p.port, LastPort: p.port, Profiles: []string{},
	})
}
