//go:build unix

package testserver

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// raw opens a TCP socket and binds it. Options are "reuseaddr" and
// "reuseport".
func raw(address string, options []string) (fd, number int, err error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return -1, 0, err
	}
	family := unix.AF_INET
	var sa unix.Sockaddr
	if at.Addr().Is4() {
		sa = &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	} else {
		family = unix.AF_INET6
		sa = &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
	}
	if fd, err = unix.Socket(family, unix.SOCK_STREAM, 0); err != nil {
		return -1, 0, err
	}
	unix.CloseOnExec(fd)
	for option, name := range map[int]string{unix.SO_REUSEADDR: "reuseaddr", unix.SO_REUSEPORT: "reuseport"} {
		if slices.Contains(options, name) {
			if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 1); err != nil {
				return -1, 0, err
			}
		}
	}
	if err := unix.Bind(fd, sa); err != nil {
		return -1, 0, err
	}
	return fd, portOf(fd), nil
}

func portOf(fd int) int {
	name, err := unix.Getsockname(fd)
	if err != nil {
		return 0
	}
	switch a := name.(type) {
	case *unix.SockaddrInet4:
		return a.Port
	case *unix.SockaddrInet6:
		return a.Port
	}
	return 0
}

// bound binds and does not listen.
func bound(args []string) (int, error) {
	_, number, err := raw(argument(args, 0, "127.0.0.1:0"), args)
	return number, err
}

// group opens several listeners on one address with SO_REUSEPORT.
func group(args []string) (int, error) {
	address := argument(args, 0, "127.0.0.1:0")
	number := 0
	for range 3 {
		fd, n, err := raw(address, []string{"reuseport"})
		if err != nil {
			return 0, err
		}
		if err := unix.Listen(fd, 16); err != nil {
			return 0, err
		}
		number = n
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return 0, err
		}
		address = net.JoinHostPort(host, fmt.Sprint(n))
	}
	return number, nil
}

// reusePort is one listener that lets others of its user share.
func reusePort(args []string) (int, error) {
	fd, number, err := raw(argument(args, 0, "127.0.0.1:0"), []string{"reuseport"})
	if err != nil {
		return 0, err
	}
	return number, unix.Listen(fd, 16)
}

// deaf listens, accepts nobody, and has as many clients of its own as the
// queue takes.
func deaf(args []string) (int, error) {
	fd, number, err := raw(argument(args, 0, "127.0.0.1:0"), nil)
	if err != nil {
		return 0, err
	}
	if err := unix.Listen(fd, 1); err != nil {
		return 0, err
	}
	for range 2 {
		client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			return 0, err
		}
		unix.CloseOnExec(client)
		if err := unix.Connect(client, &unix.SockaddrInet4{Port: number, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			return 0, err
		}
	}
	return number, nil
}

// timeWait serves one connection, closes its own end first and stops
// listening, which leaves a TIME_WAIT on the port.
func timeWait(args []string) (int, error) {
	fd, number, err := raw(argument(args, 0, "127.0.0.1:0"), args)
	if err != nil {
		return 0, err
	}
	if err := unix.Listen(fd, 4); err != nil {
		return 0, err
	}
	peer, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", number))
	if err != nil {
		return 0, err
	}
	accepted, _, err := unix.Accept(fd)
	if err != nil {
		return 0, err
	}
	_ = unix.Close(accepted)
	_ = unix.Close(fd)
	time.Sleep(20 * time.Millisecond) // the peer must see the FIN before it answers
	_ = peer.Close()
	time.Sleep(20 * time.Millisecond)
	return number, nil
}

// named listens under a process name of hostile bytes, given with Go escapes.
func named(args []string) (int, error) {
	name, err := strconv.Unquote(`"` + argument(args, 1, "") + `"`)
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile("/proc/self/comm", []byte(name), 0); err != nil {
		return 0, err
	}
	return listen(args[:1])
}

// leave listens and starts a sleep that has the listener open and does nothing
// with it. It gives up by itself after a minute.
func leave(args []string) (int, error) {
	l, err := listenOn(argument(args, 0, "127.0.0.1:quiet"))
	if err != nil {
		return 0, err
	}
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		return 0, err
	}
	child := exec.Command("sleep", "60")
	child.ExtraFiles = []*os.File{f}
	if err := child.Start(); err != nil {
		return 0, err
	}
	go func() { _ = child.Wait() }()
	_ = f.Close()
	go accept(l)
	return l.Addr().(*net.TCPAddr).Port, nil
}

// inFlight sends a listener to itself over a Unix socket and does not receive
// it, so that it is in no table of descriptors.
func inFlight(args []string) (int, error) {
	l, err := listenOn(argument(args, 0, "127.0.0.1:quiet"))
	if err != nil {
		return 0, err
	}
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		return 0, err
	}
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, err
	}
	if err := unix.Sendmsg(ends[0], []byte{1}, unix.UnixRights(int(f.Fd())), nil, 0); err != nil {
		return 0, err
	}
	number := l.Addr().(*net.TCPAddr).Port
	_ = f.Close()
	return number, l.Close()
}

// backlog listens and accepts nobody, while two connections wait: one whose
// peer is there, and one whose peer has gone.
func backlog(args []string) (int, error) {
	fd, number, err := raw(argument(args, 0, "127.0.0.1:0"), args)
	if err != nil {
		return 0, err
	}
	if err := unix.Listen(fd, 4); err != nil {
		return 0, err
	}
	gone, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", number))
	if err != nil {
		return 0, err
	}
	_ = gone.Close()
	peer, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, err
	}
	return number, unix.Connect(peer, &unix.SockaddrInet4{Port: number, Addr: [4]byte{127, 0, 0, 1}})
}
