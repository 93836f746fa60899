package collect_test

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// From inside a pid namespace, nobody can tell who outside of it holds what.
func TestHolderOutsideThePIDNamespace(t *testing.T) {
	t.Parallel()
	needRoot(t)
	fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	number := bind(t, fd, loopback4())
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(copied), "listener")
	defer file.Close()
	for _, tt := range []struct {
		name  string
		files []*os.File
		want  host.HolderStatus
	}{
		{"nobody inside", nil, host.HoldersHidden},
		{"somebody inside too", []*os.File{file}, host.HoldersPartial},
	} {
		c := prepare(t, roleSnapshot, tt.files...)
		c.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS}
		c.run(t)
		dir := t.TempDir()
		snapshot := c.snapshot(t, order{Mount: dir, ProcRoot: dir, Scope: host.Scope{Ports: []port.Range{port.One(number)}}})
		s := one(t, snapshot)
		if len(s.Holders) != len(tt.files) || s.HolderStatus != tt.want {
			t.Errorf("%s: got %+v, %s", tt.name, s.Holders, s.HolderStatus)
		}
		if !slices.ContainsFunc(snapshot.Gaps, func(g host.Gap) bool {
			return g.HoldersOnly && !g.Decides && g.Subject == "processes outside this pid namespace"
		}) {
			t.Errorf("%s: no gap: %+v", tt.name, snapshot.Gaps)
		}
	}
}

// A connection that its process has closed belongs to nobody, even while a
// listener is there that could have accepted it.
func TestOrphanHasNoHolder(t *testing.T) {
	t.Parallel()
	fd := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	number := bind(t, fd, loopback4())
	if err := unix.Listen(fd, 5); err != nil {
		t.Fatal(err)
	}
	if err := leaveOrphan(fd, number); err != nil {
		t.Fatal(err)
	}
	s := orphanOn(t, number)
	if len(s.Holders) != 0 || s.HolderStatus != host.HoldersNone || s.Inode != 0 {
		t.Errorf("got %+v, %s", s.Holders, s.HolderStatus)
	}
}

// leaveOrphan closes a connection of the listener while its peer, which stays
// open, has yet to read what was sent: it is in FIN_WAIT1 from then on.
func leaveOrphan(listener int, number uint16) error {
	client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.SetsockoptInt(client, unix.SOL_SOCKET, unix.SO_RCVBUF, 2048); err != nil {
		return err
	}
	if err := unix.Connect(client, &unix.SockaddrInet4{Port: int(number), Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return err
	}
	accepted, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
	if err != nil {
		return err
	}
	for err == nil { // until the peer takes no more
		_, err = unix.Write(accepted, make([]byte, 1<<16))
	}
	return unix.Close(accepted)
}

// orphanOn returns the connection in FIN_WAIT1. A child that another test
// starts has our files until it has become its own program, so that closing one
// may take effect a little later.
func orphanOn(t *testing.T, number uint16) host.Socket {
	t.Helper()
	for range 200 {
		for _, s := range take(t, number, port.TCP).Sockets {
			if s.State == host.StateFinWait1 {
				return s
			}
		}
	}
	t.Fatal("there is no connection in FIN_WAIT1")
	return host.Socket{}
}

// No process has an orphan any more; its cgroup still names the service.
func TestOrphanNamesItsService(t *testing.T) {
	t.Parallel()
	needRoot(t)
	name := "portwho-test-" + strconv.Itoa(os.Getpid()) + ".service"
	c := prepare(t, roleOrphan)
	c.SysProcAttr = &unix.SysProcAttr{UseCgroupFD: true, CgroupFD: ownCgroup(t, name)}
	c.run(t)
	s := orphanOn(t, c.readyPort(t))
	if s.HolderStatus != host.HoldersNone || s.Cgroup != "/"+name {
		t.Errorf("got %s, cgroup %q, want %q", s.HolderStatus, s.Cgroup, "/"+name)
	}
	if len(s.Managers) != 1 || s.Managers[0].Kind != host.ManagerUnit || s.Managers[0].Name != name {
		t.Errorf("got managers %+v", s.Managers)
	}
}

// A dual-stack listener takes IPv4 in, and has a connection in its queue whose
// peer is gone already.
func TestBacklogOfADualStackListener(t *testing.T) {
	t.Parallel()
	fd := raw(t, unix.AF_INET6, unix.SOCK_STREAM, 0)
	set(t, fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
	number := bind(t, fd, &unix.SockaddrInet6{})
	if err := unix.Listen(fd, 5); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"127.0.0.1", "::1"} {
		client, err := net.Dial("tcp", net.JoinHostPort(address, strconv.Itoa(int(number))))
		if err != nil {
			t.Fatal(err)
		}
		client.Close()
	}
	found := 0
	for _, s := range take(t, number, port.TCP).Sockets {
		if s.State != host.StateCloseWait {
			continue
		}
		found++
		// A child of another test has our files until it has become its own
		// program, so there may be one more.
		if want := (host.Holder{PID: int32(os.Getpid()), FD: -1, Via: host.ViaBacklog}); !slices.Contains(s.Holders, want) {
			t.Errorf("%s: got %+v, %s", s.Local, s.Holders, s.HolderStatus)
		}
	}
	if found != 2 {
		t.Errorf("%d connections in CLOSE_WAIT, want 2", found)
	}
}

// spawn starts a server that gives its listener to a child and returns the
// port, the server and the pid of the child. The child ends with the test.
func spawn(t *testing.T, command ...string) (number uint16, server *child, pid int32) {
	t.Helper()
	path, err := exec.LookPath(command[0])
	if err != nil {
		unavailable(t, err.Error())
	}
	server = prepare(t, roleSpawn)
	server.Env = append(server.Env, helperCommand+"="+strings.Join(append([]string{path}, command[1:]...), "\n"))
	server.run(t)
	number = server.readyPort(t)
	n, err := strconv.ParseInt(server.ready(t), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Kill(int(n), unix.SIGKILL) })
	return number, server, int32(n)
}

