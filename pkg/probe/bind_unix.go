//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package probe

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// ipprotoUDPLite is the protocol number of UDP-Lite (RFC 3828). Some systems
// have no constant for it, and answer EPROTONOSUPPORT.
const ipprotoUDPLite = 136

func bind(c host.Candidate) host.Probe {
	if uid := c.Options.UID; uid != nil && *uid != uint32(unix.Geteuid()) {
		return bindAs(c, *uid)
	}
	return bindHere(c)
}

// bindHere makes the bind with the identity of the calling thread.
func bindHere(c host.Candidate) host.Probe {
	// A child that is between fork and exec keeps a copy of every descriptor,
	// and so would keep the port after the close below.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()

	fd, answer := bound(c)
	if fd >= 0 {
		_ = unix.Close(fd)
	}
	return answer
}

// hold makes the bind and keeps the socket.
func hold(c host.Candidate, listen bool) (*os.File, host.Probe) {
	if uid := c.Options.UID; uid != nil && *uid != uint32(unix.Geteuid()) {
		return nil, unknown(c, "a port is held for this user alone")
	}
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, answer := bound(c)
	if fd < 0 {
		return nil, answer
	}
	if listen {
		if err := unix.Listen(fd, unix.SOMAXCONN); err != nil {
			_ = unix.Close(fd)
			return nil, failed(c, "listen", err)
		}
	}
	return os.NewFile(uintptr(fd), c.Local.String()), answer
}

// bound opens a socket, closed on exec, and binds it. The descriptor is -1
// where that did not succeed. The caller holds syscall.ForkLock.
func bound(c host.Candidate) (int, host.Probe) {
	family, address, err := sockaddr(c)
	if err != nil {
		return -1, unknown(c, "%v", err)
	}
	kind, protocol := unix.SOCK_DGRAM, unix.IPPROTO_UDP
	switch c.Protocol {
	case port.TCP:
		kind, protocol = unix.SOCK_STREAM, unix.IPPROTO_TCP
	case port.UDPLite:
		protocol = ipprotoUDPLite
	}
	fd, err := socket(family, kind, protocol)
	if err != nil {
		return -1, failed(c, "socket", err)
	}
	var answer host.Probe
	if err := setOptions(fd, family, c.Options); errors.Is(err, errNoInterface) {
		answer = unknown(c, "%v", err)
	} else if err != nil {
		answer = failed(c, "setsockopt", err)
	} else if err := unix.Bind(fd, address); err != nil {
		answer = failed(c, "bind", err)
	} else {
		return fd, host.Probe{Candidate: c, Errno: host.OK}
	}
	_ = unix.Close(fd)
	return -1, answer
}

// errNoInterface is returned where a socket cannot be bound to an interface.
var errNoInterface = errors.New("binding to an interface is not possible on this system")

// setOptions sets what the candidate asks for. SO_REUSEADDR and SO_REUSEPORT
// are off on every new socket; IPV6_V6ONLY is not the same everywhere.
func setOptions(fd, family int, o host.BindOptions) error {
	if o.ReuseAddress {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return err
		}
	}
	if o.ReusePort {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
			return err
		}
	}
	if family == unix.AF_INET6 {
		v6only := 0
		if o.IPv6Only {
			v6only = 1
		}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, v6only); err != nil {
			return err
		}
	}
	if o.Interface != "" {
		return bindToInterface(fd, family, o.Interface)
	}
	return nil
}

// sockaddr turns the candidate's address into the kernel's form. A v4-mapped
// address belongs to an AF_INET6 socket.
func sockaddr(c host.Candidate) (family int, address unix.Sockaddr, err error) {
	addr, number := c.Local.Addr(), int(c.Local.Port())
	if addr.Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: number, Addr: addr.As4()}, nil
	}
	zone, err := zoneIndex(addr.Zone())
	if err != nil {
		return 0, nil, err
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: number, ZoneId: zone, Addr: addr.As16()}, nil
}

func failed(c host.Candidate, call string, err error) host.Probe {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return refused(c, call, "", err)
	}
	return refused(c, call, unix.ErrnoName(errno), err)
}
