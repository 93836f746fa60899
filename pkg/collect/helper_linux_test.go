package collect_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// The tests need other processes: ones that hold sockets in odd ways, and
// ones that look at the machine as another user. The test binary plays them
// all: helperRole in its environment says which.
const helperRole = "PORTWHO_COLLECT_TEST_ROLE"

// helperCommand is the command of roleSpawn, one argument a line.
const helperCommand = "PORTWHO_COLLECT_TEST_COMMAND"

func init() {
	switch os.Getenv(helperRole) {
	case roleDeadLeader, roleOwnTable:
		// The main goroutine must stay on the main thread: to end it, or to
		// keep others off it.
		runtime.LockOSThread()
	}
}

// The roles. Each writes one line when it is ready and then waits for the end
// of its standard input.
const (
	roleHold       = "hold"        // keeps the descriptors it was given
	roleDeadLeader = "dead-leader" // listens, then its main thread exits
	roleOwnTable   = "own-table"   // listens in a thread with a table of its own
	roleIOUring    = "io_uring"    // listens through a registered file only
	roleSnapshot   = "snapshot"    // takes a snapshot and writes it
	roleLocalhost  = "localhost"   // writes what localhost stands for
	roleNothing    = "nothing"     // exits at once
	roleLoad       = "load"        // holds many files
	roleOrphan     = "orphan"      // closes a connection whose peer does not read
	roleSpawn      = "spawn"       // listens and starts helperCommand with the listener as 3
)

func TestMain(m *testing.M) {
	role := os.Getenv(helperRole)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := play(role); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func play(role string) error {
	switch role {
	case roleNothing:
		return nil
	case roleLocalhost:
		snapshot, err := collect.Collect(context.Background(), collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(1)}}})
		if err != nil {
			return err
		}
		for _, a := range snapshot.Network.Localhost {
			fmt.Println(a)
		}
	case roleHold:
		fmt.Println("ready")
	case roleLoad:
		if err := occupy(); err != nil {
			return err
		}
	case roleDeadLeader:
		fd, number, err := listenRaw()
		if err != nil {
			return err
		}
		_ = fd // inherited by every thread of the process
		go func() {
			fmt.Println(number)
			io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
		unix.Syscall(unix.SYS_EXIT, 0, 0, 0) // of this thread alone
	case roleOwnTable:
		failed := make(chan error)
		go func() {
			runtime.LockOSThread()
			if err := unix.Unshare(unix.CLONE_FILES); err != nil {
				failed <- err
				return
			}
			_, number, err := listenRaw()
			if err != nil {
				failed <- err
				return
			}
			fmt.Println(number)
			select {}
		}()
		go func() {
			io.Copy(io.Discard, os.Stdin)
			failed <- nil
		}()
		return <-failed
	case roleIOUring:
		fd, number, err := listenRaw()
		if err != nil {
			return err
		}
		ring, err := registerFile(fd)
		if err != nil {
			fmt.Println("skip:", err)
			return nil
		}
		defer unix.Close(ring)
		unix.Close(fd)
		fmt.Println(number)
	case roleOrphan:
		fd, number, err := listenRaw()
		if err == nil {
			err = leaveOrphan(fd, number)
		}
		if err != nil {
			return err
		}
		unix.Close(fd)
		fmt.Println(number)
	case roleSpawn:
		fd, number, err := listenRaw()
		if err != nil {
			return err
		}
		args := strings.Split(os.Getenv(helperCommand), "\n")
		cmd := exec.Command(args[0], args[1:]...)
		cmd.ExtraFiles = []*os.File{os.NewFile(uintptr(fd), "listener")}
		cmd.Stdout = os.Stdout
		fmt.Println(number)
		if err := cmd.Start(); err != nil {
			return err
		}
		fmt.Println(cmd.Process.Pid)
	case roleSnapshot:
		return snapshotAsTold()
	default:
		return fmt.Errorf("no role %q", role)
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// order is what the snapshot role is told on its standard input.
type order struct {
	// Mount is where to mount a procfs with Options first, in a mount
	// namespace of its own.
	Mount, Options string
	// UID to become; 0 stays.
	UID int

	ProcRoot  string
	Scope     host.Scope
	ReuseBits bool
	// Deepen also reads what no table shows.
	Deepen bool
	// WithoutBound makes the kernel one that lists no bound sockets.
	WithoutBound bool
}

func snapshotAsTold() error {
	var o order
	if err := json.NewDecoder(os.Stdin).Decode(&o); err != nil {
		return err
	}
	if o.Mount != "" {
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return err
		}
		if err := unix.Mount("proc", o.Mount, "proc", 0, o.Options); err != nil {
			return err
		}
	}
	if o.UID != 0 {
		if err := syscall.Setgroups(nil); err != nil {
			return err
		}
		if err := syscall.Setgid(o.UID); err != nil {
			return err
		}
		if err := syscall.Setuid(o.UID); err != nil {
			return err
		}
	}
	cfg := collect.Config{ProcRoot: o.ProcRoot, Scope: o.Scope, ReuseBits: o.ReuseBits}
	if o.WithoutBound {
		cfg = collect.WithoutBound(cfg)
	}
	snapshot, err := collect.Collect(context.Background(), cfg)
	if err != nil {
		return err
	}
	if o.Deepen {
		if err := collect.Deepen(context.Background(), snapshot); err != nil {
			return err
		}
	}
	return host.Write(os.Stdout, snapshot)
}

