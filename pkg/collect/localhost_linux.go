package collect

import (
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
)

// readLocalhost tells what the name localhost stands for, in the order in
// which getaddrinfo(3) gives it to a program. It reads files and asks no
// server of names. Nil means unknown: without an entry in the hosts file the
// answer depends on nsswitch.conf and perhaps on DNS.
func readLocalhost(etc string) []netip.Addr {
	etc = strings.TrimRight(etc, "/")
	text, err := procfs.ReadFile(etc + "/hosts")
	if err != nil {
		return nil
	}
	addresses := parseHosts(text, "localhost")
	if len(addresses) < 2 {
		return addresses
	}
	rules, _ := procfs.ReadFile(etc + "/gai.conf")
	sortAddresses(addresses, parsePrecedence(rules), sourceTo)
	return addresses
}

// sourceTo is the address that a client would send from to reach the address,
// found out as getaddrinfo does: by connecting a UDP socket, which sends
// nothing. It is invalid where there is no route.
func sourceTo(addr netip.Addr) netip.Addr {
	var to unix.Sockaddr
	family := unix.AF_INET
	if addr.Is4() {
		to = &unix.SockaddrInet4{Port: 9, Addr: addr.As4()}
	} else {
		family = unix.AF_INET6
		to = &unix.SockaddrInet6{Port: 9, Addr: addr.As16()}
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return netip.Addr{}
	}
	defer unix.Close(fd)
	if unix.Connect(fd, to) != nil {
		return netip.Addr{}
	}
	switch from, _ := unix.Getsockname(fd); from := from.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(from.Addr)
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(from.Addr)
	}
	return netip.Addr{}
}
