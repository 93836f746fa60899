package oracle

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"
)

// opener opens the sockets of an order.
type opener struct {
	order
	agent *session
	rows  []row
}

// state is a thing a socket can be doing.
type state struct {
	// protocols it exists for.
	protocols []string
	// open sets it up. The descriptor is -1 where no process holds it.
	open func(*opener) (fd int, err error)
	// connects says that there is another end, on loopback.
	connects bool
	// bare says that no descriptor is left, so that there is nothing to hide.
	bare bool
}

var (
	streams = []string{"tcp"}
	either  = []string{"tcp", "mptcp"}
	packets = []string{"udp", "udplite"}
)

// states are the holders, by what their sockets do.
func states() map[string]state {
	return map[string]state{
		"listen":   {either, (*opener).listening, false, false},
		"bound":    {either, (*opener).bound, false, false},
		"shutdown": {either, (*opener).shutDown, false, false},

		"client":           {either, (*opener).client, true, false},
		"client_autobind":  {streams, (*opener).client, true, false},
		"client_no_port":   {streams, (*opener).clientNoPort, true, false},
		"client_closing":   {streams, (*opener).clientCloseWait, true, false},
		"client_time_wait": {streams, (*opener).clientTimeWait, true, true},
		"disconnected":     {streams, (*opener).disconnected, true, false},
		"syn_sent":         {streams, (*opener).synSent, true, false},

		"accepted":         {either, (*opener).accepted, true, false},
		"reset":            {streams, (*opener).reset, true, false},
		"unaccepted":       {streams, (*opener).unaccepted, true, false},
		"unaccepted_reset": {streams, (*opener).unacceptedReset, true, false},
		"close_wait":       {streams, (*opener).closeWait, true, false},
		"fin_wait1":        {streams, (*opener).finWait1, true, false},
		"fin_wait2":        {streams, (*opener).finWait2, true, false},
		"fin_wait2_timed":  {streams, (*opener).finWait2Timed, true, true},
		"fin_wait2_left":   {streams, (*opener).finWait2Left, true, true},
		"orphan":           {streams, (*opener).orphan, true, true},
		"closing":          {streams, (*opener).closing, true, false},
		"last_ack":         {streams, (*opener).lastAck, true, true},
		"time_wait":        {streams, (*opener).timeWait, true, true},

		"unconnected":  {packets, (*opener).bound, false, false},
		"connected":    {packets, (*opener).connected, true, false},
		"unlinked":     {packets, (*opener).unlinked, true, false},
		"udp_autobind": {packets, (*opener).connected, true, false},
	}
}

// open opens what the order says and notes the sockets on the port.
func (h *opener) open() (int, error) {
	s, ok := states()[h.State]
	if !ok {
		return -1, fmt.Errorf("no state %q", h.State)
	}
	if s.connects {
		if err := h.meet(); err != nil {
			return -1, err
		}
	}
	fd, err := s.open(h)
	if err != nil {
		return -1, err
	}
	if fd < 0 {
		return fd, nil
	}
	alone := h.State
	if strings.HasPrefix(alone, "unaccepted") { // its connection has a row already
		alone = "listen"
	}
	h.rows = append(h.rows, row{
		State: alone, Inode: inodeOf(fd), Protocol: h.Protocol, Local: localOf(fd), Remote: remoteOf(fd), Held: true,
	})
	return fd, nil
}

// noteLeft adds a socket that no process holds any more.
func (h *opener) noteLeft(local, remote netip.AddrPort) {
	h.rows = append(h.rows, row{State: h.State, Protocol: h.Protocol, Local: local, Remote: remote})
}

// meet opens the conversation with the agent, once.
func (h *opener) meet() (err error) {
	if h.agent == nil {
		h.agent, err = newSession(0)
	}
	return err
}

