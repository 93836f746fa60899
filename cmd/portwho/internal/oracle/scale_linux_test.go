package oracle

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The crowd that TestScale looks through.
const (
	crowdSockets   = 50_000
	crowdChildren  = 5 // that hold them: a process may not have so many files
	crowdProcesses = 5_000
	scaleRuns      = 50
)

// crowd is what a child of the crowd is told.
type crowd struct {
	Sockets   int
	Processes int
	Sleep     string // the program that the processes run
}

// TestScale looks for sockets that are there all along on a machine where
// tens of thousands of others, and thousands of processes, come and go.
func TestScale(t *testing.T) {
	if !*scale {
		t.Skip("it takes minutes: -oracle.scale")
	}
	if os.Geteuid() != 0 {
		unavailable(t, "network namespaces take root")
	}
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		unavailable(t, err.Error())
	}
	self, tested := prepare(t)
	if err := onStage(self, tested, func(s *stage) error { return s.scale(t, sleep) }); err != nil {
		t.Fatal(err)
	}
}

func (s *stage) scale(t *testing.T, sleep string) error {
	for i := range crowdChildren {
		c := crowd{Sockets: crowdSockets / crowdChildren, Sleep: sleep}
		if i == 0 {
			c.Processes = crowdProcesses
		}
		p, err := s.start(roleCrowd, c, 0, 0)
		if err != nil {
			return err
		}
		defer p.end()
		if r, err := p.reply(); err != nil || r.Error != "" {
			return fmt.Errorf("crowd: %v %s", err, r.Error)
		}
	}
	var stable []*standing
	for i := range 20 {
		o := order{
			Protocol: []string{"tcp", "tcp", "tcp", "udp"}[i%4], State: []string{"listen", "bound", "accepted", "unconnected"}[i%4],
			Address: "127.0.0.1", Via: "127.0.0.1", UID: []int{0, 1000}[i%2],
		}
		h, err := s.stand(o, 31000+10*i, newTally())
		if err != nil {
			return err
		}
		if h == nil {
			return fmt.Errorf("%s was not to be had", o.label())
		}
		defer h.end()
		stable = append(stable, h)
	}

	sockets, processes := count(t)
	if *listings < 1 || *listings > scaleRuns {
		return fmt.Errorf("%d listings, want 1 to %d", *listings, scaleRuns)
	}
	var took, listing time.Duration
	wrong := 0
	for i := range scaleRuns {
		h := stable[i%len(stable)]
		viewer := []int{0, 0, 0, 1000}[rand.IntN(4)]
		started := time.Now()
		r, err := s.run(viewer, fmt.Sprintf("%s/127.0.0.1:%d", h.order.Protocol, h.order.Port), "--json", "--no-probe", "--reuse-address=false")
		if err != nil {
			return err
		}
		took += time.Since(started)
		if complaint := h.missing(r, viewer); complaint != "" {
			wrong++
			t.Errorf("run %d as uid %d: %s (inode %d, pid %v): %s", i, viewer, h.order.label(), h.reply.Rows[0].Inode, h.reply.PIDs, complaint)
		}
		if (i+1)**listings/scaleRuns == i**listings/scaleRuns {
			continue
		}
		started = time.Now()
		if r, err = s.run(0, "--json"); err != nil {
			return err
		}
		listing += time.Since(started)
		for _, complaint := range unlisted(r, stable) {
			wrong++
			t.Errorf("listing %d: %s", i, complaint)
		}
	}
	result := fmt.Sprintf("%d sockets and %d processes that come and go: %d runs for a port (%v each) and %d listings (%v each), %d wrong\n",
		sockets, processes, scaleRuns, (took / scaleRuns).Round(time.Millisecond), *listings, (listing / time.Duration(*listings)).Round(time.Millisecond), wrong)
	fmt.Print(result)
	keepResult(t, "scale", result)
	if sockets < crowdSockets*9/10 || processes < crowdProcesses*9/10 {
		t.Errorf("the crowd is too small: %d sockets, %d processes", sockets, processes)
	}
	return nil
}

// missing says what a run for the holder's port lacks.
func (h *standing) missing(r ran, viewer int) string {
	var v verdict
	if err := json.Unmarshal(r.stdout, &v); err != nil || len(v.Results) != 1 || len(v.Results[0].Binds) != 1 {
		return fmt.Sprintf("exit %d, no verdict: %s", r.code, r.stderr)
	}
	bind := v.Results[0].Binds[0]
	at := slices.IndexFunc(v.Results[0].Sockets, func(x reported) bool { return x.Inode == h.reply.Rows[0].Inode })
	switch {
	case bind.Errno != "EADDRINUSE":
		return fmt.Sprintf("said %s: %s", name(bind.Errno), bind.Rule)
	case at < 0:
		return "its socket is not there"
	case !slices.Contains(bind.BlockedBy, v.Results[0].Sockets[at].ID):
		return "its socket is not blamed"
	}
	return h.unnamed(&v.Results[0].Sockets[at], viewer)
}