// listenRaw opens an IPv4 TCP listener on loopback that the Go runtime knows
// nothing about.
func listenRaw() (fd int, number uint16, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, 0, err
	}
	if err = bindQuiet(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}, &childPorts); err == nil {
		err = unix.Listen(fd, 5)
	}
	if err != nil {
		unix.Close(fd)
		return -1, 0, err
	}
	return fd, portOf(fd), nil
}

// ports hands out port numbers, each once. Tests that look a port up by its
// number must have it for themselves, and the kernel gives the same number to
// 127.0.0.1 and ::1 at once. The ranges are below the ephemeral one and apart
// from each other.
type ports struct {
	first, count uint32
	offset       uint32 // where a process starts, by chance
	given        atomic.Uint32
}

var (
	parentPorts = ports{first: 10000, count: 6000, offset: rand.Uint32N(6000)}
	childPorts  = ports{first: 16000, count: 3900, offset: rand.Uint32N(3900)}
)

func (p *ports) next() int { return int(p.first + (p.offset+p.given.Add(1))%p.count) }

// bindQuiet binds to an address whose port is 0 with a number of its own, and
// to any other as it is.
func bindQuiet(fd int, to unix.Sockaddr, from *ports) error {
	var number *int
	switch to := to.(type) {
	case *unix.SockaddrInet4:
		number = &to.Port
	case *unix.SockaddrInet6:
		number = &to.Port
	}
	if *number != 0 {
		return unix.Bind(fd, to)
	}
	for {
		*number = from.next()
		if err := unix.Bind(fd, to); !errors.Is(err, unix.EADDRINUSE) {
			return err
		}
	}
}

// portOf returns the local port of a socket; 0 when it has none.
func portOf(fd int) uint16 {
	name, err := unix.Getsockname(fd)
	if err != nil {
		return 0
	}
	switch name := name.(type) {
	case *unix.SockaddrInet4:
		return uint16(name.Port)
	case *unix.SockaddrInet6:
		return uint16(name.Port)
	}
	return 0
}

// registerFile puts a descriptor into the fixed files of a new io_uring.
func registerFile(fd int) (ring int, err error) {
	const registerFiles = 2  // IORING_REGISTER_FILES
	var parameters [120]byte // struct io_uring_params
	files := [1]int32{int32(fd)}
	r, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 4, uintptr(unsafe.Pointer(&parameters[0])), 0)
	if errno != 0 {
		return -1, fmt.Errorf("io_uring_setup: %w", errno)
	}
	_, _, errno = unix.Syscall6(unix.SYS_IO_URING_REGISTER, r, registerFiles, uintptr(unsafe.Pointer(&files[0])), 1, 0, 0)
	if errno != 0 {
		unix.Close(int(r))
		return -1, fmt.Errorf("io_uring_register: %w", errno)
	}
	return int(r), nil
}

// awaitExec waits until no child of this process has what this process has only
// because it was forked. The lock of forks is free again as soon as a child has
// a memory of its own, which is before it closes what it must not keep; its
// command line is empty until after that (begin_new_exec in fs/exec.c,
// create_elf_tables in fs/binfmt_elf.c). The caller holds the lock, so that
// there are no new children meanwhile.
func awaitExec() {
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, pid := range strings.Fields(string(text)) {
			for end := time.Now().Add(10 * time.Second); inExec(pid) && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
		}
	}
}

// inExec reports whether a process has a memory and no command line yet.
func inExec(pid string) bool {
	command, err := os.ReadFile("/proc/" + pid + "/cmdline")
	if err != nil || len(command) > 0 {
		return false
	}
	statm, err := os.ReadFile("/proc/" + pid + "/statm")
	return err == nil && !strings.HasPrefix(string(statm), "0 ")
}

// child is a process that plays a role.
type child struct {
	*exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Reader
}

// start starts a role with extra descriptors from 3 on. It ends with the test.
func start(t testing.TB, role string, files ...*os.File) *child {
	t.Helper()
	c := prepare(t, role, files...)
	c.run(t)
	return c
}

// prepare makes a role ready to run.
func prepare(t testing.TB, role string, files ...*os.File) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: exec.Command(self)}
	c.Env = append(os.Environ(), helperRole+"="+role)
	c.Stderr = os.Stderr
	c.ExtraFiles = files
	if c.stdin, err = c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewReader(out)
	return c
}

func (c *child) run(t testing.TB) {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.end)
}

func (c *child) end() {
	c.stdin.Close()
	c.Wait()
}

// ready waits for the line that a role writes when it has set itself up.
func (c *child) ready(t testing.TB) string {
	t.Helper()
	line, err := c.lines.ReadString('\n')
	line = strings.TrimSpace(line)
	if err != nil || strings.HasPrefix(line, "failed:") {
		t.Fatalf("helper: %q, %v", line, err)
	}
	if reason, ok := strings.CutPrefix(line, "skip:"); ok {
		unavailable(t, strings.TrimSpace(reason))
	}
	return line
}

// readyPort is ready for roles that write their port.
func (c *child) readyPort(t testing.TB) uint16 {
	t.Helper()
	number, err := strconv.ParseUint(c.ready(t), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return uint16(number)
}

// unavailable skips a test for want of something a bare machine may lack,
// unless PORTWHO_TEST_REQUIRE=all says that nothing may be skipped.
func unavailable(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		t.Fatalf("required, and not available: %s", reason)
	}
	t.Skip(reason)
}

func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		unavailable(t, "needs root")
	}
}
