package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/cmd/portwho/internal/testserver"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// require skips a test that lacks something a bare machine may lack, unless
// PORTWHO_TEST_REQUIRE=all says that nothing may be missing.
func require(t *testing.T, have bool, what string) {
	t.Helper()
	switch {
	case have:
	case os.Getenv("PORTWHO_TEST_REQUIRE") == "all":
		t.Fatalf("needs %s", what)
	default:
		t.Skipf("needs %s", what)
	}
}

// inOwnNetwork moves the test's thread into a new network namespace, so that
// well-known servers can run on fixed ports whatever else the machine runs.
// What the test starts from here on runs there. The thread is never given
// back.
func inOwnNetwork(t *testing.T) {
	t.Helper()
	require(t, os.Geteuid() == 0, "root, for a network namespace")
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		require(t, false, "a network namespace of its own: "+err.Error())
	}
	ip, err := exec.LookPath("ip")
	require(t, err == nil, "ip (iproute2)")
	if out, err := exec.Command(ip, "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("ip link set lo up: %v: %s", err, out)
	}
}

// start runs a server until the test ends.
func start(t *testing.T, uid uint32, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if system := filepath.Join("/usr/bin", name); err == nil && !filepath.IsAbs(name) && isFile(system) {
		path = system // one that every user may run
	}
	if name == testserver.Program {
		path, err = programFor(t, uid), nil
	}
	require(t, err == nil, name)
	cmd := exec.Command(path, args...)
	cmd.Args[0] = name
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if uid != 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: uid}
	}
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said: %s", name, log.String())
		}
	})
	return cmd
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// reachable waits until something listens on a TCP address.
func reachable(t *testing.T, address string) {
	t.Helper()
	for range 200 {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("nothing came up on %s", address)
}

// portwho runs the program itself, as the uid.
func portwho(t *testing.T, uid uint32, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(programFor(t, uid), args...)
	cmd.Args[0] = "portwho"
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	if uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatalf("portwho %v: %v", args, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// programFor returns the test binary, which is portwho under that name; for
// another user a copy where that user may run it.
func programFor(t *testing.T, uid uint32) string {
	t.Helper()
	if uid == 0 {
		return os.Args[0]
	}
	dir, err := os.MkdirTemp("", "portwho-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	program := filepath.Join(dir, "portwho")
	data, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = os.WriteFile(program, data, 0o755)
	}
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func listing(t *testing.T, uid uint32, args ...string) report.Report {
	t.Helper()
	stdout, stderr, code := portwho(t, uid, append([]string{"--json"}, args...)...)
	var rep report.Report
	if err := json.Unmarshal([]byte(stdout), &rep); err != nil || code != 0 {
		t.Fatalf("portwho --json %v: exit %d, %v\n%s%s", args, code, err, stdout, stderr)
	}
	return rep
}

// seats maps "tcp 127.0.0.1:80" to the pid lists of the sockets there, sorted.
type seats map[string][]string

func (s seats) add(place string, pids []int32) {
	slices.Sort(pids)
	pids = slices.Compact(pids)
	s[place] = append(s[place], fmt.Sprint(pids))
	slices.Sort(s[place])
}

func seatsOf(rep report.Report) seats {
	out := seats{}
	for _, r := range rep.Results {
		for _, s := range r.Sockets {
			if s.Reach == report.ReachNone {
				continue // a connection, which ss -l leaves out too
			}
			pids := []int32{}
			for _, h := range s.Holders {
				pids = append(pids, h.PID)
			}
			out.add(string(s.Protocol)+" "+s.Local.String(), pids)
		}
	}
	return out
}

var ssPID = regexp.MustCompile(`pid=(\d+)`)

// seatsOfSS reads what ss -H -ltnup prints.
func seatsOfSS(t *testing.T, path string) seats {
	t.Helper()
	text, err := exec.Command(path, "-H", "-ltnup").Output()
	if err != nil {
		t.Fatalf("ss: %v", err)
	}
	out := seats{}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 6 {
			continue
		}
		local := strings.Replace(fields[4], "*:", "[::]:", 1)
		pids := []int32{}
		for _, m := range ssPID.FindAllStringSubmatch(line, -1) {
			pid, _ := strconv.Atoi(m[1])
			pids = append(pids, int32(pid))
		}
		out.add(fields[0]+" "+local, pids)
	}
	return out
}

const nginxConf = `daemon off;
worker_processes 2;
pid %[1]s/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
  server { listen 127.0.0.1:8081; listen [::1]:8081; listen 8082 reuseport; }
}
`

// startServers brings up the servers developers meet, on IPv4 and IPv6.
func startServers(t *testing.T) {
	t.Helper()
	dir := t.TempDir()

	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, dir), 0o644); err != nil {
		t.Fatal(err)
	}
	start(t, 0, "nginx", "-c", conf)

	start(t, 0, "redis-server", "--port", "8083", "--bind", "127.0.0.1", "::1", "--save", "", "--dir", dir)

	startPostgres(t)

	start(t, 0, "dnsmasq", "--no-daemon", "--port=8085", "--listen-address=127.0.0.1,::1", "--bind-interfaces",
		"--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file=", "--user=root")

	start(t, 0, "python3", "-m", "http.server", "8086", "--bind", "127.0.0.1", "--directory", dir)
	start(t, nobody, "python3", "-m", "http.server", "8087", "--bind", "::1", "--directory", "/var/empty")
	start(t, 0, "node", "-e", "require('http').createServer().listen(8088)")
	start(t, nobody, "node", "-e", "require('http').createServer().listen(8089, '127.0.0.1')")
	start(t, 0, testserver.Program, "listen", "[::]:8090")
	start(t, 0, testserver.Program, "fork", "127.0.0.1:8091")
	start(t, 0, testserver.Program, "group", "[::1]:8092")
	start(t, 0, testserver.Program, "udp", "127.0.0.1:8093")

	for _, address := range []string{
		"127.0.0.1:8081", "[::1]:8081", "127.0.0.1:8082", "127.0.0.1:8083", "[::1]:8083", "127.0.0.1:8084", "127.0.0.1:8085",
		"127.0.0.1:8086", "[::1]:8087", "127.0.0.1:8088", "127.0.0.1:8089", "[::1]:8090", "127.0.0.1:8091", "[::1]:8092",
	} {
		reachable(t, address)
	}
}

func startPostgres(t *testing.T) {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	account, err := user.Lookup("postgres")
	require(t, len(found) > 0 && err == nil, "postgresql")
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "portwho-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chown(dir, int(uid), int(uid)); err != nil {
		t.Fatal(err)
	}
	initdb := exec.Command(found[0], "-D", dir, "--no-sync", "-A", "trust")
	initdb.Dir = "/"
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v: %s", err, out)
	}
	start(t, uint32(uid), filepath.Join(filepath.Dir(found[0]), "postgres"), "-D", dir, "-p", "8084",
		"-c", "listen_addresses=127.0.0.1,::1", "-c", "unix_socket_directories="+dir)
}

