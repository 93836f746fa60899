package probe

import (
	"errors"
	"sync"
	"syscall"

	"golang.org/x/sys/windows"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// ipprotoUDPLite is refused by Windows, which has no UDP-Lite.
const ipprotoUDPLite = 136

// startWinsock must come before the first socket. Windows counts the calls,
// and the end of the process undoes them.
var startWinsock = sync.OnceValue(func() error {
	var data windows.WSAData
	return windows.WSAStartup(0x202, &data)
})

// bind sets SO_REUSEADDR only when asked: on Windows it lets a socket take a
// port away from the server that has it.
func bind(c host.Candidate) host.Probe {
	o := c.Options
	switch {
	case o.UID != nil:
		return unknown(c, "Windows has no user ids")
	case o.ReusePort:
		return unknown(c, "Windows has no SO_REUSEPORT")
	case o.Interface != "":
		return unknown(c, "binding to an interface is not possible on Windows")
	}
	if err := startWinsock(); err != nil {
		return unknown(c, "start Windows Sockets: %v", err)
	}
	family, address, err := sockaddr(c)
	if err != nil {
		return unknown(c, "%v", err)
	}
	kind, protocol := windows.SOCK_DGRAM, windows.IPPROTO_UDP
	switch c.Protocol {
	case port.TCP:
		kind, protocol = windows.SOCK_STREAM, windows.IPPROTO_TCP
	case port.UDPLite:
		protocol = ipprotoUDPLite
	}

	fd, err := windows.WSASocket(int32(family), int32(kind), int32(protocol), nil, 0,
		windows.WSA_FLAG_OVERLAPPED|windows.WSA_FLAG_NO_HANDLE_INHERIT)
	if err != nil {
		return failed(c, "socket", err)
	}
	defer windows.Closesocket(fd)
	if err := setOptions(fd, family, o); err != nil {
		return failed(c, "setsockopt", err)
	}
	if err := windows.Bind(fd, address); err != nil {
		return failed(c, "bind", err)
	}
	return host.Probe{Candidate: c, Errno: host.OK}
}

func setOptions(fd windows.Handle, family int, o host.BindOptions) error {
	if o.ReuseAddress {
		if err := windows.SetsockoptInt(fd, windows.SOL_SOCKET, windows.SO_REUSEADDR, 1); err != nil {
			return err
		}
	}
	if family == windows.AF_INET6 {
		v6only := 0
		if o.IPv6Only {
			v6only = 1
		}
		return windows.SetsockoptInt(fd, windows.IPPROTO_IPV6, windows.IPV6_V6ONLY, v6only)
	}
	return nil
}

func sockaddr(c host.Candidate) (family int, address windows.Sockaddr, err error) {
	addr, number := c.Local.Addr(), int(c.Local.Port())
	if addr.Is4() {
		return windows.AF_INET, &windows.SockaddrInet4{Port: number, Addr: addr.As4()}, nil
	}
	zone, err := zoneIndex(addr.Zone())
	if err != nil {
		return 0, nil, err
	}
	return windows.AF_INET6, &windows.SockaddrInet6{Port: number, ZoneId: zone, Addr: addr.As16()}, nil
}

func failed(c host.Candidate, call string, err error) host.Probe {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return refused(c, call, "", err)
	}
	return refused(c, call, winsockName(uintptr(errno)), err)
}
