package oracle

import (
	"errors"
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

func addressOf(b *[16]byte) uintptr { return uintptr(unsafe.Pointer(b)) }

// client connects to the agent from the port.
func (h *opener) client() (int, error) {
	fd, err := h.start()
	if err != nil {
		return -1, err
	}
	return fd, h.connect(fd, peerPort)
}

// clientNoPort asks bind not to take the port before connect does.
func (h *opener) clientNoPort() (int, error) {
	fd, sa, err := h.socket()
	if err != nil {
		return -1, err
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return -1, lacking("IP_BIND_ADDRESS_NO_PORT: " + err.Error())
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_LOCAL_PORT_RANGE, h.Port|h.Port<<16); err != nil {
		return -1, lacking("IP_LOCAL_PORT_RANGE: " + err.Error())
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		sa.Port = 0
	case *unix.SockaddrInet6:
		sa.Port = 0
	}
	if err := unix.Bind(fd, sa); err != nil {
		return -1, refusal("bind", err)
	}
	return fd, h.connect(fd, peerPort)
}

// clientCloseWait is a client whose server has hung up.
func (h *opener) clientCloseWait() (int, error) {
	fd, err := h.client()
	if err != nil {
		return -1, err
	}
	if _, err := h.agent.ask(question{Op: "finish", From: localOf(fd)}); err != nil {
		return -1, err
	}
	return fd, awaitState(localOf(fd), remoteOf(fd), tcpCloseWait)
}

// clientTimeWait is a client that hung up first.
func (h *opener) clientTimeWait() (int, error) {
	fd, err := h.client()
	if err != nil {
		return -1, err
	}
	local, remote := localOf(fd), remoteOf(fd)
	if err := unix.Close(fd); err != nil {
		return -1, err
	}
	if _, err := h.agent.ask(question{Op: "finish", From: local}); err != nil {
		return -1, err
	}
	h.noteLeft(local, remote)
	return -1, awaitState(local, remote, tcpTimeWait)
}

// disconnected is a client that dissolved its connection and is bound still.
func (h *opener) disconnected() (int, error) {
	fd, err := h.client()
	if err != nil {
		return -1, err
	}
	return fd, disconnect(fd)
}

// synSent is a client that nobody answers.
func (h *opener) synSent() (int, error) {
	fd, err := h.bound()
	if err != nil {
		return -1, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return -1, err
	}
	addr, err := netip.ParseAddr(h.Via)
	if err != nil {
		return -1, err
	}
	sa, _, err := sockaddr(addr, fullPort)
	if err != nil {
		return -1, err
	}
	if err := unix.Connect(fd, sa); !errors.Is(err, unix.EINPROGRESS) {
		return -1, fmt.Errorf("connect to a full queue: %v", err)
	}
	return fd, awaitState(localOf(fd), netip.AddrPortFrom(addr, fullPort), tcpSynSent)
}

// served is a connection that a server accepted.
type served struct {
	fd, listener  int
	id            int // the agent's number for it
	local, remote netip.AddrPort
}

// serve listens, lets the agent connect and accepts that.
func (h *opener) serve(accept, narrow bool) (*served, error) {
	listener, err := h.listening()
	if err != nil {
		return nil, err
	}
	if narrow {
		_ = unix.SetsockoptInt(listener, unix.SOL_SOCKET, unix.SO_SNDBUF, 1)
	}
	addr, err := netip.ParseAddr(h.Via)
	if err != nil {
		return nil, err
	}
	a, err := h.agent.ask(question{Op: "connect", To: netip.AddrPortFrom(addr, uint16(h.Port)), Narrow: narrow})
	if err != nil {
		return nil, err
	}
	s := &served{fd: -1, listener: listener, id: a.ID, remote: a.Local}
	if !accept {
		return s, nil
	}
	patience := unix.Timeval{Sec: 5} // of a test that is wrong
	if err := unix.SetsockoptTimeval(listener, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience); err != nil {
		return nil, err
	}
	if s.fd, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC); err != nil {
		return nil, fmt.Errorf("accept: %w", err)
	}
	s.local, s.remote = localOf(s.fd), remoteOf(s.fd)
	return s, nil
}

// accept is serve, and the listener closed.
func (h *opener) accept(narrow bool) (*served, error) {
	s, err := h.serve(true, narrow)
	if err != nil {
		return nil, err
	}
	return s, unix.Close(s.listener)
}

func (h *opener) accepted() (int, error) {
	s, err := h.accept(false)
	if err != nil {
		return -1, err
	}
	return s.fd, nil
}

// reset is a connection that the other end broke off. It is closed, and has
// the port as long as its descriptor is open.
func (h *opener) reset() (int, error) {
	s, err := h.accept(false)
	if err != nil {
		return -1, err
	}
	if err := h.ask("reset", s); err != nil {
		return -1, err
	}
	return s.fd, awaitState(s.local, s.remote, 0)
}

// unacceptedReset is unaccepted, and the other end has broken off.
func (h *opener) unacceptedReset() (int, error) {
	s, err := h.serve(false, false)
	if err != nil {
		return -1, err
	}
	addr, err := netip.ParseAddr(h.Via)
	if err != nil {
		return -1, err
	}
	local := netip.AddrPortFrom(addr, uint16(h.Port))
	if err := awaitState(local, s.remote, tcpEstablished); err != nil {
		return -1, err
	}
	if err := h.ask("reset", s); err != nil {
		return -1, err
	}
	h.rows = append(h.rows, row{State: "reset", Protocol: h.Protocol, Local: local, Remote: s.remote, Held: true})
	return s.listener, awaitState(local, s.remote, 0)
}

