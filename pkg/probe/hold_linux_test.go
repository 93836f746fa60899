package probe_test

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/probe"
)

// TestHold: a held port is refused to everybody, one that listens accepts, and
// both are free again when the file is closed.
func TestHold(t *testing.T) {
	c := host.Candidate{Protocol: port.TCP, Local: freePort(t)}
	held, answer := probe.Hold(t.Context(), c, false)
	if answer.Errno != host.OK || held == nil {
		t.Fatalf("hold: %+v", answer)
	}
	reuse := c
	reuse.Options.ReuseAddress = true
	if again := probe.Bind(t.Context(), reuse); again.Errno != host.EADDRINUSE {
		t.Errorf("a held port: %+v", again)
	}
	if conn, err := net.Dial("tcp", c.Local.String()); err == nil {
		_ = conn.Close()
		t.Error("a socket that was only held accepts")
	}
	if second, again := probe.Hold(t.Context(), c, false); second != nil || again.Errno != host.EADDRINUSE || again.Call != "bind" {
		t.Errorf("held twice: %v, %+v", second, again)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	listening, answer := probe.Hold(t.Context(), c, true)
	if answer.Errno != host.OK {
		t.Fatalf("hold after close: %+v", answer)
	}
	conn, err := net.Dial("tcp", c.Local.String())
	if err != nil {
		t.Error(err)
	} else {
		_ = conn.Close()
	}
	_ = listening.Close()
}

func TestHoldRefusesWhatItCannotTry(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := host.Candidate{Protocol: port.TCP, Local: netip.MustParseAddrPort("127.0.0.1:0")}
	if f, answer := probe.Hold(ctx, c, false); f != nil || answer.Errno != host.ErrnoUnknown {
		t.Errorf("after the end: %+v", answer)
	}
	c.Options.UID = new(uint32(4242))
	if f, answer := probe.Hold(t.Context(), c, false); f != nil || answer.Errno != host.ErrnoUnknown {
		t.Errorf("for another user: %+v", answer)
	}
}

// freePort is a port that nobody has, on an address that nobody else uses, so
// that none of the machine's connections takes it meanwhile.
func freePort(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.83.12.9:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String())
}
