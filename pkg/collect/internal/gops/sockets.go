package gops

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"syscall"

	"github.com/shirou/gopsutil/v3/net"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// Sockets lists the sockets of TCP or UDP, whichever is asked for, with one
// holder each where gopsutil names one. Inodes, users, queues and options are
// unknown to it. The error is that of a source that could not be read at all;
// what it names of several is joined.
func Sockets(ctx context.Context, protocols []port.Protocol) ([]host.Socket, error) {
	var sockets []host.Socket
	var failures []error
	for _, protocol := range protocols {
		if protocol != port.TCP && protocol != port.UDP {
			continue
		}
		rows, err := net.ConnectionsWithContext(ctx, string(protocol))
		if err != nil {
			failures = append(failures, fmt.Errorf("list %s sockets: %w", protocol, err))
		}
		for i := range rows {
			if s, ok := convert(&rows[i], protocol, runtime.GOOS); ok {
				sockets = append(sockets, s)
			}
		}
	}
	return sockets, errors.Join(failures...)
}

// convert translates one row. The second result is false for rows without a
// local port.
func convert(row *net.ConnectionStat, protocol port.Protocol, goos string) (host.Socket, bool) {
	if row.Laddr.Port == 0 || row.Laddr.Port > 65535 {
		return host.Socket{}, false
	}
	v6 := row.Family == syscall.AF_INET6
	local, index, ok := address(row.Laddr.IP, v6, goos)
	if !ok {
		return host.Socket{}, false
	}
	s := host.Socket{
		Protocol:       protocol,
		Local:          netip.AddrPortFrom(local, uint16(row.Laddr.Port)),
		InterfaceIndex: index,
		Holders:        []host.Holder{},
		HolderStatus:   host.HoldersHidden,
	}
	if row.Raddr.Port > 0 && row.Raddr.Port <= 65535 {
		if remote, _, ok := address(row.Raddr.IP, v6, goos); ok {
			s.Remote = netip.AddrPortFrom(remote, uint16(row.Raddr.Port))
		}
	}
	s.State = stateOf(protocol, row.Status, s.Remote.IsValid())
	switch {
	case row.Pid > 0:
		// On Windows there is no descriptor, and elsewhere 0 can be a true one.
		fd := int32(row.Fd)
		if goos == "windows" {
			fd = -1
		}
		s.Holders = append(s.Holders, host.Holder{PID: row.Pid, FD: fd, Via: host.ViaFD})
		s.HolderStatus = host.HoldersPartial
	case s.State == host.StateTimeWait:
		s.HolderStatus = host.HoldersNone
	}
	return s, true
}

// address reads an address as gopsutil writes it. lsof writes "*" for the
// wildcard; package net writes a v4-mapped address as plain IPv4, so the
// family of the socket decides. The BSDs keep the interface of a link-local
// address inside it, in the third and fourth byte (RFC 4007 allows it, KAME
// started it).
func address(text string, v6 bool, goos string) (addr netip.Addr, index uint32, ok bool) {
	if text == "*" || text == "" {
		if v6 {
			return netip.IPv6Unspecified(), 0, true
		}
		return netip.IPv4Unspecified(), 0, true
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, 0, false
	}
	addr = addr.WithZone("")
	if v6 && addr.Is4() {
		addr = netip.AddrFrom16(addr.As16())
	}
	if addr.Is6() && addr.IsLinkLocalUnicast() && (goos == "darwin" || goos == "freebsd") {
		raw := addr.As16()
		index = uint32(raw[2])<<8 | uint32(raw[3])
		raw[2], raw[3] = 0, 0
		addr = netip.AddrFrom16(raw)
	}
	return addr, index, true
}

// stateOf translates the state names of /proc/net/tcp, of lsof and of
// Windows, which differ in underscores and endings.
func stateOf(protocol port.Protocol, name string, connected bool) host.State {
	if protocol != port.TCP {
		if connected {
			return host.StateEstablished
		}
		return host.StateUnconnected
	}
	switch strings.ReplaceAll(strings.ToUpper(name), "_", "") {
	case "LISTEN":
		return host.StateListen
	case "ESTABLISHED":
		return host.StateEstablished
	case "SYNSENT":
		return host.StateSynSent
	case "SYNRECV", "SYNRCVD", "SYNRECEIVED":
		return host.StateSynReceived
	case "FINWAIT1":
		return host.StateFinWait1
	case "FINWAIT2":
		return host.StateFinWait2
	case "TIMEWAIT":
		return host.StateTimeWait
	case "CLOSEWAIT":
		return host.StateCloseWait
	case "LASTACK":
		return host.StateLastAck
	case "CLOSING", "DELETE": // DELETE: Windows is taking it down
		return host.StateClosing
	}
	// CLOSE, CLOSED, or a name nobody has told us. The port is taken.
	if connected {
		return host.StateEstablished
	}
	return host.StateBound
}