func (h *standing) unnamed(x *reported, viewer int) string {
	var pids []int
	for _, holder := range x.Holders {
		pids = append(pids, holder.PID)
	}
	if viewer != 0 && viewer != h.order.UID && len(pids) == 0 {
		return "" // nobody lets this user look
	}
	if !slices.Equal(pids, h.reply.PIDs) {
		return fmt.Sprintf("its holders are %v", pids)
	}
	return ""
}

// unlisted says which of the holders that serve a listing lacks.
func unlisted(r ran, stable []*standing) []string {
	var v verdict
	if err := json.Unmarshal(r.stdout, &v); err != nil {
		return []string{fmt.Sprintf("exit %d, no listing: %s", r.code, r.stderr)}
	}
	byInode := make(map[uint64]*reported)
	for i := range v.Results {
		for j := range v.Results[i].Sockets {
			byInode[v.Results[i].Sockets[j].Inode] = &v.Results[i].Sockets[j]
		}
	}
	var out []string
	for _, h := range stable {
		if h.order.State != "listen" && h.order.State != "unconnected" {
			continue
		}
		x := byInode[h.reply.Rows[0].Inode]
		if x == nil {
			out = append(out, fmt.Sprintf("%s on port %d is not listed", h.order.label(), h.order.Port))
		} else if complaint := h.unnamed(x, 0); complaint != "" {
			out = append(out, fmt.Sprintf("%s on port %d: %s", h.order.label(), h.order.Port, complaint))
		}
	}
	return out
}

// count counts the sockets of the stage and the processes of the machine.
func count(t *testing.T) (sockets, processes int) {
	t.Helper()
	for _, name := range []string{"tcp", "tcp6", "udp", "udp6"} {
		text, err := os.ReadFile("/proc/thread-self/net/" + name)
		if err != nil {
			t.Fatal(err)
		}
		sockets += strings.Count(string(text), "\n") - 1
	}
	// /proc/net/tcp does not show sockets that are bound only, and sockstat
	// counts them too.
	text, err := os.ReadFile("/proc/thread-self/net/sockstat")
	if err != nil {
		t.Fatal(err)
	}
	if fields := strings.Fields(string(text)); len(fields) > 2 {
		if used, err := strconv.Atoi(fields[2]); err == nil {
			sockets = max(sockets, used)
		}
	}
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	return sockets, len(folders)
}

// playCrowd opens sockets and starts processes, and replaces them one after
// the other until its standard input ends.
func playCrowd() error {
	var c crowd
	if err := json.Unmarshal([]byte(os.Getenv(orderName)), &c); err != nil {
		return err
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	sockets := make([]int, c.Sockets)
	for i := range sockets {
		sockets[i] = openAnywhere()
	}
	processes := make([]int, 0, c.Processes)
	defer func() {
		for _, pid := range processes {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		for _, pid := range processes {
			_, _ = unix.Wait4(pid, nil, 0, nil)
		}
	}()
	for range c.Processes {
		pid, err := startSleeper(c.Sleep)
		if err != nil {
			return fmt.Errorf("process %d: %w", len(processes), err)
		}
		processes = append(processes, pid)
	}
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	say(reply{})
	for {
		select {
		case <-ended:
			return nil
		default:
		}
		for range 20 {
			i := rand.IntN(len(sockets))
			_ = unix.Close(sockets[i])
			sockets[i] = openAnywhere()
		}
		if len(processes) > 0 {
			i := rand.IntN(len(processes))
			_ = unix.Kill(processes[i], unix.SIGKILL)
			_, _ = unix.Wait4(processes[i], nil, 0, nil)
			pid, err := startSleeper(c.Sleep)
			if err != nil {
				processes = slices.Delete(processes, i, i+1)
				return err
			}
			processes[i] = pid
		}
		time.Sleep(5 * time.Millisecond) // leaves some time to the test itself
	}
}

func startSleeper(path string) (int, error) {
	return syscall.ForkExec(path, []string{"sleep", "3600"}, &syscall.ProcAttr{Env: []string{}})
}

// openAnywhere opens a socket of any kind, away from the ports of the test.
func openAnywhere() int {
	for {
		how := unix.SOCK_STREAM
		if rand.IntN(3) == 0 {
			how = unix.SOCK_DGRAM
		}
		fd, err := unix.Socket(unix.AF_INET, how|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return -1
		}
		to := &unix.SockaddrInet4{Port: 2000 + rand.IntN(20000), Addr: [4]byte{127, 1, byte(rand.IntN(250)), byte(1 + rand.IntN(250))}}
		if unix.Bind(fd, to) == nil {
			if how == unix.SOCK_STREAM && rand.IntN(4) > 0 {
				_ = unix.Listen(fd, 1)
			}
			return fd
		}
		_ = unix.Close(fd)
	}
}
