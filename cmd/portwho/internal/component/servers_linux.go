package component

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Plain starts a server with nothing in charge of it.
func Plain(t testing.TB, number int) *Started {
	t.Helper()
	s := begin(t, number)
	command := pythonServer(t, number)
	s.Manager = s.run(t, s.command(command[0], command[1:]...))
	return s.ready(t, 1)
}

// Nodemon starts node server.js below nodemon.
func Nodemon(t testing.TB, number int) *Started {
	t.Helper()
	program := need(t, "nodemon")
	s := begin(t, number)
	s.write(t, "server.js", nodeServer, 0o644)
	s.Manager = s.run(t, s.command(program, "--quiet", "server.js", strconv.Itoa(number)))
	return s.ready(t, 1)
}

// NodeWatch starts node server.js below node --watch.
func NodeWatch(t testing.TB, number int) *Started {
	t.Helper()
	node := need(t, "node")
	s := begin(t, number)
	s.write(t, "server.js", nodeServer, 0o644)
	s.Manager = s.run(t, s.command(node, "--watch", "server.js", strconv.Itoa(number)))
	return s.ready(t, 1)
}

// NpmRun starts node server.js as the script "dev" of a package, below npm and
// its sh. Nothing starts it again; Manager is npm.
func NpmRun(t testing.TB, number int) *Started {
	t.Helper()
	npm := need(t, "npm")
	s := begin(t, number)
	s.write(t, "server.js", nodeServer, 0o644)
	s.write(t, "package.json", fmt.Sprintf(`{"name": "shop", "scripts": {"dev": "node server.js %d"}, "dependencies": {"express": "1"}}`, number), 0o644)
	s.Manager = s.run(t, s.command(npm, "run", "--silent", "dev"))
	return s.ready(t, 1)
}

// Nginx starts nginx with two workers. Every one of them and the master hold
// the listener.
func Nginx(t testing.TB, number int) *Started {
	t.Helper()
	program := need(t, "nginx")
	s := begin(t, number)
	conf := s.write(t, "nginx.conf", fmt.Sprintf(`daemon off;
worker_processes 2;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/t; proxy_temp_path %[1]s/t; fastcgi_temp_path %[1]s/t; uwsgi_temp_path %[1]s/t; scgi_temp_path %[1]s/t;
  server { listen 127.0.0.1:%[2]d; }
}
`, s.Dir, number), 0o644)
	s.Manager = s.run(t, s.command(program, "-c", conf, "-e", s.Dir+"/error.log"))
	return s.ready(t, 3)
}

// Gunicorn starts gunicorn with two workers.
func Gunicorn(t testing.TB, number int) *Started {
	t.Helper()
	program := need(t, "gunicorn")
	s := begin(t, number)
	s.write(t, "app.py", "def app(environ, start):\n    start('200 OK', [])\n    return [b'ok']\n", 0o644)
	s.Manager = s.run(t, s.command(program, "-w", "2", "-b", fmt.Sprintf("127.0.0.1:%d", number), "app:app"))
	return s.ready(t, 3)
}

// Tmux starts a server as the job of a shell in a tmux window. Manager is the
// tmux server.
func Tmux(t testing.TB, number int) *Started {
	t.Helper()
	tmux := need(t, "tmux")
	bash := need(t, "bash")
	s := begin(t, number)
	socket := shortFolder(t) + "/tmux"
	s.do(t, tmux, "-S", socket, "-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", bash, "--norc", "--noprofile")
	pid, err := strconv.Atoi(s.do(t, tmux, "-S", socket, "display-message", "-p", "#{pid}"))
	if err != nil {
		t.Fatal(err)
	}
	s.Manager = pid
	s.keep(pid)
	s.do(t, tmux, "-S", socket, "send-keys", strings.Join(pythonServer(t, number), " "), "Enter")
	s.ready(t, 1)
	s.Bystanders = []int{pid, parentOf(s.Holders[0])}
	return s
}

// Screen starts a server in a window of screen, without a shell. Manager is
// screen.
func Screen(t testing.TB, number int) *Started {
	t.Helper()
	screen := need(t, "screen")
	s := begin(t, number)
	folder := shortFolder(t) + "/screen"
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	s.Env = append(s.Env, "SCREENDIR="+folder)
	name := fmt.Sprintf("portwho%d", number)
	s.do(t, screen, append([]string{"-d", "-m", "-S", name}, pythonServer(t, number)...)...)
	s.ready(t, 1)
	s.Manager = parentOf(s.Holders[0])
	s.keep(s.Manager)
	return s
}

// shortFolder is a folder for Unix sockets, whose paths must be short.
func shortFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func parentOf(pid int) int {
	parent, _, _ := readStat(pid)
	return parent
}
