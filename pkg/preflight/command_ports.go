package preflight

import (
	"strings"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// commandPort is a port that a command line names.
type commandPort struct {
	text     string // as it is written
	offset   int    // of text in the command line
	value    portValue
	use      report.Use
	protocol port.Protocol
	address  string
	last     uint16 // where any of several ports will do
	target   uint16
}

// commandPorts are the ports that a command line says its programs will use.
// Only what is known to be a port is taken: --workers 4 and --timeout 3000 are
// none. v are the variables that the shell has.
func commandPorts(line string, v variables) []commandPort {
	c := commandReader{variables: v, added: map[commandPort]bool{}}
	c.line(line, 0, 0)
	return c.ports
}

// maxNestedCommands is how often a command within a quoted word is followed.
const maxNestedCommands = 3

type commandReader struct {
	variables variables
	ports     []commandPort
	added     map[commandPort]bool // without where
}

func (c *commandReader) line(line string, offset, depth int) {
	for _, words := range simpleCommands(line) {
		for i := range words {
			words[i].offset += offset
		}
		c.command(words, depth)
	}
}

// command reads a simple command.
func (c *commandReader) command(words []word, depth int) {
	program, index := programOf(words)
	first := len(c.ports)
	for _, w := range words[:index] {
		if name, value, ok := strings.Cut(w.text, "="); ok && isAssignment(w.text) {
			c.assignment(strings.ToUpper(name), w, value)
		}
	}
	if isClient(program) || index >= len(words) {
		return
	}
	if isEngine(program) {
		c.engine(words[index+1:])
		return
	}
	host := ""
	for i := index; i < len(words); i++ {
		w := words[i]
		if w.quoted && strings.ContainsAny(w.text, " \t") {
			if depth < maxNestedCommands && runsCommands(program) {
				c.line(w.text, w.offset, depth+1)
			}
			continue
		}
		flag, value, joined := strings.Cut(w.text, "=")
		if !strings.HasPrefix(flag, "-") {
			c.positional(program, words[index:], i-index)
			continue
		}
		argument := part(w, value)
		if !joined && i+1 < len(words) {
			argument = words[i+1]
		}
		if c.flag(program, w, flag, argument, joined) && !joined {
			i++
		}
		if hostFlag(flag) {
			if address, ok := localAddress(argument.text); ok || isAddress(argument.text) {
				host = address
				if !ok {
					host = argument.text
				}
			}
		}
	}
	for i := first; i < len(c.ports); i++ {
		if p := &c.ports[i]; p.address == "" && p.use == report.UseListen {
			p.address = host
		}
	}
}

// part is the part of a word after a =.
func part(w word, text string) word {
	w.offset += len(w.text) - len(text)
	w.text = text
	return w
}

// split cuts a word at a sign.
func split(w word, at byte) []word {
	var out []word
	for text := range strings.SplitSeq(w.text, string(at)) {
		w.text = text
		out = append(out, w)
		w.offset += len(text) + 1
	}
	return out
}

// assignment reads NAME=VALUE before a program.
func (c *commandReader) assignment(name string, w word, value string) {
	w = part(w, value)
	switch {
	case strings.HasSuffix(name, "ASPNETCORE_URLS"):
		for _, u := range urlPorts(value) {
			if address, ok := localAddress(u.host); ok {
				c.hostPort(word{text: u.text, offset: w.offset + u.offset}, u, report.UseListen, address)
			}
		}
	case namesPort(name) && value != "":
		c.number(w, useOfPort(name), true)
	case strings.HasSuffix(name, "_OPTIONS") && strings.Contains(value, "--inspect"):
		for _, words := range simpleCommands(value) {
			for _, option := range words {
				flag, argument, joined := strings.Cut(option.text, "=")
				option.offset += w.offset
				if joined && inspectFlag(flag) {
					c.flag("node", option, flag, part(option, argument), joined)
				}
			}
		}
	}
}

// flag reads a flag and what may be its value. It reports whether that is its
// value.
func (c *commandReader) flag(program string, flagWord word, flag string, argument word, joined bool) bool {
	if inspectFlag(flag) {
		before := len(c.ports)
		if (joined || flag == "--inspect-port" || flag == "--debug-port") && c.bind(argument, true) {
			for i := before; i < len(c.ports); i++ {
				if c.ports[i].address == "" && isDigits(argument.text) {
					c.ports[i].address = "127.0.0.1" // where Node.js lets debuggers in
				}
			}
			return true
		}
		return false
	}
	if takes, client := portFlag(flag); takes {
		use := report.UseListen
		if client {
			use = report.UseConnect
		}
		return c.number(argument, use, flag == "--port")
	}
	if flag == "--urls" { // of ASP.NET Core
		for _, item := range split(argument, ';') {
			c.bind(item, false)
		}
		return true
	}
	if takes, alone := bindFlag(flag, program); takes && c.bind(argument, alone) {
		return true
	}
	if number, ok := strings.CutPrefix(flag, "-p"); ok && isDigits(number) { // -p3000
		argument.text, argument.offset = number, flagWord.offset+len("-p")
		c.number(argument, report.UseListen, false)
		return false
	}
	return flag == "-p" && c.number(argument, report.UseListen, false)
}

// positional reads a word that is no flag: :8080 anywhere, and the address or
// the port of the servers that take them so.
func (c *commandReader) positional(program string, words []word, i int) {
	w := words[i]
	before := ""
	if i > 0 {
		before = words[i-1].text
	}
	switch {
	case strings.HasPrefix(w.text, ":") && i > 0:
		c.bind(w, false)
	case before == "runserver" || before == "runserver_plus": // of Django
		c.bind(w, true)
	case before == "http.server" && isDigits(w.text): // python3 -m http.server 8000
		c.number(w, report.UseListen, false)
	}
}

// number reads a port, and reports whether it is one or was meant to be one:
// with strict, any text that starts like a number.
func (c *commandReader) number(w word, use report.Use, strict bool) bool {
	value := c.fill(w)
	if value == "" || strings.HasPrefix(value, "-") || !isDigits(value) && !(strict && value[0] >= '0' && value[0] <= '9') {
		return isVariable(w.text)
	}
	said := readPortValue(value)
	if isDigits(value) && !said.ok {
		said = tooLarge(value)
	}
	c.add(commandPort{text: w.text, offset: w.offset, value: said, use: use, protocol: port.TCP})
	return true
}

// bind reads ADDRESS:PORT, or a port where it may stand alone.
func (c *commandReader) bind(w word, alone bool) bool {
	value := c.fill(w)
	if alone && isDigits(value) {
		return c.number(w, report.UseListen, false)
	}
	text := value
	if _, after, ok := strings.Cut(value, "://"); ok { // tcp://0.0.0.0:3000
		text = strings.TrimRight(after, "/")
	}
	p, ok := hostPort(text)
	if !ok {
		return false
	}
	address, local := localAddress(p.host)
	if !local {
		if !isAddress(p.host) {
			return false
		}
		address = p.host
	}
	c.hostPort(w, p, report.UseListen, address)
	return true
}

func (c *commandReader) hostPort(w word, p urlPort, use report.Use, address string) {
	value := portValue{port: p.port, ok: p.ok}
	if !p.ok {
		value = tooLarge(p.text)
	}
	c.add(commandPort{text: w.text, offset: w.offset, value: value, use: use, protocol: p.protocol(), address: address})
}

// add adds a port once.
func (c *commandReader) add(p commandPort) {
	key := p
	key.text, key.offset = "", 0
	if !c.added[key] {
		c.added[key] = true
		c.ports = append(c.ports, p)
	}
}

// fill fills the variables in a word; empty where one of them is not set.
func (c *commandReader) fill(w word) string {
	if !w.fills || !isVariable(w.text) {
		return w.text
	}
	filled, unset, err := interpolate(w.text, c.variables)
	if err != nil || len(unset) > 0 {
		return ""
	}
	return filled
}

func isVariable(text string) bool { return strings.IndexByte(text, '$') >= 0 }
