package probe

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// Connect makes a TCP connection to the address and closes it again. The error
// is that of the connection, or of the context. An unspecified address stands
// for the loopback address of its family, as it does for connect(2) on Linux.
//
// A connection to a port of the ephemeral range may be given that very port for
// its own end, and then connects to itself (RFC 9293, section 3.5, simultaneous
// open) although nobody listens. That is told as ErrOwnConnection.
func Connect(ctx context.Context, to netip.AddrPort) error {
	conn, err := dial(ctx, to)
	if err != nil {
		return err
	}
	return conn.Close()
}

func dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	if addr := to.Addr(); addr.IsUnspecified() {
		loopback := netip.IPv6Loopback()
		if addr.Is4() {
			loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		}
		to = netip.AddrPortFrom(loopback, to.Port())
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, "tcp", to.String())
}

// expireWith has reads and writes of the connection fail when the context is
// done. The function it returns ends that.
func expireWith(ctx context.Context, conn net.Conn) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}
