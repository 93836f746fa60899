package oracle

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	ipprotoUDPLite = 136
	ipv6Freebind   = 78 // IPV6_FREEBIND
)

// transport returns the type and protocol of socket(2).
func transport(protocol string) (kind, number int) {
	switch protocol {
	case "tcp":
		return unix.SOCK_STREAM, unix.IPPROTO_TCP
	case "mptcp":
		return unix.SOCK_STREAM, unix.IPPROTO_MPTCP
	case "udp":
		return unix.SOCK_DGRAM, unix.IPPROTO_UDP
	}
	return unix.SOCK_DGRAM, ipprotoUDPLite
}

// sockaddr returns the kernel's form of an address. A v4-mapped one belongs to
// an IPv6 socket.
func sockaddr(addr netip.Addr, port int) (unix.Sockaddr, int, error) {
	if addr.Is4() {
		return &unix.SockaddrInet4{Port: port, Addr: addr.As4()}, unix.AF_INET, nil
	}
	sa := &unix.SockaddrInet6{Port: port, Addr: addr.As16()}
	if zone := addr.Zone(); zone != "" {
		i, err := net.InterfaceByName(zone)
		if err != nil {
			return nil, 0, err
		}
		sa.ZoneId = uint32(i.Index)
	}
	return sa, unix.AF_INET6, nil
}

func addrPortOf(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
	}
	return netip.AddrPort{}
}

func localOf(fd int) netip.AddrPort {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}
	}
	return addrPortOf(sa)
}

func remoteOf(fd int) netip.AddrPort {
	sa, err := unix.Getpeername(fd)
	if err != nil {
		return netip.AddrPort{}
	}
	return addrPortOf(sa)
}

func inodeOf(fd int) uint64 {
	var info unix.Stat_t
	if unix.Fstat(fd, &info) != nil {
		return 0
	}
	return info.Ino
}

func setReuse(fd int, address, port bool) error {
	if address {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return err
		}
	}
	if port {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}
	return nil
}

func asInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// The TCP states of include/net/tcp_states.h.
const (
	tcpEstablished = 1
	tcpSynSent     = 2
	tcpFinWait1    = 4
	tcpFinWait2    = 5
	tcpTimeWait    = 6
	tcpCloseWait   = 8
	tcpLastAck     = 9
	tcpClosing     = 11
)

// awaitState waits until the kernel's table of connections shows the one
// between the two addresses in the state. It reads /proc/net/tcp, which
// portwho does not.
func awaitState(local, remote netip.AddrPort, state int) error {
	var seen int
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		seen = 0
		for _, name := range []string{"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"} {
			if s := tableState(name, local, remote); s != 0 {
				seen = s
			}
		}
		if seen == state {
			return nil
		}
	}
	return fmt.Errorf("the connection from %s to %s is in state %d, not %d", local, remote, seen, state)
}

// tableState returns the state of a connection in a /proc/net/tcp; 0 for none.
func tableState(name string, local, remote netip.AddrPort) int {
	f, err := os.Open(name)
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || parseHex(fields[1]) != plain(local) || parseHex(fields[2]) != plain(remote) {
			continue
		}
		state, err := strconv.ParseUint(fields[3], 16, 8)
		if err == nil {
			return int(state)
		}
	}
	return 0
}

// parseHex reads the addresses of /proc/net/tcp: words in the order of the
// machine.
func parseHex(text string) netip.AddrPort {
	address, number, _ := strings.Cut(text, ":")
	b, err := hex.DecodeString(address)
	if err != nil {
		return netip.AddrPort{}
	}
	for i := 0; i+4 <= len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	addr, _ := netip.AddrFromSlice(b)
	n, _ := strconv.ParseUint(number, 16, 16)
	return plain(netip.AddrPortFrom(addr, uint16(n)))
}
