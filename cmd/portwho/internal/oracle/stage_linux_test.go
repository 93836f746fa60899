package oracle

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stage is a network namespace with agents in it. It belongs to the goroutine
// that made it, which is locked to its thread: processes that it starts are in
// the namespace, and its /proc/sys/net is the namespace's.
type stage struct {
	self     string // this test binary, where every user may run it
	portwho  string
	agents   map[int]*process
	sessions map[int]*session
	nextPort map[string]int
}

// The addresses of a stage.
const stageSetup = `link set lo up
link add va type veth peer name vb
address add 10.77.0.1/24 broadcast 10.77.0.255 dev va
address add 10.77.0.2/24 dev vb
link set va up
link set vb up
address add fd77::1/64 dev va nodad
address add fe80::77/64 dev va nodad
address add fd77::2/64 dev vb nodad
`

// onStage runs f on a thread with a namespace of its own. The thread ends
// with it.
func onStage(self, portwho string, f func(*stage) error) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		s, err := newStage(self, portwho)
		if err == nil {
			err = f(s)
		}
		s.close()
		result <- err
	}()
	return <-result
}

func newStage(self, portwho string) (*stage, error) {
	s := &stage{
		self: self, portwho: portwho,
		agents:   make(map[int]*process),
		sessions: make(map[int]*session),
		nextPort: make(map[string]int),
	}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return s, fmt.Errorf("unshare: %w", err)
	}
	for _, setting := range []string{
		"ipv6/conf/all/accept_dad=0", "ipv6/conf/default/accept_dad=0", "ipv6/conf/default/addr_gen_mode=1",
		"ipv4/tcp_fin_timeout=60", "ipv4/ip_local_port_range=32768 60999", "ipv4/tcp_tw_reuse=0",
	} {
		if err := set(setting); err != nil {
			return s, err
		}
	}
	ip := exec.Command("ip", "-batch", "-")
	ip.Stdin = strings.NewReader(stageSetup)
	if out, err := ip.CombinedOutput(); err != nil {
		return s, fmt.Errorf("ip: %w: %s", err, out)
	}
	if err := awaitRoutes(); err != nil {
		return s, err
	}
	for _, uid := range []int{0, 1000} {
		p, err := s.start(roleAgent, nil, uid, 0)
		if err != nil {
			return s, err
		}
		s.agents[uid] = p
		if r, err := p.reply(); err != nil || r.Error != "" {
			return s, fmt.Errorf("agent of uid %d: %v %s", uid, err, r.Error)
		}
		if s.sessions[uid], err = newSession(uid); err != nil {
			return s, err
		}
	}
	return s, nil
}

// awaitRoutes waits until the addresses can be used: the kernel adds the routes
// of IPv6 ones in its own time.
func awaitRoutes() error {
	for _, text := range []string{"10.77.0.1", "fd77::1", "fd77::2", "fe80::77%va"} {
		sa, family, err := sockaddr(netip.MustParseAddr(text), peerPort)
		if err != nil {
			return err
		}
		fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		deadline := time.Now().Add(10 * time.Second)
		for err = unix.Connect(fd, sa); err != nil && time.Now().Before(deadline); err = unix.Connect(fd, sa) {
			time.Sleep(time.Millisecond)
		}
		_ = unix.Close(fd)
		if err != nil {
			return fmt.Errorf("route to %s: %w", text, err)
		}
	}
	return nil
}

func (s *stage) close() {
	for _, session := range s.sessions {
		_ = session.conn.Close()
	}
	for _, p := range s.agents {
		p.end()
	}
}

// set changes a setting of the namespace: ipv4/ip_nonlocal_bind=1.
func set(setting string) error {
	name, value, _ := strings.Cut(setting, "=")
	return os.WriteFile("/proc/sys/net/"+name, []byte(value), 0)
}

// Classes of port numbers.
const (
	classLow       = "low"       // below 1024
	classUsual     = "usual"     // below the ephemeral range
	classEphemeral = "ephemeral" // in it, and out of the agents' way
)

// port hands out a number that the stage has not seen. Each is used once:
// what a connection leaves behind must not meet the next scenario.
func (s *stage) port(class string) (int, error) {
	first, last := 2000, 30000
	switch class {
	case classLow:
		first, last = 100, 1023
	case classEphemeral:
		first, last = 50000, 60900
	}
	n := first + s.nextPort[class]
	s.nextPort[class] += 3 // bystanders have the numbers between
	if n > last {
		return 0, fmt.Errorf("no %s port is left", class)
	}
	return n, nil
}

// process is a started role.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	out   *bufio.Reader
}

// start starts a role in the stage. Flags are more of clone(2).
func (s *stage) start(role string, order any, uid int, flags uintptr) (*process, error) {
	text, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(s.self)
	cmd.Env = []string{roleName + "=" + role, orderName + "=" + string(text), "GOMAXPROCS=2", "GOGC=off"}
	cmd.Dir = "/"
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	if uid != 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd, stdin, bufio.NewReader(stdout)}, nil
}

// reply reads the line that a role writes when it is set up.
func (p *process) reply() (reply, error) {
	var r reply
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return r, fmt.Errorf("%w after %q", err, line)
	}
	return r, json.Unmarshal(line, &r)
}

// end lets a process go, and waits for its children too: they have its
// standard output.
func (p *process) end() {
	_ = p.stdin.Close()
	_, _ = io.Copy(io.Discard, p.out)
	_ = p.cmd.Wait()
}

// ran is what a run of portwho gave.
type ran struct {
	args   []string
	code   int
	stdout []byte
	stderr string
}

// run runs portwho as a user.
func (s *stage) run(uid int, args ...string) (ran, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.portwho, args...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/nonexistent"}
	cmd.Dir = "/"
	if uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	out := ran{args: args, code: cmd.ProcessState.ExitCode(), stdout: stdout.Bytes(), stderr: stderr.String()}
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		return out, err
	}
	return out, ctx.Err()
}