func inherited(s host.Socket) map[int32]bool {
	marks := make(map[int32]bool)
	for _, h := range s.Holders {
		marks[h.PID] = h.Inherited
	}
	return marks
}

func TestInheritedByAChildThatServesNothing(t *testing.T) {
	t.Parallel()
	number, server, pid := spawn(t, "sleep", "600")
	marks := inherited(one(t, take(t, number, port.TCP)))
	if len(marks) != 2 || marks[int32(server.Process.Pid)] || !marks[pid] {
		t.Errorf("beside the server: got %v, want only %d marked", marks, pid)
	}
	server.end()
	marks = inherited(one(t, take(t, number, port.TCP)))
	if len(marks) != 1 || !marks[pid] {
		t.Errorf("after the server: got %v, want %d marked", marks, pid)
	}
}

// An interpreter could serve anything. Beside the server that started it, and
// asleep, it does not.
func TestInheritedByAnotherProgram(t *testing.T) {
	t.Parallel()
	needRoot(t)
	number, server, pid := spawn(t, "python3", "-c", "import socket, time; print('up', flush=True); time.sleep(600)")
	server.ready(t)
	// It says "up" before it sleeps.
	marked := false
	for range 500 {
		if marked = inherited(one(t, take(t, number, port.TCP)))[pid]; marked {
			break
		}
	}
	if !marked {
		t.Error("the sleeping child is not marked")
	}
}

// A child that serves what it was given is a server.
func TestServingChildIsNotMarked(t *testing.T) {
	t.Parallel()
	for name, program := range map[string]string{
		"accept": "import socket; s = socket.socket(fileno=3); print('up', flush=True); s.accept()",
		"poll":   "import select, socket; p = select.poll(); p.register(3); print('up', flush=True); p.poll()",
		"epoll":  "import select, sys, time; e = select.epoll(); e.register(3); print('up', flush=True); time.sleep(600)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			number, server, pid := spawn(t, "python3", "-c", program)
			server.ready(t)
			if marks := inherited(one(t, take(t, number, port.TCP))); len(marks) != 2 || marks[pid] {
				t.Errorf("got %v", marks)
			}
		})
	}
}

func TestSessionLeaderGone(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The shell leads the session, and ends before we look.
	cmd := exec.Command("sh", "-c", `"$0" <&3 & echo $!`, self)
	cmd.Env = append(os.Environ(), helperRole+"="+roleHold)
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true}
	stays, ends, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stays.Close()
	t.Cleanup(func() { ends.Close() }) // and with it the child
	cmd.ExtraFiles = []*os.File{stays}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	cmd.Stdout = writer
	err = cmd.Run()
	writer.Close()
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.ParseInt(strings.TrimSpace(line), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	p, err := collect.ReadProcess(t.Context(), "", int32(pid))
	if err != nil || p.SessionLeaderGone == nil || !*p.SessionLeaderGone {
		t.Errorf("got %+v, %v", p.SessionLeaderGone, err)
	}
	leader := exec.Command(self)
	leader.Env = cmd.Env
	leader.SysProcAttr = cmd.SysProcAttr
	in, err := leader.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := leader.Start(); err != nil {
		t.Fatal(err)
	}
	defer leader.Wait()
	defer in.Close()
	p, err = collect.ReadProcess(t.Context(), "", int32(leader.Process.Pid))
	if err != nil || p.SessionLeaderGone == nil || *p.SessionLeaderGone {
		t.Errorf("a leader: got %+v, %v", p.SessionLeaderGone, err)
	}
}
