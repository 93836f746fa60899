package preflight

import (
	"strings"

	"github.com/portwho/portwho/pkg/report"
)

// isEngine tells the programs that publish ports of containers.
func isEngine(name string) bool {
	switch name {
	case "docker", "docker-compose", "podman", "podman-compose", "nerdctl":
		return true
	}
	return false
}

// engine reads what follows the name of an engine. -p is a port of run and
// create alone, and before the image: docker compose -p names the project, and
// what comes after the image is for the program in the container.
func (c *commandReader) engine(words []word) {
	for words = engineOptions(words, func(word) {}); len(words) > 0; words = engineOptions(words[1:], func(word) {}) {
		switch words[0].text {
		case "container", "compose", "pod":
		case "run", "create":
			engineOptions(words[1:], c.publish)
			return
		default:
			return
		}
	}
}

// engineOptions reads the options that words begin with, and returns what comes
// after them. publish is given the values of -p and --publish.
func engineOptions(words []word, publish func(word)) []word {
	for len(words) > 0 && len(words[0].text) > 1 && words[0].text[0] == '-' {
		w := words[0]
		words = words[1:]
		if w.text == "--" {
			break
		}
		name, value, joined := strings.Cut(w.text, "=")
		if !strings.HasPrefix(name, "--") { // -dp 8080:80, -p8080:80
			letters := strings.TrimLeft(w.text[1:], "DPTdiqt") // those that take no value
			if letters == "" {
				continue
			}
			name, joined = "-"+letters[:1], len(letters) > 1
			value = strings.TrimPrefix(letters[1:], "=")
		}
		isPort := name == "-p" || name == "--publish"
		switch {
		case joined && isPort:
			publish(part(w, value))
		case joined || isEngineSwitch(name):
		case len(words) > 0:
			if isPort {
				publish(words[0])
			}
			words = words[1:]
		}
	}
	return words
}

// isEngineSwitch tells the long options of docker and docker compose that take
// no value.
func isEngineSwitch(name string) bool {
	switch name {
	case "--rm", "--detach", "--interactive", "--tty", "--init", "--privileged", "--publish-all", "--read-only", "--quiet", "--no-healthcheck",
		"--oom-kill-disable", "--sig-proxy", "--debug", "--tls", "--tlsverify", "--no-tty", "--no-TTY", "--no-deps", "--service-ports", "--use-aliases", "--build",
		"--quiet-pull", "--quiet-build", "--remove-orphans", "--compatibility", "--dry-run", "--all-resources", "--verbose", "--replace", "--rmi", "--tls-verify":
		return true
	}
	return false
}

// publish reads the value of docker run --publish.
func (c *commandReader) publish(w word) {
	text := c.fill(w)
	if text == "" && isVariable(w.text) {
		return // nobody has set it yet
	}
	list, why := parsePublish(text)
	if why != "" {
		c.add(commandPort{text: w.text, offset: w.offset, value: notPublished(w.text, why), use: report.UsePublish})
	}
	for _, p := range list {
		c.add(commandPort{
			text: w.text, offset: w.offset, value: portValue{port: p.ports.First, ok: true}, last: p.ports.Last,
			use: report.UsePublish, protocol: p.protocol, address: p.address, target: p.target,
		})
	}
}

// notPublished is a text that docker run --publish refuses.
func notPublished(text, why string) portValue {
	return portValue{why: quote(text) + ", which docker does not publish: " + why, severity: report.SeverityError}
}
