package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// work is what one process of the machine is told.
type work struct {
	Cgroup      string
	UID         int
	Ports       []int // to listen on, at 127.0.0.1
	Files       int
	Connections int
	Via         string // the address of the connections
}

// readyFD is where a worker says that it stands.
const readyFD = 3

// playWorker opens everything and keeps it until it is killed. It stays the
// program that listens: one that could not would look like an accidental holder.
func playWorker(text string) error {
	var w work
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		return err
	}
	if w.Cgroup != "" {
		// A socket belongs to the cgroup in which it was made.
		if err := os.WriteFile(w.Cgroup+"/cgroup.procs", []byte("0"), 0); err != nil {
			return err
		}
	}
	most := unix.Rlimit{Cur: uint64(w.Files + len(w.Ports) + 2*w.Connections + 64)}
	most.Max = most.Cur
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &most); err != nil {
		return fmt.Errorf("setrlimit: %w", err)
	}
	if w.UID != 0 {
		if err := unix.Setgid(w.UID); err != nil {
			return err
		}
		if err := unix.Setuid(w.UID); err != nil {
			return err
		}
	}
	// A process that has changed its user is closed to that user's other ones until
	// it says otherwise (PR_SET_DUMPABLE(2const)).
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
		return err
	}
	for range w.Files {
		if _, err := unix.Open("/dev/null", unix.O_RDONLY, 0); err != nil {
			return err
		}
	}
	for _, number := range w.Ports {
		if _, err := listen(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(number))); err != nil {
			return err
		}
	}
	if w.Connections > 0 {
		if err := w.connect(); err != nil {
			return err
		}
	}
	if _, err := unix.Write(readyFD, []byte("x")); err != nil {
		return err
	}
	_ = unix.Close(readyFD)
	return unix.Pause()
}

func listen(at netip.AddrPort) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return -1, err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return -1, err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: at.Addr().As4(), Port: int(at.Port())}); err != nil {
		return -1, fmt.Errorf("bind %s: %w", at, err)
	}
	return fd, unix.Listen(fd, 1024)
}

// viaPort is the port of the listeners that the connections go to.
const viaPort = 9000

// connect makes the connections and keeps both ends of each.
func (w work) connect() error {
	at, err := netip.ParseAddr(w.Via)
	if err != nil {
		return err
	}
	server, err := listen(netip.AddrPortFrom(at, viaPort))
	if err != nil {
		return err
	}
	to := &unix.SockaddrInet4{Addr: at.As4(), Port: viaPort}
	for range w.Connections {
		client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		if err := unix.Connect(client, to); err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		if _, _, err := unix.Accept(server); err != nil {
			return fmt.Errorf("accept: %w", err)
		}
	}
	return nil
}

// start starts a worker; the wait that it returns ends when the worker stands.
func start(self string, w work) (cmd *exec.Cmd, wait func() error, err error) {
	text, err := json.Marshal(w)
	if err != nil {
		return nil, nil, err
	}
	r, to, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	cmd = exec.Command(self, roleWorker, string(text))
	cmd.Stderr = os.Stderr
	cmd.ExtraFiles = []*os.File{to}
	cmd.Env = []string{"GOMAXPROCS=1", "GOGC=off"} // few threads
	err = cmd.Start()
	to.Close()
	if err != nil {
		r.Close()
		return nil, nil, err
	}
	return cmd, func() error {
		defer r.Close()
		if _, err := r.Read(make([]byte, 1)); err != nil {
			return fmt.Errorf("a worker did not come up: %w", err)
		}
		return nil
	}, nil
}

// linger leaves closed connections behind that wait out their last packets. The
// end that closes first is the one that waits.
func linger(n int) error {
	l, err := net.Listen("tcp4", "127.0.0.9:0")
	if err != nil {
		return err
	}
	defer l.Close()
	for range n {
		client, err := net.Dial("tcp4", l.Addr().String())
		if err != nil {
			return err
		}
		server, err := l.Accept()
		if err != nil {
			return err
		}
		server.Close()
		client.Close()
	}
	return nil
}
