package probe_test

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/probe"
)

// ask probes an address with options that edits choose.
func ask(t *testing.T, protocol port.Protocol, local netip.AddrPort, edits ...func(*host.BindOptions)) host.Probe {
	t.Helper()
	c := host.Candidate{Protocol: protocol, Local: local}
	for _, edit := range edits {
		edit(&c.Options)
	}
	p := probe.Bind(t.Context(), c)
	if p.Candidate != c {
		t.Errorf("Bind(%+v) answered for %+v", c, p.Candidate)
	}
	if (p.Errno == host.OK) != (p.Call == "" && p.Reason == "") {
		t.Errorf("Bind(%+v) = %+v: success and failure at once", c, p)
	}
	return p
}

func want(t *testing.T, p host.Probe, errno host.Errno) {
	t.Helper()
	if p.Errno != errno {
		t.Errorf("bind %s %s %+v: got %q (%s %s), want %q", p.Candidate.Protocol, p.Candidate.Local, p.Candidate.Options, p.Errno, p.Call, p.Reason, errno)
	}
	if p.Errno != host.OK && p.Errno != host.ErrnoUnknown && p.Call == "" {
		t.Errorf("bind %s: %s without the call that failed", p.Candidate.Local, p.Errno)
	}
}

func reuseAddress(o *host.BindOptions) { o.ReuseAddress = true }

func TestTakenPort(t *testing.T) {
	t.Parallel()
	server, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	local := server.Addr().(*net.TCPAddr).AddrPort()
	want(t, ask(t, port.TCP, local), host.EADDRINUSE)
	if runtime.GOOS != "windows" { // where the option takes the port away
		want(t, ask(t, port.TCP, local, reuseAddress), host.EADDRINUSE)
	}
}

func TestTakenUDPPort(t *testing.T) {
	t.Parallel()
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	local := server.LocalAddr().(*net.UDPAddr).AddrPort()
	want(t, ask(t, port.UDP, local), host.EADDRINUSE)
}

// TestFreePort takes a port, gives it up and probes it. Another program may
// get in between, so it has several tries.
func TestFreePort(t *testing.T) {
	t.Parallel()
	for _, protocol := range []port.Protocol{port.TCP, port.UDP} {
		var last host.Probe
		for range 5 {
			last = ask(t, protocol, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), freeNumber(t)))
			if last.Errno == host.OK {
				break
			}
		}
		want(t, last, host.OK)
	}
}

func freeNumber(t *testing.T) uint16 {
	t.Helper()
	server, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	return server.Addr().(*net.TCPAddr).AddrPort().Port()
}

// TestGivesThePortBack probes a port many times at once; the winner of each
// race must be gone when a server comes.
func TestGivesThePortBack(t *testing.T) {
	t.Parallel()
	for try := 1; ; try++ {
		local := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), freeNumber(t))
		var group sync.WaitGroup
		answers := make([]host.Probe, 64)
		for i := range answers {
			group.Go(func() { answers[i] = ask(t, port.TCP, local) })
		}
		group.Wait()
		for _, p := range answers {
			if p.Errno != host.OK && p.Errno != host.EADDRINUSE {
				t.Fatalf("concurrent probe: got %q (%s)", p.Errno, p.Reason)
			}
		}
		server, err := net.Listen("tcp4", local.String())
		if err == nil {
			server.Close()
			return
		}
		if try == 5 { // another program may have taken it, but not each time
			t.Fatalf("listen after the probes: %v", err)
		}
	}
}

func TestCannotBeTried(t *testing.T) {
	t.Parallel()
	local := netip.MustParseAddrPort("127.0.0.1:9")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		name   string
		ctx    context.Context
		c      host.Candidate
		reason string
	}{
		{"ended context", ended, host.Candidate{Protocol: port.TCP, Local: local}, "canceled"},
		{"no address", t.Context(), host.Candidate{Protocol: port.TCP}, "no address"},
		{"no protocol", t.Context(), host.Candidate{Local: local}, "protocol"},
		{"strange protocol", t.Context(), host.Candidate{Protocol: "icmp", Local: local}, `"icmp"`},
		{"strange zone", t.Context(), host.Candidate{Protocol: port.TCP, Local: netip.MustParseAddrPort("[fe80::1%no-such-interface]:9")}, "no-such-interface"},
	} {
		p := probe.Bind(tt.ctx, tt.c)
		if p.Errno != host.ErrnoUnknown || !strings.Contains(p.Reason, tt.reason) {
			t.Errorf("%s: got %q, reason %q", tt.name, p.Errno, p.Reason)
		}
	}
}
