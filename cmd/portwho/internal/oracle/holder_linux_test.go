package oracle

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// order says what a holder is to open, and how it is to keep it.
type order struct {
	State    string // what the socket is doing, see states
	Hiding   string // how it is kept, see hidings; empty is an ordinary descriptor
	Protocol string // tcp, mptcp, udp or udplite
	Address  string // to bind to; empty binds not at all
	Via      string // the address the other end has, or is reached at
	Port     int

	ReuseAddress, ReusePort, V6Only bool
	// Late sets the reuse options after bind instead of before.
	Late   bool
	Device string
	UID    int
}

// reply is what a holder says when all is set up.
type reply struct {
	// Rows are the sockets it opened on the port.
	Rows []row
	// PIDs keep them alive; 0 is the holder itself.
	PIDs []int
	// Refused is the errno when the port was not to be had: another holder
	// of the scenario has it.
	Refused string
	// Skip says what this kernel lacks.
	Skip  string
	Error string
}

// row is a socket as a table would show it.
type row struct {
	State    string // of an order that opens this one alone
	Inode    uint64 // 0 where it has no descriptor
	Protocol string
	Local    netip.AddrPort
	Remote   netip.AddrPort
	// Held says that the holder's processes keep it; else nobody does.
	Held bool
}

// The ways a holder can end before it is set up.
type (
	refused string // by the kernel
	lacking string // a feature of the kernel
)

func (r refused) Error() string { return string(r) }
func (l lacking) Error() string { return string(l) }

func playHolder() error {
	var o order
	if err := json.Unmarshal([]byte(os.Getenv(orderName)), &o); err != nil {
		return err
	}
	hide := hidings()[o.Hiding]
	if hide == nil {
		return fmt.Errorf("no hiding %q", o.Hiding)
	}
	err := hide(&opener{order: o})
	var no refused
	var lacks lacking
	switch {
	case errors.As(err, &no):
		say(reply{Refused: string(no)})
	case errors.As(err, &lacks):
		say(reply{Skip: string(lacks)})
	default:
		return err
	}
	return nil
}

