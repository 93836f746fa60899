package preflight

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// foremanPort and foremanStep are what foreman and honcho count from, and by,
// when they give each process a PORT (foreman, lib/foreman/engine.rb; honcho,
// environ.py).
const (
	foremanPort = 5000
	foremanStep = 100
)

func isProcfileName(base string) bool {
	return base == "procfile" || strings.HasPrefix(base, "procfile.")
}

// readProcfile says which ports the processes of Procfiles use: those that a
// command names, and the PORT that foreman and honcho give to each process,
// where the command has $PORT in it. The process that is called web has it
// without, unless it names a port: that is what PORT is for. Any other process
// gets a PORT as well, and nothing tells that it listens there.
func readProcfile(r *reader, files []file) parsed {
	var out parsed
	for _, f := range files {
		out.add(r.procfile(f))
	}
	return out
}

func (r *reader) procfile(f file) parsed {
	var out parsed
	env, base := r.foreman(f)
	l := linesOf(f.data)
	offset, index := 0, 0
	for text := range strings.Lines(string(f.data)) {
		start := offset
		offset += len(text)
		text = strings.TrimRight(text, "\r\n")
		if trimmed := strings.TrimSpace(text); trimmed == "" || trimmed[0] == '#' {
			continue
		}
		name, command, ok := strings.Cut(text, ":")
		if !ok || !isProcessName(name) {
			line, column := l.at(start)
			bad := unreadable(f, line, column, "the line is no NAME: COMMAND")
			bad.Severity = report.SeverityWarning // foreman goes on without it
			out.findings = append(out.findings, bad)
			continue
		}
		trimmed := strings.TrimLeft(command, " \t")
		begins := start + len(name) + 1 + len(command) - len(trimmed)
		number := base + foremanStep*index
		index++
		said := commandPorts(trimmed, env.before("PORT", strconv.Itoa(number)))
		given := commandPort{value: portValue{port: uint16(number), ok: true}, use: report.UseListen, protocol: port.TCP}
		if slices.Contains(variablesIn(trimmed), "PORT") {
			given.text, given.offset = "$PORT", strings.Index(trimmed, "PORT")
		}
		names := slices.ContainsFunc(said, func(p commandPort) bool {
			return p.use != report.UseConnect && (given.text == "" || p.value.port == given.value.port)
		})
		if !names && (given.text != "" || name == "web") && 0 < number && number <= 65535 {
			said = append(said, given)
		}
		at := func(offset int) (line, column int) { return l.at(begins + offset) }
		out.add(declareCommand(f, report.FormatProcfile, name, said, at))
	}
	return out
}

func isProcessName(name string) bool {
	return name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

// foreman is what the processes of a Procfile start with: the variables of the
// .env beside it, which go before those of the environment, and the number that
// PORT counts from: port in .foreman, PORT, or 5000.
func (r *reader) foreman(f file) (env variables, base int) {
	dir := filepath.Dir(f.path)
	values := map[string]string{}
	if dotenv, err := r.load(filepath.Join(dir, ".env")); err == nil {
		entries, _ := parseEnv(dotenv, r.lookup)
		for _, e := range entries {
			values[e.name] = e.value
		}
	}
	env = func(name string) (string, bool) {
		if value, ok := values[name]; ok {
			return value, true
		}
		return r.lookup(name)
	}
	if options, err := r.open(filepath.Join(dir, ".foreman")); err == nil {
		for line := range strings.Lines(string(options.data)) {
			if value, ok := strings.CutPrefix(line, "port:"); ok {
				return env, leadingNumber(value)
			}
		}
	}
	if value, ok := env("PORT"); ok {
		return env, leadingNumber(value)
	}
	return env, foremanPort
}

// leadingNumber is the number that a text starts with, as Ruby's to_i reads it;
// 0 for none.
func leadingNumber(text string) int {
	text = strings.TrimSpace(text)
	text = text[:len(text)-len(strings.TrimLeft(text, "0123456789"))]
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}
