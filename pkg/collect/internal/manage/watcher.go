package manage

import (
	"fmt"
	"strings"
	"sync"

	"github.com/portwho/portwho/pkg/host"
)

// watch says how a watcher behaves.
type watch struct {
	tool string
	// words must stand first among its arguments, one of them; nil for none.
	words []string
	// options must be among its arguments, one of them; nil for none.
	options []string
	// policy is when it starts the program again; empty where it does not and
	// ends with it, or goes on without it.
	policy string
}

const onChange = "when a file changes"

// knownWatches is that list, made once: a listing asks it for every process.
var knownWatches = sync.OnceValue(watches)

// watches lists the programs that people start instead of their server, and
// that start it in turn. All of them are stopped by a signal to themselves.
func watches() []watch {
	return []watch{
		{tool: "nodemon", policy: onChange},
		{tool: "tsx", words: []string{"watch"}, policy: onChange},
		{tool: "tsx", options: []string{"--watch"}, policy: onChange},
		{tool: "ts-node-dev", policy: onChange},
		{tool: "tsnd", policy: onChange},
		{tool: "watchexec", policy: onChange},
		{tool: "entr", options: []string{"-r", "-rc", "-cr", "-rz", "-nr", "-rn", "-cnr", "-nrz"}, policy: onChange},
		{tool: "air", policy: onChange},
		{tool: "reflex", policy: onChange},
		{tool: "CompileDaemon", policy: onChange},
		{tool: "cargo-watch", policy: onChange},
		{tool: "bacon", policy: onChange},
		{tool: "watchmedo", words: []string{"auto-restart"}, policy: onChange},
		{tool: "hupper", policy: onChange},
		{tool: "uvicorn", options: []string{"--reload"}, policy: onChange},
		{tool: "hypercorn", options: []string{"--reload"}, policy: onChange},
		{tool: "rerun", policy: onChange},
		{tool: "guard", policy: onChange},
		{tool: "foreman", words: []string{"start", "s"}},
		{tool: "honcho", words: []string{"start"}},
		{tool: "overmind", words: []string{"start", "s"}},
		{tool: "hivemind"},
		{tool: "concurrently"},
	}
}

// watcher recognises what a person started in order to have the server
// started. The last of the line is the watcher; a watcher that serves a port
// of its own is a server like any other, so it takes one below it.
func watcher(_ *host.Socket, line []*host.Process) (host.Manager, bool) {
	if len(line) < 2 {
		return host.Manager{}, false
	}
	p := line[len(line)-1]
	r := runs(p)
	name, policy := r.watches()
	if name == "" {
		return host.Manager{}, false
	}
	m := host.Manager{
		Kind: host.ManagerWatcher, Name: name, PID: p.PID, Policy: policy,
		Evidence: fmt.Sprintf("started by %s (pid %d)", name, p.PID),
	}
	if policy != "" {
		m.Restarts = new(true)
	}
	if again := concurrent(r); again != "" {
		m.Restarts, m.Policy = new(true), again
	}
	return m, true
}

// watches tells which watcher it is, and when that starts its program again.
func (r running) watches() (name, policy string) {
	tool := r.tool()
	if r.program == "node" || r.program == "nodejs" || r.program == "bun" {
		// node(1) --watch and bun --watch run the script in a child.
		if has(r.options, "--watch", "--watch-path") {
			return r.program + " --watch", onChange
		}
	}
	if r.title != "" {
		// foreman writes "foreman: master" over its arguments.
		if r.program == "ruby" && strings.HasPrefix(r.title, "foreman: master") {
			return "foreman", ""
		}
		return "", ""
	}
	for _, w := range knownWatches() {
		if w.tool != tool {
			continue
		}
		if w.words != nil && (len(r.args) == 0 || !has(r.args[:1], w.words...)) {
			continue
		}
		if w.options != nil && !has(r.args, w.options...) {
			continue
		}
		return tool, w.policy
	}
	if r.program == "cargo" && len(r.args) > 0 && r.args[0] == "watch" {
		return "cargo watch", onChange
	}
	return "", ""
}

// concurrent tells that concurrently starts a program again when it fails.
func concurrent(r running) string {
	if r.tool() == "concurrently" && has(r.args, "--restart-tries") {
		return "--restart-tries"
	}
	return ""
}