// playKeeper keeps the descriptors it inherited.
func playKeeper() error {
	say(reply{})
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// rest waits for the end of the standard input.
func rest() error {
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// done tells the test about the sockets and waits.
func (h *opener) done(pids ...int) error {
	say(reply{Rows: h.rows, PIDs: pids})
	return rest()
}

// hidings are the ways to keep a socket. Each opens what the order says, says
// so, and returns at the end of the standard input.
func hidings() map[string]func(*opener) error {
	return map[string]func(*opener) error{
		"": func(h *opener) error {
			if _, err := h.open(); err != nil {
				return err
			}
			return h.done(0)
		},
		"dup": func(h *opener) error { // two descriptors of one process
			fd, err := h.open()
			if err != nil {
				return err
			}
			if _, err := unix.Dup(fd); err != nil {
				return err
			}
			return h.done(0)
		},
		"shared": func(h *opener) error { // parent and child
			fd, err := h.open()
			if err != nil {
				return err
			}
			pid, err := h.keep(fd)
			if err != nil {
				return err
			}
			return h.done(0, pid)
		},
		"inherited": func(h *opener) error { // the server is dead, its child has the port
			fd, err := h.open()
			if err != nil {
				return err
			}
			pid, err := h.keep(fd)
			if err != nil {
				return err
			}
			say(reply{Rows: h.rows, PIDs: []int{pid}})
			os.Exit(0)
			return nil
		},
		"in_flight": func(h *opener) error { // sent to itself, not received
			fd, err := h.open()
			if err != nil {
				return err
			}
			ends, err := sendAway(fd)
			if err != nil {
				return err
			}
			_ = ends // both stay open
			return h.done(0)
		},
		"in_flight_to_child": func(h *opener) error { // sent to another process, not received
			fd, err := h.open()
			if err != nil {
				return err
			}
			ends, err := sendAway(fd)
			if err != nil {
				return err
			}
			pid, err := h.keep(ends[1])
			if err != nil {
				return err
			}
			_ = unix.Close(ends[1])
			return h.done(pid)
		},
		"io_uring": func(h *opener) error { // a registered file, no descriptor
			fd, err := h.open()
			if err != nil {
				return err
			}
			if err := registerFile(fd); err != nil {
				return lacking(err.Error())
			}
			_ = unix.Close(fd)
			return h.done(0)
		},
		"own_table": func(h *opener) error { // a thread with a table of its own
			failed := make(chan error)
			// The runtime waits for the network through a descriptor of its
			// own, which the other threads must keep sharing.
			if err := h.meet(); err != nil {
				return err
			}
			go func() {
				runtime.LockOSThread()
				if err := unix.Unshare(unix.CLONE_FILES); err != nil {
					failed <- err
					return
				}
				if _, err := h.open(); err != nil {
					failed <- err
					return
				}
				say(reply{Rows: h.rows, PIDs: []int{0}})
				select {}
			}()
			go func() { failed <- rest() }()
			return <-failed
		},
		"dead_leader": func(h *opener) error { // the main thread is gone
			if _, err := h.open(); err != nil {
				return err
			}
			if unix.Gettid() != os.Getpid() {
				return errors.New("this is not the main thread")
			}
			go func() {
				// Its being gone shows in its state.
				awaitZombie()
				_ = h.done(0)
				os.Exit(0)
			}()
			unix.RawSyscall(unix.SYS_EXIT, 0, 0, 0) // of this thread alone
			return nil
		},
		"undumpable": func(h *opener) error { // even its own user may not look
			if _, err := h.open(); err != nil {
				return err
			}
			if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
				return err
			}
			return h.done(0)
		},
		"moved": func(h *opener) error { // the process has gone to another namespace
			if _, err := h.open(); err != nil {
				return err
			}
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				return lacking(err.Error())
			}
			return h.done(0)
		},
		"changed_user": func(h *opener) error { // the socket is root's, the process is not
			if _, err := h.open(); err != nil {
				return err
			}
			if err := changeUser(1001); err != nil {
				return err
			}
			return h.done(0)
		},
		"pid_namespace": func(h *opener) error { // the test starts it in one
			if os.Getpid() != 1 {
				return errors.New("not in a namespace of its own")
			}
			if _, err := h.open(); err != nil {
				return err
			}
			return h.done(0)
		},
		// The bystanders: never in the way, whatever is asked.
		"next_port": func(h *opener) error {
			h.Port++
			if _, err := h.open(); err != nil {
				return err
			}
			h.rows = nil
			return h.done()
		},
		"far_port": func(h *opener) error { // the port is the other end's
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			if err := unix.Connect(fd, &unix.SockaddrInet4{Port: h.Port, Addr: [4]byte{10, 77, 0, 2}}); err != nil {
				return err
			}
			return h.done()
		},
		"other_netns": func(h *opener) error {
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				return lacking(err.Error())
			}
			if err := loopbackUp(); err != nil {
				return err
			}
			if _, err := h.open(); err != nil {
				return err
			}
			h.rows = nil // no table of the stage shows them
			return h.done()
		},
	}
}

// keep starts a process that holds a descriptor, and the conversation with
// the agent: the other end lasts as long as that does.
func (h *opener) keep(fd int) (pid int, err error) {
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 10)
	if err != nil {
		return 0, err
	}
	file := os.NewFile(uintptr(copied), "kept")
	defer file.Close()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{roleName + "=" + roleKeep}
	cmd.Stdin, cmd.Stderr, cmd.ExtraFiles = os.Stdin, os.Stderr, []*os.File{file}
	if h.agent != nil {
		talk, err := h.agent.conn.File()
		if err != nil {
			return 0, err
		}
		defer talk.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, talk)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var ready [1]byte
	if _, err := out.Read(ready[:]); err != nil {
		return 0, fmt.Errorf("keeper: %w", err)
	}
	return cmd.Process.Pid, nil
}

// sendAway puts a descriptor into a Unix socket and closes it. The second end
// is the one that could receive it.
func sendAway(fd int) (ends [2]int, err error) {
	ends, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return ends, err
	}
	if err := unix.Sendmsg(ends[0], []byte("x"), unix.UnixRights(fd), nil, 0); err != nil {
		return ends, err
	}
	return ends, unix.Close(fd)
}

// session is a conversation with the agent of the stage.
type session struct {
	conn *net.UnixConn
	enc  *json.Encoder
	dec  *json.Decoder
}

func newSession(uid int) (*session, error) {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: agentName(uid)})
	if err != nil {
		return nil, err
	}
	return &session{conn, json.NewEncoder(conn), json.NewDecoder(conn)}, nil
}

func (s *session) ask(q question) (answer, error) {
	var a answer
	if err := s.enc.Encode(q); err != nil {
		return a, err
	}
	if err := s.dec.Decode(&a); err != nil {
		return a, err
	}
	if a.Error != "" {
		return a, fmt.Errorf("agent: %s: %s", q.Op, a.Error)
	}
	return a, nil
}