// unaccepted is a listener with a connection in its queue. The connection has
// no descriptor, and is its own socket on the port.
func (h *opener) unaccepted() (int, error) {
	s, err := h.serve(false, false)
	if err != nil {
		return -1, err
	}
	addr, err := netip.ParseAddr(h.Via)
	if err != nil {
		return -1, err
	}
	local := netip.AddrPortFrom(addr, uint16(h.Port))
	if err := awaitState(local, s.remote, tcpEstablished); err != nil {
		return -1, err
	}
	h.rows = append(h.rows, row{State: "accepted", Protocol: h.Protocol, Local: local, Remote: s.remote, Held: true})
	return s.listener, nil
}

func (h *opener) ask(op string, s *served) error {
	_, err := h.agent.ask(question{Op: op, ID: s.id})
	return err
}

func (h *opener) closeWait() (int, error) {
	s, err := h.accept(false)
	if err != nil {
		return -1, err
	}
	if err := h.ask("shut", s); err != nil {
		return -1, err
	}
	return s.fd, awaitState(s.local, s.remote, tcpCloseWait)
}

// clog sends until nothing more goes out: the other end reads nothing.
func clog(fd int) error {
	if err := unix.SetNonblock(fd, true); err != nil {
		return err
	}
	chunk := make([]byte, 1<<16)
	for {
		switch _, err := unix.Write(fd, chunk); {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case err != nil:
			return err
		}
	}
}

// finWait1 has said goodbye, and the other end has no room to hear it.
func (h *opener) finWait1() (int, error) {
	s, err := h.accept(true)
	if err != nil {
		return -1, err
	}
	if err := clog(s.fd); err != nil {
		return -1, err
	}
	if err := unix.Shutdown(s.fd, unix.SHUT_WR); err != nil {
		return -1, err
	}
	return s.fd, awaitState(s.local, s.remote, tcpFinWait1)
}

// orphan is finWait1 after close: the kernel goes on alone.
func (h *opener) orphan() (int, error) {
	fd, err := h.finWait1()
	if err != nil {
		return -1, err
	}
	h.noteLeft(localOf(fd), remoteOf(fd))
	return -1, unix.Close(fd)
}

// finWait2 has said goodbye and been heard.
func (h *opener) finWait2() (int, error) {
	s, err := h.accept(false)
	if err != nil {
		return -1, err
	}
	if err := unix.Shutdown(s.fd, unix.SHUT_WR); err != nil {
		return -1, err
	}
	return s.fd, awaitState(s.local, s.remote, tcpFinWait2)
}

// finWait2Timed is finWait2 after close: a timewait socket (tcp_time_wait).
func (h *opener) finWait2Timed() (int, error) {
	fd, err := h.finWait2()
	if err != nil {
		return -1, err
	}
	local, remote := localOf(fd), remoteOf(fd)
	h.noteLeft(local, remote)
	if err := unix.Close(fd); err != nil {
		return -1, err
	}
	return -1, awaitState(local, remote, tcpFinWait2)
}

// finWait2Left is the same with a longer patience, for which the kernel keeps
// the whole socket at first (tcp_close, TCP_LINGER2).
func (h *opener) finWait2Left() (int, error) {
	fd, err := h.finWait2()
	if err != nil {
		return -1, err
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_LINGER2, 120); err != nil {
		return -1, err
	}
	local, remote := localOf(fd), remoteOf(fd)
	h.noteLeft(local, remote)
	if err := unix.Close(fd); err != nil {
		return -1, err
	}
	return -1, awaitState(local, remote, tcpFinWait2)
}

// closing is finWait1 whose other end said goodbye too.
func (h *opener) closing() (int, error) {
	s, err := h.accept(true)
	if err != nil {
		return -1, err
	}
	if err := clog(s.fd); err != nil {
		return -1, err
	}
	if err := unix.Shutdown(s.fd, unix.SHUT_WR); err != nil {
		return -1, err
	}
	if err := h.ask("shut", s); err != nil {
		return -1, err
	}
	return s.fd, awaitState(s.local, s.remote, tcpClosing)
}

// lastAck is closeWait after close, with words that the other end has no room
// for.
func (h *opener) lastAck() (int, error) {
	s, err := h.accept(true)
	if err != nil {
		return -1, err
	}
	if err := clog(s.fd); err != nil {
		return -1, err
	}
	if err := h.ask("shut", s); err != nil {
		return -1, err
	}
	if err := awaitState(s.local, s.remote, tcpCloseWait); err != nil {
		return -1, err
	}
	h.noteLeft(s.local, s.remote)
	if err := unix.Close(s.fd); err != nil {
		return -1, err
	}
	return -1, awaitState(s.local, s.remote, tcpLastAck)
}

// timeWait is a server's connection that the server closed first.
func (h *opener) timeWait() (int, error) {
	s, err := h.accept(false)
	if err != nil {
		return -1, err
	}
	if err := unix.Close(s.fd); err != nil {
		return -1, err
	}
	if err := h.ask("close", s); err != nil {
		return -1, err
	}
	h.noteLeft(s.local, s.remote)
	return -1, awaitState(s.local, s.remote, tcpTimeWait)
}