// TestAgreesWithSS holds portwho to what ss says about ordinary servers: the
// same sockets, the same pids, none missing, none extra.
func TestAgreesWithSS(t *testing.T) {
	inOwnNetwork(t)
	ss, err := exec.LookPath("ss")
	require(t, err == nil, "ss (iproute2)")
	startServers(t)

	var want, got seats
	for range 5 { // a worker may still be starting
		want, got = seatsOfSS(t, ss), seatsOf(listing(t, 0))
		if fmt.Sprint(want) == fmt.Sprint(got) {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	if len(want) < 18 {
		t.Errorf("ss names %d places only: %v", len(want), want)
	}
	for place, pids := range want {
		if fmt.Sprint(got[place]) != fmt.Sprint(pids) {
			t.Errorf("%s: portwho %v, ss %v", place, got[place], pids)
		}
	}
	for place, pids := range got {
		if want[place] == nil {
			t.Errorf("%s: portwho %v, ss nothing", place, pids)
		}
	}
	// Not as subtests: those run on threads of their own, outside the namespace.
	ordinaryUserSees(t, got, listing(t, nobody))
	for place, pids := range got {
		protocol, local, _ := strings.Cut(place, " ")
		if mine := seatsOf(listing(t, 0, protocol+"/"+local))[place]; fmt.Sprint(mine) != fmt.Sprint(pids) {
			t.Errorf("%s: asked alone %v, in the list %v", place, mine, pids)
		}
	}
}

// ordinaryUserSees checks what uid nobody is told: all of its own processes,
// and the user and the reason for everybody else's.
func ordinaryUserSees(t *testing.T, asRoot seats, rep report.Report) {
	own, foreign := 0, 0
	for _, r := range rep.Results {
		for _, s := range r.Sockets {
			if s.UID == nil {
				t.Errorf("%s: no uid", s.ID)
				continue
			}
			if *s.UID == nobody {
				own++
				if len(s.Holders) == 0 {
					t.Errorf("%s: its own process is not named", s.ID)
				}
				continue
			}
			foreign++
			want := host.HoldersHidden
			if len(s.Holders) > 0 {
				want = host.HoldersPartial // workers of nginx run as nobody, their master does not
			}
			for _, h := range s.Holders {
				if h.User != "nobody" {
					t.Errorf("%s: an ordinary user sees %+v", s.ID, h)
				}
			}
			if s.HolderStatus != want || s.User == "" {
				t.Errorf("%s: holders %v, status %s, user %q", s.ID, s.Holders, s.HolderStatus, s.User)
			}
		}
	}
	if own != 2 || foreign < 15 {
		t.Errorf("%d own and %d foreign sockets", own, foreign)
	}
	if got := seatsOf(rep); len(got) != len(asRoot) {
		t.Errorf("%d places, root sees %d", len(got), len(asRoot))
	}
	if !slices.ContainsFunc(rep.Gaps, func(g host.Gap) bool { return g.Reason == "permission denied" && g.Hint != "" }) {
		t.Errorf("no gap gives the reason: %+v", rep.Gaps)
	}
}

// TestWhileServersComeAndGo asks again and again while servers start and stop.
// A port that is named must be named with the process that had it.
func TestWhileServersComeAndGo(t *testing.T) {
	const rounds = 200
	type life struct{ port, pid int }
	lives := make(chan life, rounds)
	go func() {
		defer close(lives)
		for range rounds {
			cmd := exec.Command(os.Args[0], "listen")
			cmd.Args[0] = testserver.Program
			stdin, err := cmd.StdinPipe()
			if err != nil {
				return
			}
			out, err := cmd.StdoutPipe()
			if err != nil || cmd.Start() != nil {
				return
			}
			var number int
			if _, err := fmt.Fscanf(out, "ready %d\n", &number); err == nil {
				lives <- life{number, cmd.Process.Pid}
			}
			time.Sleep(20 * time.Millisecond) // long enough to be seen
			_ = stdin.Close()
			_ = cmd.Wait()
		}
	}()
	pidsOn := map[int][]int32{}
	looks, met, alive := 0, 0, true
	var reports []report.Report
	for alive {
		stdout, stderr, code := portwho(t, 0, "--json", "--tcp")
		if code != 0 && code != 1 {
			t.Fatalf("exit %d: %s", code, stderr)
		}
		var rep report.Report
		if err := json.Unmarshal([]byte(stdout), &rep); err != nil {
			t.Fatal(err)
		}
		reports = append(reports, rep)
		looks++
		for drained := false; !drained; {
			select {
			case l, ok := <-lives:
				if !ok {
					alive, drained = false, true
					break
				}
				pidsOn[l.port] = append(pidsOn[l.port], int32(l.pid))
			default:
				drained = true
			}
		}
	}
	total := 0
	for _, pids := range pidsOn {
		total += len(pids)
	}
	for _, rep := range reports {
		for _, r := range rep.Results {
			for _, s := range r.Sockets {
				for _, h := range s.Holders {
					if pids := pidsOn[int(r.Target.Port)]; pids != nil && len(h.Command) > 0 && h.Command[0] == testserver.Program {
						met++
						if !slices.Contains(pids, h.PID) {
							t.Errorf("port %d: pid %d named, it belonged to %v", r.Target.Port, h.PID, pids)
						}
					}
				}
			}
		}
	}
	t.Logf("%d servers came and went, %d looks met one %d times", total, looks, met)
	if met == 0 {
		t.Error("no look met a server, so nothing was compared")
	}
	if total != rounds {
		t.Errorf("%d of %d servers ran", total, rounds)
	}
}
