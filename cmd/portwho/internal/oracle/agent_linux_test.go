package oracle

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// An agent serves a stage as one user. It listens on a Unix socket with an
// abstract name, which belongs to the network namespace. It is the other end
// of the holders' connections, and it makes the binds whose answer is the
// truth.

// question is what an agent is asked.
type question struct {
	Op string
	// Bind is for "bind".
	Bind *attempt `json:",omitempty"`
	// To is the address for "connect"; Narrow keeps the window of the
	// connection small, so that what is sent soon has no room.
	To     netip.AddrPort
	Narrow bool
	// From is the client whose connection "finish" and "reset" mean; ID is
	// the number of a connection that "connect" made.
	From netip.AddrPort
	ID   int
}

type answer struct {
	Errno string
	Call  string
	ID    int
	Local netip.AddrPort
	Error string
}

// attempt is a bind to be tried.
type attempt struct {
	Protocol     string
	Address      string
	Port         int
	ReuseAddress bool
	ReusePort    bool
	IPv6Only     bool
	Device       string
}

// The ports of an agent, above the ephemeral range.
const (
	peerPort = 61001 // accepts everything
	fullPort = 61002 // its queue is full: who connects stays in SYN_SENT
)

// peerRange is where an agent's own connections take their ports from, so
// that they never come near those of a scenario.
const peerRange = 33000 | 48000<<16

func agentName(uid int) string { return fmt.Sprintf("@portwho-oracle-%d", uid) }

type agent struct {
	mu       sync.Mutex
	changed  *sync.Cond
	accepted map[netip.AddrPort]int // by the client's address
}

func playAgent() error {
	uid := os.Getuid()
	l, err := net.Listen("unix", agentName(uid))
	if err != nil {
		return err
	}
	a := &agent{accepted: make(map[netip.AddrPort]int)}
	a.changed = sync.NewCond(&a.mu)
	if uid == 0 {
		if err := a.servePeers(); err != nil {
			return err
		}
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go a.talk(conn)
		}
	}()
	say(reply{})
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func (a *agent) servePeers() error {
	listen := func(port, backlog int) (int, error) {
		fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return -1, err
		}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1) // inherited: closed windows come soon
		if err := unix.Bind(fd, &unix.SockaddrInet6{Port: port}); err != nil {
			return -1, err
		}
		return fd, unix.Listen(fd, backlog)
	}
	fd, err := listen(peerPort, 512)
	if err != nil {
		return err
	}
	go func() {
		for {
			conn, from, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
			if err != nil {
				continue
			}
			a.mu.Lock()
			a.accepted[plain(addrPortOf(from))] = conn
			a.changed.Broadcast()
			a.mu.Unlock()
		}
	}()
	if _, err := listen(fullPort, 0); err != nil {
		return err
	}
	// One connection fills a queue of length 0; the second is for luck.
	for range 2 {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return err
		}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_LOCAL_PORT_RANGE, peerRange)
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: fullPort, Addr: [4]byte{127, 0, 0, 1}})
		if err != nil && !errors.Is(err, unix.EINPROGRESS) {
			return err
		}
	}
	return nil
}

// talk answers one client until it hangs up; what was opened for it is then
// reset.
func (a *agent) talk(conn net.Conn) {
	defer conn.Close()
	var mine []int
	defer func() {
		for _, fd := range mine {
			if fd >= 0 {
				reset(fd)
			}
		}
	}()
	dec, enc := json.NewDecoder(bufio.NewReader(conn)), json.NewEncoder(conn)
	for {
		var q question
		if dec.Decode(&q) != nil {
			return
		}
		var out answer
		switch q.Op {
		case "bind":
			out.Call, out.Errno = q.Bind.try()
		case "connect":
			fd, local, err := dial(q.To, q.Narrow)
			if err != nil {
				out.Error = err.Error()
				break
			}
			mine = append(mine, fd)
			out.ID, out.Local = len(mine)-1, local
		case "shut": // sends a FIN
			if err := unix.Shutdown(mine[q.ID], unix.SHUT_WR); err != nil {
				out.Error = err.Error()
			}
		case "close":
			if err := unix.Close(mine[q.ID]); err != nil {
				out.Error = err.Error()
			}
			mine[q.ID] = -1
		case "reset":
			reset(mine[q.ID])
			mine[q.ID] = -1
		case "finish": // closes the connection that the client made
			fd, err := a.from(q.From)
			if err != nil {
				out.Error = err.Error()
				break
			}
			_ = unix.Close(fd)
		default:
			out.Error = "no operation " + q.Op
		}
		if enc.Encode(out) != nil {
			return
		}
	}
}

// from waits for the connection of a client and takes it over.
func (a *agent) from(client netip.AddrPort) (int, error) {
	client = plain(client)
	timeout := time.AfterFunc(3*time.Second, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.changed.Broadcast()
	})
	defer timeout.Stop()
	deadline := time.Now().Add(3 * time.Second)
	a.mu.Lock()
	defer a.mu.Unlock()
	for {
		if fd, ok := a.accepted[client]; ok {
			delete(a.accepted, client)
			return fd, nil
		}
		if time.Now().After(deadline) {
			return -1, fmt.Errorf("nobody connected from %s", client)
		}
		a.changed.Wait()
	}
}

// plain is an address as an IPv4 and an IPv6 socket both see it.
func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// reset closes a connection without leaving a state behind at either end.
func reset(fd int) {
	_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	_ = unix.Close(fd)
}

func dial(to netip.AddrPort, narrow bool) (int, netip.AddrPort, error) {
	sa, family, err := sockaddr(to.Addr(), int(to.Port()))
	if err != nil {
		return -1, netip.AddrPort{}, err
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, netip.AddrPort{}, err
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_LOCAL_PORT_RANGE, peerRange); err != nil {
		return -1, netip.AddrPort{}, fmt.Errorf("IP_LOCAL_PORT_RANGE: %w", err)
	}
	if family == unix.AF_INET6 { // whatever bindv6only says, for mapped addresses
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
	}
	if narrow {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1)
	}
	if err := unix.Connect(fd, sa); err != nil {
		_ = unix.Close(fd)
		return -1, netip.AddrPort{}, fmt.Errorf("connect %s: %w", to, err)
	}
	return fd, localOf(fd), nil
}

// try makes the bind and gives it up again. The answer is the kernel's own
// word: the name of the errno, empty for success.
func (c *attempt) try() (call, errno string) {
	addr, err := netip.ParseAddr(c.Address)
	if err != nil {
		return "parse", err.Error()
	}
	sa, family, err := sockaddr(addr, c.Port)
	if err != nil {
		return "parse", err.Error()
	}
	kind, number := transport(c.Protocol)
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, number)
	if err != nil {
		return "socket", errnoName(err)
	}
	defer unix.Close(fd)
	if err := setReuse(fd, c.ReuseAddress, c.ReusePort); err != nil {
		return "setsockopt", errnoName(err)
	}
	if family == unix.AF_INET6 {
		// A server that does not say gets the default of the machine; the
		// candidate always says.
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, asInt(c.IPv6Only)); err != nil {
			return "setsockopt", errnoName(err)
		}
	}
	if c.Device != "" {
		if err := unix.BindToDevice(fd, c.Device); err != nil {
			return "setsockopt", errnoName(err)
		}
	}
	if err := unix.Bind(fd, sa); err != nil {
		return "bind", errnoName(err)
	}
	return "", ""
}

func errnoName(err error) string {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return unix.ErrnoName(errno)
	}
	return err.Error()
}