// socket makes a socket with the options of the order.
func (h *opener) socket() (int, unix.Sockaddr, error) {
	text := h.Address
	if text == "" { // autobind: the family is that of the other end
		text = h.Via
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return -1, nil, err
	}
	sa, family, err := sockaddr(addr, h.Port)
	if err != nil {
		return -1, nil, err
	}
	kind, number := transport(h.Protocol)
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, number)
	if errors.Is(err, unix.EPROTONOSUPPORT) || errors.Is(err, unix.ESOCKTNOSUPPORT) || errors.Is(err, unix.ENOPROTOOPT) {
		return -1, nil, lacking(fmt.Sprintf("%s: %v", h.Protocol, err))
	}
	if err != nil {
		return -1, nil, err
	}
	if !h.Late {
		if err := setReuse(fd, h.ReuseAddress, h.ReusePort); err != nil {
			return -1, nil, err
		}
	}
	if family == unix.AF_INET6 {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, asInt(h.V6Only)); err != nil {
			return -1, nil, err
		}
	}
	if h.Device != "" {
		if err := unix.BindToDevice(fd, h.Device); err != nil {
			return -1, nil, err
		}
	}
	if isForeign(addr) {
		level, option := unix.IPPROTO_IP, unix.IP_FREEBIND
		if addr.Is6() && !addr.Is4In6() {
			level, option = unix.IPPROTO_IPV6, ipv6Freebind
		}
		if err := unix.SetsockoptInt(fd, level, option, 1); err != nil {
			return -1, nil, err
		}
	}
	return fd, sa, nil
}

// bound opens a socket that has the port and does nothing.
func (h *opener) bound() (int, error) {
	fd, sa, err := h.socket()
	if err != nil {
		return -1, err
	}
	if err := unix.Bind(fd, sa); err != nil {
		return -1, refusal("bind", err)
	}
	if h.Late {
		if err := setReuse(fd, h.ReuseAddress, h.ReusePort); err != nil {
			return -1, err
		}
	}
	return fd, nil
}

// refusal tells a port that was not to be had from other trouble.
func refusal(call string, err error) error {
	if errors.Is(err, unix.EADDRINUSE) || errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.EINVAL) {
		return refused(call + ": " + errnoName(err))
	}
	return fmt.Errorf("%s: %w", call, err)
}

func (h *opener) listening() (int, error) {
	fd, err := h.bound()
	if err != nil {
		return -1, err
	}
	if err := unix.Listen(fd, 5); err != nil {
		return -1, refusal("listen", err)
	}
	return fd, nil
}

// shutDown is a listener after shutdown: it listens no more, and has the port.
func (h *opener) shutDown() (int, error) {
	fd, err := h.listening()
	if err != nil {
		return -1, err
	}
	return fd, unix.Shutdown(fd, unix.SHUT_RD)
}

// connected is a UDP socket with a peer.
func (h *opener) connected() (int, error) {
	fd, err := h.start()
	if err != nil {
		return -1, err
	}
	return fd, h.connect(fd, peerPort)
}

// unlinked is a UDP socket that had a peer.
func (h *opener) unlinked() (int, error) {
	fd, err := h.connected()
	if err != nil {
		return -1, err
	}
	return fd, disconnect(fd)
}

// start binds where the order has an address, and else makes connect choose
// the port.
func (h *opener) start() (int, error) {
	if h.Address != "" {
		return h.bound()
	}
	fd, _, err := h.socket()
	if err != nil {
		return -1, err
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_LOCAL_PORT_RANGE, h.Port|h.Port<<16); err != nil {
		return -1, lacking("IP_LOCAL_PORT_RANGE: " + err.Error())
	}
	if h.Protocol != "tcp" { // UDP takes the port by bind(0) only
		addr := netip.MustParseAddr(h.Via)
		sa, _, err := sockaddr(addr, 0)
		if err != nil {
			return -1, err
		}
		if err := unix.Bind(fd, sa); err != nil {
			return -1, refusal("bind", err)
		}
	}
	return fd, nil
}

func (h *opener) connect(fd, port int) error {
	addr, err := netip.ParseAddr(h.Via)
	if err != nil {
		return err
	}
	sa, _, err := sockaddr(addr, port)
	if err != nil {
		return err
	}
	patience := unix.Timeval{Sec: 5} // of a test that is wrong
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &patience); err != nil {
		return err
	}
	if err := unix.Connect(fd, sa); err != nil {
		return refusal("connect", err)
	}
	return nil
}

// disconnect dissolves the association of a socket (connect(2), AF_UNSPEC).
func disconnect(fd int) error {
	var unspecified [16]byte
	_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), addressOf(&unspecified), 16)
	if errno != 0 {
		return fmt.Errorf("disconnect: %w", errno)
	}
	return nil
}
