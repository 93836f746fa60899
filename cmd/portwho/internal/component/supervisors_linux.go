package component

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// nodeServer is a server for node. It takes the port as its argument.
const nodeServer = `require('http').createServer((q, r) => r.end('ok')).listen(Number(process.argv[2]), '127.0.0.1')
`

// pythonServer is the command of a server that needs no file.
func pythonServer(t testing.TB, number int) []string {
	return []string{need(t, "python3"), "-m", "http.server", strconv.Itoa(number), "--bind", "127.0.0.1"}
}

// PM2 starts node server.js as the program "web" of a pm2 daemon, and a second
// one, "other", that is a bystander.
func PM2(t testing.TB, number int) *Started {
	t.Helper()
	pm2 := need(t, "pm2")
	need(t, "node")
	s := begin(t, number)
	s.write(t, "server.js", nodeServer, 0o644)
	s.write(t, "idle.js", "setInterval(() => {}, 1000)\n", 0o644)
	home := filepath.Join(s.Dir, "pm2")
	s.Env = append(s.Env, "PM2_HOME="+home)
	s.do(t, pm2, "start", "--silent", "idle.js", "--name", "other")
	s.Manager = s.pidFile(t, filepath.Join(home, "pm2.pid"))
	s.keep(s.Manager)
	s.do(t, pm2, "start", "--silent", "server.js", "--name", "web", "--", strconv.Itoa(number))
	s.Bystanders = []int{s.Manager, s.pidFile(t, filepath.Join(home, "pids", "other-0.pid"))}
	return s.ready(t, 1)
}

// PM2Cluster starts two instances of node server.js as the program "web" of a
// pm2 daemon in cluster mode, where the daemon itself holds the listener.
func PM2Cluster(t testing.TB, number int) *Started {
	t.Helper()
	pm2 := need(t, "pm2")
	need(t, "node")
	s := begin(t, number)
	s.write(t, "server.js", nodeServer, 0o644)
	home := filepath.Join(s.Dir, "pm2")
	s.Env = append(s.Env, "PM2_HOME="+home)
	s.do(t, pm2, "start", "--silent", "server.js", "--name", "web", "-i", "2", "--", strconv.Itoa(number))
	s.Manager = s.pidFile(t, filepath.Join(home, "pm2.pid"))
	s.keep(s.Manager)
	return s.ready(t, 1)
}

// pidFile waits for a file with the pid of a process in it.
func (s *Started) pidFile(t testing.TB, path string) int {
	t.Helper()
	pid := 0
	until(t, path+" holds a pid", func() bool {
		text, err := os.ReadFile(path)
		if err != nil {
			return false
		}
		_, err = fmt.Sscan(string(text), &pid)
		return err == nil && Alive(pid)
	})
	return pid
}

// Supervisord starts a server as the program "web" of supervisord, and a
// bystander "other".
func Supervisord(t testing.TB, number int) *Started {
	t.Helper()
	program := need(t, "supervisord")
	s := begin(t, number)
	server := pythonServer(t, number)
	socket := filepath.Join(s.Dir, "supervisor.sock")
	conf := s.write(t, "supervisord.conf", fmt.Sprintf(`[unix_http_server]
file = %s
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl = unix://%s
[supervisord]
nodaemon = true
logfile = %s/supervisord.log
pidfile = %s/supervisord.pid
childlogdir = %s
[program:web]
command = %s -m http.server %d --bind 127.0.0.1
autorestart = true
startsecs = 0
[program:other]
command = sleep 3600
`, socket, socket, s.Dir, s.Dir, s.Dir, server[0], number), 0o644)
	s.Manager = s.run(t, s.command(program, "-n", "-c", conf))
	s.ready(t, 1)
	s.keep(s.Manager)
	for _, p := range s.own {
		if parent, _, _ := readStat(p.pid); parent == s.Manager && p.pid != s.Holders[0] {
			s.Bystanders = append(s.Bystanders, p.pid)
		}
	}
	s.Bystanders = append(s.Bystanders, s.Manager)
	return s
}

// Runit starts a server as the service "web" of runsv(8).
func Runit(t testing.TB, number int) *Started {
	t.Helper()
	program := need(t, "runsv")
	need(t, "sv")
	return serviceFolder(t, number, program)
}

// S6 starts a server as the service "web" of s6-supervise.
func S6(t testing.TB, number int) *Started {
	t.Helper()
	program := need(t, "s6-supervise")
	need(t, "s6-svc")
	return serviceFolder(t, number, program)
}

// serviceFolder is for supervisors that run the program "run" of a folder.
func serviceFolder(t testing.TB, number int, supervisor string) *Started {
	t.Helper()
	s := begin(t, number)
	server := pythonServer(t, number)
	s.write(t, "web/run", fmt.Sprintf("#!/bin/sh\nexec %s -m http.server %d --bind 127.0.0.1 2>&1\n", server[0], number), 0o755)
	s.Manager = s.run(t, s.command(supervisor, filepath.Join(s.Dir, "web")))
	s.Bystanders = []int{s.Manager}
	return s.ready(t, 1)
}
