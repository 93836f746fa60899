package preflight

import (
	"path"
	"strings"
)

// programOf is the program that a simple command runs, and its index in the
// words, behind the programs that only start another one. Variables that are
// set before it are no part.
func programOf(words []word) (name string, index int) {
	loader := false // of variables
	for index < len(words) {
		text := words[index].text
		base := strings.ToLower(strings.TrimSuffix(path.Base(strings.ReplaceAll(text, `\`, "/")), ".exe"))
		base = strings.TrimSuffix(base, ".cmd")
		switch {
		case base == "dotenv" || base == "dotenvx" || base == "env-cmd":
			loader = true
			index++
		case loader && namesVariables(words[index-1].text): // dotenv -e .env.local next dev
			index++
		case isAssignment(text), strings.HasPrefix(text, "-"), isWrapper(base):
			index++
		case index > 0 && (text == "run" || text == "exec" || text == "x" || text == "dlx" || text == "tool"), base == "set":
			index++
		default:
			return base, index
		}
	}
	return "", index
}

// namesVariables tells the flags of dotenv and env-cmd that a file follows, or
// the name of an environment.
func namesVariables(flag string) bool {
	switch flag {
	case "-e", "-f", "--file", "--env-file", "--environments":
		return true
	}
	return false
}

// isWrapper tells the programs that run the command in their arguments.
func isWrapper(name string) bool {
	switch name {
	case "npx", "bunx", "npm", "pnpm", "yarn", "bun", "deno", "bundle", "poetry", "uv", "uvx", "pipenv", "pdm", "hatch", "rye",
		"env", "cross-env", "cross-env-shell", "exec", "nohup", "sudo", "time", "nice", "foreman", "direnv", "mise", "asdf", "export":
		return true
	}
	return false
}

// isClient tells the programs whose ports are those of servers that they
// connect to, or look for, and those that have no ports at all.
func isClient(name string) bool {
	switch name {
	case "echo", "printf", "curl", "wget", "httpie", "wait-on", "wait-port", "wait-for", "wait-for-it.sh", "dockerize", "kill-port", "killport", "fkill", "npx-kill-port",
		"lsof", "fuser", "nc", "netcat", "ncat", "telnet", "ssh", "scp", "sftp", "rsync", "autossh",
		"psql", "pg_dump", "pg_restore", "pg_isready", "createdb", "dropdb", "mysql", "mysqldump", "mysqladmin", "mariadb",
		"redis-cli", "mongo", "mongosh", "mongodump", "mongorestore", "open", "xdg-open", "start", "ngrok", "lt", "localtunnel",
		"cloudflared", "stripe", "portwho", "git", "grep", "sed", "awk", "test", "[", "mkdir", "cp", "mv", "rm", "kill", "sleep", "cd", "tsc", "jest", "cypress", "playwright", "k6", "ab", "autocannon", "lighthouse", "adb":
		return true
	}
	return false
}

// runsCommands tells the programs whose quoted arguments are commands.
func runsCommands(name string) bool {
	return !isClient(name) && !isEngine(name) && name != "node" && name != "python"
}

func isAssignment(text string) bool {
	name, _, ok := strings.Cut(text, "=")
	return ok && name != "" && leadingName(name) == name
}

// portFlag says whether a flag takes a port, and what for: client is for one to
// connect to.
func portFlag(flag string) (takes, client bool) {
	if !strings.HasPrefix(flag, "-") || len(flag) < 3 {
		return false, false
	}
	name := strings.TrimLeft(flag, "-")
	if jvm, ok := strings.CutPrefix(name, "D"); ok && strings.Contains(jvm, ".") {
		name = jvm // -Dserver.port=8080
	}
	var words []string
	for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '-' || r == '.' || r == '_' }) {
		// httpPort has two words.
		if i := len(part) - len("Port"); i > 0 && part[i:] == "Port" {
			words = append(words, part[:i], "port")
			continue
		}
		words = append(words, part)
	}
	if len(words) == 0 || !strings.EqualFold(words[len(words)-1], "port") {
		return false, false
	}
	if name == "remote-debugging-port" { // of Chromium
		return true, false
	}
	for _, w := range words[:len(words)-1] {
		switch upper := strings.ToUpper(w); {
		case upper == "STRICT", upper == "NO", upper == "AUTO", upper == "TARGET", upper == "CONTAINER":
			return false, false
		case isClientWord(upper), upper == "PROXY", upper == "PUBLIC", upper == "EXTERNAL":
			client = true
		}
	}
	return true, client
}

// inspectFlag tells the flags of Node.js that open a port for a debugger.
func inspectFlag(flag string) bool {
	switch flag {
	case "--inspect", "--inspect-brk", "--inspect-wait", "--inspect-port", "--debug-port":
		return true
	}
	return false
}

// bindFlag tells the flags that take an address and a port. A port alone is
// taken from those that have no other meaning.
func bindFlag(flag, program string) (takes, alone bool) {
	if len(flag) > 2 && flag[1] != '-' {
		flag = "-" + flag // -addr of a program in Go is its --addr (package flag)
	}
	switch flag {
	case "--listen", "--listen-port":
		return true, true
	case "-l":
		return true, program == "serve"
	case "-b", "--bind", "--addr", "--address", "--listen-addr", "--listen-address", "--http", "--http-addr", "--http-address",
		"--web.listen-address", "--host", "--insecure-bind", "-S":
		return true, false
	}
	return false, false
}

// hostFlag tells the flags that take the address alone.
func hostFlag(flag string) bool {
	switch flag {
	case "--host", "--hostname", "-H", "--bind", "-b", "--address", "--ip", "--bind-address", "--bind-addr":
		return true
	}
	return false
}
