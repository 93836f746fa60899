package stop_test

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A gate runs functions on a thread whose system calls on processes are held
// up (seccomp_unotify(2)), so that something can happen between what a
// function has seen and what it then does.
type gate struct {
	work chan func()
	mu   sync.Mutex
	// at is what is waited for, then what happens first.
	at   []call
	then func()
}

// A call is a system call by its number and, where that is not 0, by the
// signal that it sends.
type call struct {
	number int
	signal unix.Signal
}

// newGate starts the thread and the one that watches it.
func newGate() (*gate, error) {
	g := &gate{work: make(chan func())}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the filter is this thread's
		listener, err := holdUp(unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_SEND_SIGNAL, unix.SYS_KILL)
		if err == nil {
			go g.watch(listener)
		}
		started <- err
		for f := range g.work {
			f()
		}
	}()
	return g, <-started
}

// run calls f. When f makes one of the calls for the first time, then is called
// before the kernel goes on with it; reached says whether that came about.
func (g *gate) run(f func(), at []call, then func()) (reached bool) {
	g.set(at, func() { reached = true; then() })
	done := make(chan struct{})
	g.work <- func() {
		f()
		close(done)
	}
	<-done
	g.set(nil, nil)
	return reached
}

func (g *gate) set(at []call, then func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.at, g.then = at, then
}

// notice is struct seccomp_notif, reply struct seccomp_notif_resp
// (linux/seccomp.h).
type notice struct {
	id         uint64
	pid, flags uint32
	number     int32
	arch       uint32
	address    uint64
	args       [6]uint64
}

type reply struct {
	id    uint64
	value int64
	errno int32
	flags uint32
}

// The requests of seccomp_unotify(2), as _IOWR makes them.
const (
	receive  = 0xc0502100 // SECCOMP_IOCTL_NOTIF_RECV
	send     = 0xc0182101 // SECCOMP_IOCTL_NOTIF_SEND
	carryOn  = 1          // SECCOMP_USER_NOTIF_FLAG_CONTINUE
	listener = 8          // SECCOMP_FILTER_FLAG_NEW_LISTENER
)

// watch lets every call that is held up go on, once the one that is waited for
// has had its moment.
func (g *gate) watch(fd int) {
	for {
		var n notice
		err := ioctl(fd, receive, unsafe.Pointer(&n))
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENOENT) {
			continue
		}
		exitOn(err)
		g.pass(&n)
		// A signal to the thread takes the call back; it comes again.
		err = ioctl(fd, send, unsafe.Pointer(&reply{id: n.id, flags: carryOn}))
		if err != nil && !errors.Is(err, unix.ENOENT) {
			exitOn(err)
		}
	}
}

func (g *gate) pass(n *notice) {
	g.mu.Lock()
	then := g.then
	hit := then != nil && slices.ContainsFunc(g.at, func(c call) bool {
		return int(n.number) == c.number && (c.signal == 0 || n.args[1] == uint64(c.signal))
	})
	if hit {
		g.then = nil
	}
	g.mu.Unlock()
	if hit {
		then()
	}
}

func ioctl(fd int, request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(arg)); errno != 0 {
		return os.NewSyscallError("ioctl", errno)
	}
	return nil
}

// holdUp has some of this thread's calls wait for the holder of the descriptor
// it returns.
func holdUp(numbers ...uint32) (int, error) {
	code := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}} // the number of the call
	for _, n := range numbers {
		code = append(code,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: n, Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF})
	}
	code = append(code, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	program := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, listener, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return -1, os.NewSyscallError("seccomp", errno)
	}
	return int(fd), nil
}
