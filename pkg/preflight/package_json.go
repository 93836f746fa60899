package preflight

import "github.com/portwho/portwho/pkg/report"

// readPackageJSON says which ports the scripts of package.json files name. A
// script is started by a person, and so its ports are no more than what it asks
// for: the default of a framework is not among them.
func readPackageJSON(r *reader, files []file) parsed {
	return eachJSON(files, false, func(f file, top *jsonValue) parsed {
		var out parsed
		scripts := top.get("scripts")
		if scripts == nil {
			return out
		}
		l := linesOf(f.data)
		last := map[string]int{}
		for i, m := range scripts.members {
			last[m.name] = i
		}
		for i, m := range scripts.members {
			if !m.value.is(jsonString) || last[m.name] != i {
				continue
			}
			// npm's own shell knows the environment, and not what is in .env.
			at := func(offset int) (line, column int) { return l.at(m.value.at(offset)) }
			out.add(declareCommand(f, report.FormatPackageJSON, m.name, commandPorts(m.value.text, r.lookup), at))
		}
		return out
	})
}

// declareCommand turns what a command line says into declarations and findings.
// at is where an offset in it stands in the file.
func declareCommand(f file, format report.Format, name string, ports []commandPort, at func(offset int) (line, column int)) parsed {
	var out parsed
	said := "script " + name + " has"
	if format == report.FormatProcfile {
		said = "process " + name + " has"
	}
	for _, p := range ports {
		line, column := at(p.offset)
		if p.value.why != "" {
			out.findings = append(out.findings, badValue(f, line, column, name, said, p.value))
		}
		if p.value.ok {
			out.declarations = append(out.declarations, report.Declaration{
				File: f.name, Line: line, Column: column, Format: format, Name: name, Text: p.text, Use: p.use, Protocol: p.protocol,
				Address: p.address, Port: p.value.port, LastPort: max(p.value.port, p.last), Target: p.target, Profiles: []string{},
			})
		}
	}
	return out
}
