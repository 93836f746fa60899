package manage

import (
	"path"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

// running is what a process runs, as far as its file and its command line
// tell. Every process can write over both its name and its arguments, so what
// is made of it says where it was read.
type running struct {
	// program is the name of its file: node, nginx, tmux.
	program string
	// script is the path of what an interpreter runs, and module the name
	// where python runs it by -m; empty for others.
	script, module string
	// args are the arguments of the program, or of the script.
	args []string
	// options are those of the interpreter, before the script.
	options []string
	// title is what a process has written over its arguments, as nginx, sshd
	// and pm2 do; empty for none.
	title string
}

// runs reads what a process runs.
func runs(p *host.Process) running {
	var r running
	if len(p.Command) > 0 {
		r.program = base(strings.TrimPrefix(p.Command[0], "-"))
		r.args = p.Command[1:]
		if titled(p.Command) {
			r.title = p.Command[0]
			r.program = p.Name
			r.args = nil
		}
	} else {
		r.program = p.Name
	}
	if exe := base(strings.TrimSuffix(p.Exe, deleted)); exe != "" && (r.title != "" || interpreter(exe) != "" || r.program == "") {
		r.program = exe
	}
	r.program = strings.TrimSuffix(r.program, ".exe")
	if kind := interpreter(r.program); kind != "" && r.title == "" {
		r.splitScript(kind)
	}
	return r
}

// deleted is what Linux adds to the path of a file that is no more.
const deleted = " (deleted)"

// titled reports whether the first word is a title such as "nginx: master
// process /usr/sbin/nginx" and no path of a program. Programs that write one
// end what is left of their arguments.
func titled(command []string) bool {
	for _, more := range command[1:] {
		if more != "" {
			return false
		}
	}
	return strings.Contains(command[0], " ")
}

// interpreter tells which language a program runs scripts of; empty for other
// programs.
func interpreter(program string) string {
	switch program {
	case "node", "nodejs", "bun", "deno":
		return "node"
	case "ruby", "perl", "php":
		return program
	}
	if rest, ok := strings.CutPrefix(program, "python"); ok && strings.Trim(rest, "0123456789.") == "" {
		return "python"
	}
	if rest, ok := strings.CutPrefix(program, "pypy"); ok && strings.Trim(rest, "0123456789.") == "" {
		return "python"
	}
	return ""
}

// splitScript parts the arguments of an interpreter into its own options, the
// script, and the script's arguments.
func (r *running) splitScript(kind string) {
	for i := 0; i < len(r.args); i++ {
		arg := r.args[i]
		switch {
		case kind == "python" && arg == "-m" && i+1 < len(r.args):
			r.module, r.options, r.args = r.args[i+1], r.args[:i], r.args[i+2:]
			return
		case takesValue(kind, arg):
			i++
		case arg == "--" && i+1 < len(r.args):
			r.script, r.options, r.args = r.args[i+1], r.args[:i], r.args[i+2:]
			return
		case !strings.HasPrefix(arg, "-") && arg != "":
			r.script, r.options, r.args = arg, r.args[:i], r.args[i+1:]
			return
		case arg == "-c" || arg == "-e" || arg == "--eval":
			r.options, r.args = r.args[:i], nil // code, no script
			return
		}
	}
	r.options, r.args = r.args, nil
}

// takesValue reports whether an option of an interpreter has its value in the
// next argument (node --help, python --help).
func takesValue(kind, option string) bool {
	switch kind {
	case "node":
		switch option {
		case "-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions", "--env-file":
			return true
		}
	case "python":
		return option == "-W" || option == "-X"
	case "ruby":
		return option == "-I" || option == "-r"
	}
	return false
}

// tool is the name of what runs: that of the script where there is one, else
// the program's. Scripts of npm packages are called by what their package is,
// so node_modules/nodemon/bin/nodemon.js and node_modules/.bin/nodemon are both
// nodemon.
func (r running) tool() string {
	switch {
	case r.module != "":
		name, _, _ := strings.Cut(r.module, ".")
		return name
	case r.script != "":
		if name := npmPackage(r.script); name != "" {
			return name
		}
		name := base(r.script)
		for _, extension := range []string{".js", ".cjs", ".mjs", ".py", ".rb", ".pl"} {
			name = strings.TrimSuffix(name, extension)
		}
		return name
	}
	return r.program
}

// npmPackage is the package that a script of a node_modules folder belongs to;
// empty for other scripts.
func npmPackage(script string) string {
	script = strings.ReplaceAll(script, `\`, "/")
	i := strings.LastIndex(script, "/node_modules/")
	if i < 0 {
		return ""
	}
	rest := path.Clean(script[i+len("/node_modules/"):])
	first, rest, _ := strings.Cut(rest, "/")
	switch {
	case first == ".bin":
		return base(rest)
	case strings.HasPrefix(first, "@"):
		second, _, _ := strings.Cut(rest, "/")
		return first + "/" + second
	}
	return first
}

// has reports whether one of the words stands among the arguments.
func has(args []string, words ...string) bool {
	for _, arg := range args {
		for _, word := range words {
			if arg == word || strings.HasPrefix(word, "--") && strings.HasPrefix(arg, word+"=") {
				return true
			}
		}
	}
	return false
}
