package diagnose

import (
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// The matrix was measured on Linux 6.18: a listener in the row, a bind with
// SO_REUSEADDR in the column. x is EADDRINUSE.
func TestBindMatrix(t *testing.T) {
	columns := []struct {
		address string
		v6only  bool
	}{{"127.0.0.1", false}, {"0.0.0.0", false}, {"[::1]", false}, {"[::]", false}, {"[::]", true}, {"127.0.0.2", false}, {"[::ffff:127.0.0.1]", false}}
	rows := []struct {
		address string
		v6only  *bool
		want    string
	}{
		{"127.0.0.1", nil, "xx.x..x"},
		{"0.0.0.0", nil, "xx.x.xx"},
		{"[::1]", ptr(true), "..xxx.."},
		{"[::]", ptr(false), "xxxxxxx"},
		{"[::]", ptr(true), "..xxx.."},
		{"[::ffff:127.0.0.1]", ptr(false), "xx.x..x"},
	}
	for _, row := range rows {
		for i, column := range columns {
			m := newMachine().process(7, "srv")
			m.socket(port.TCP, row.address+":8080", host.StateListen, []int32{7}, func(s *host.Socket) { s.V6Only = row.v6only })
			c := tcpCandidate(column.address+":8080", func(o *host.BindOptions) { o.IPv6Only = column.v6only })
			got := Judge(&m.snap, c)
			want := host.OK
			if row.want[i] == 'x' {
				want = host.EADDRINUSE
			}
			if got.Errno != want {
				t.Errorf("listener %s (v6only %v), bind %s (v6only %v): errno %q, want %q (%s)",
					row.address, row.v6only != nil && *row.v6only, column.address, column.v6only, got.Errno, want, got.Rule)
			}
			if (got.Errno == host.EADDRINUSE) != (len(got.Blockers) == 1) {
				t.Errorf("listener %s, bind %s: %d blockers for errno %q", row.address, column.address, len(got.Blockers), got.Errno)
			}
		}
	}
}

func TestReuseOptions(t *testing.T) {
	type opts = host.BindOptions
	tests := []struct {
		name     string
		protocol port.Protocol
		state    host.State
		edits    []func(*host.Socket)
		opts     opts
		want     host.Errno
	}{
		{"listener, both reuse address", port.TCP, host.StateListen, []func(*host.Socket){reuse(true, false)}, opts{ReuseAddress: true}, host.EADDRINUSE},
		{"listener, bits unknown", port.TCP, host.StateListen, nil, opts{ReuseAddress: true}, host.EADDRINUSE},
		{"bound, both reuse address", port.TCP, host.StateBound, []func(*host.Socket){reuse(true, false)}, opts{ReuseAddress: true}, host.OK},
		{"bound, holder without", port.TCP, host.StateBound, []func(*host.Socket){reuse(false, false)}, opts{ReuseAddress: true}, host.EADDRINUSE},
		{"bound, bits unknown", port.TCP, host.StateBound, nil, opts{ReuseAddress: true}, host.ErrnoUnknown},
		{"bound, bits unknown, plain candidate", port.TCP, host.StateBound, nil, opts{}, host.EADDRINUSE},
		{"listener, both reuse port, same user", port.TCP, host.StateListen, []func(*host.Socket){reuse(false, true)}, opts{ReusePort: true}, host.OK},
		{"listener, both reuse port, other user", port.TCP, host.StateListen, []func(*host.Socket){reuse(false, true), uidOf(101)}, opts{ReusePort: true}, host.EADDRINUSE},
		{"time wait, bits unknown", port.TCP, host.StateTimeWait, []func(*host.Socket){timeWaitFor(41000)}, opts{ReuseAddress: true}, host.ErrnoUnknown},
		{"time wait, plain candidate", port.TCP, host.StateTimeWait, []func(*host.Socket){timeWaitFor(41000)}, opts{}, host.EADDRINUSE},
		{"time wait, both reuse port: no uid is compared", port.TCP, host.StateTimeWait, []func(*host.Socket){timeWaitFor(41000), reuse(false, true)}, opts{ReusePort: true}, host.OK},
		{"connection with reuse address on both", port.TCP, host.StateEstablished, []func(*host.Socket){reuse(true, false), peer("192.0.2.1:443")}, opts{ReuseAddress: true}, host.OK},
		{"connection without", port.TCP, host.StateEstablished, []func(*host.Socket){reuse(false, false), peer("192.0.2.1:443")}, opts{ReuseAddress: true}, host.EADDRINUSE},
		{"udp, both reuse address, other user", port.UDP, host.StateUnconnected, []func(*host.Socket){reuse(true, false), uidOf(101)}, opts{ReuseAddress: true}, host.OK},
		{"udp, reuse address against reuse port", port.UDP, host.StateUnconnected, []func(*host.Socket){reuse(false, true)}, opts{ReuseAddress: true}, host.EADDRINUSE},
		{"udp, both reuse port, other user", port.UDP, host.StateUnconnected, []func(*host.Socket){reuse(false, true), uidOf(101)}, opts{ReusePort: true}, host.EADDRINUSE},
		{"udp, plain candidate", port.UDP, host.StateUnconnected, nil, opts{}, host.EADDRINUSE},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine().process(7, "srv")
			m.socket(tt.protocol, "127.0.0.1:8080", tt.state, []int32{7}, tt.edits...)
			c := tcpCandidate("127.0.0.1:8080")
			c.Protocol, c.Options = tt.protocol, tt.opts
			if got := Judge(&m.snap, c); got.Errno != tt.want {
				t.Errorf("errno %q, want %q (%s)", got.Errno, tt.want, got.Rule)
			}
		})
	}
}

// A half-open connection has no place among the bound sockets: only its
// listener is in the way.
func TestHalfOpenConnectionsDoNotBlock(t *testing.T) {
	m := newMachine().process(7, "srv")
	m.socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{7}, reuse(false, true))
	m.socket(port.TCP, "127.0.0.1:8080", host.StateSynReceived, nil, peer("127.0.0.1:9"), func(s *host.Socket) { s.Inode, s.UID = 0, nil })
	if got := Judge(&m.snap, tcpCandidate("127.0.0.1:8080")); got.Errno != host.EADDRINUSE || len(got.Blockers) != 1 || len(got.Maybe) != 0 {
		t.Errorf("beside the listener: %+v", got)
	}
	if got := Judge(&m.snap, tcpCandidate("127.0.0.1:8080", reusePort)); got.Errno != host.OK {
		t.Errorf("sharing with the listener: errno %q (%s)", got.Errno, got.Rule)
	}
}

func TestUnknownIsNeverFree(t *testing.T) {
	m := newMachine()
	m.snap.Gaps = []host.Gap{{Source: "sock_diag", Subject: "tcp sockets", Reason: "interrupted", Decides: true}}
	if got := Judge(&m.snap, tcpCandidate("127.0.0.1:8080")); got.Errno != host.ErrnoUnknown {
		t.Errorf("with a deciding gap: errno %q", got.Errno)
	}
	m = newMachine()
	m.snap.Scope.Ports = []port.Range{port.One(9090)}
	if got := Judge(&m.snap, tcpCandidate("127.0.0.1:8080")); got.Errno != host.ErrnoUnknown {
		t.Errorf("outside the scope: errno %q", got.Errno)
	}
	m = newMachine()
	m.snap.Network.Addresses, m.snap.Network.LocalRoutes = nil, nil
	if got := Judge(&m.snap, tcpCandidate("192.0.2.7:8080")); got.Errno != host.ErrnoUnknown {
		t.Errorf("addresses unknown: errno %q", got.Errno)
	}
	// A dual-stack flag that is not known must not turn into "free" either.
	m = newMachine().process(7, "srv")
	m.socket(port.TCP, "[::]:8080", host.StateListen, []int32{7})
	if got := Judge(&m.snap, tcpCandidate("127.0.0.1:8080")); got.Errno != host.ErrnoUnknown {
		t.Errorf("flag unknown: errno %q", got.Errno)
	}
}

// A socket bound to [::] and then connected keeps the wildcard's flag off, so
// it blocks 0.0.0.0 although its address is a native IPv6 one.
func TestConnectedV6BlocksIPv4Wildcard(t *testing.T) {
	m := newMachine().process(7, "client")
	m.socket(port.TCP, "[::1]:8080", host.StateEstablished, []int32{7}, v6only(false), reuse(false, false), peer("[::1]:9"))
	if got := Judge(&m.snap, tcpCandidate("0.0.0.0:8080")); got.Errno != host.EADDRINUSE {
		t.Errorf("0.0.0.0: errno %q", got.Errno)
	}
	if got := Judge(&m.snap, tcpCandidate("127.0.0.1:8080")); got.Errno != host.OK {
		t.Errorf("127.0.0.1: errno %q (%s)", got.Errno, got.Rule)
	}
}

func TestDevices(t *testing.T) {
	on := func(index uint32, name string) func(*host.Socket) {
		return func(s *host.Socket) { s.InterfaceIndex, s.Interface = index, name }
	}
	m := newMachine().process(7, "srv")
	m.socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{7}, on(2, "eth0"))
	for device, want := range map[string]host.Errno{"": host.EADDRINUSE, "eth0": host.EADDRINUSE, "lo": host.OK} {
		c := tcpCandidate("0.0.0.0:8080", func(o *host.BindOptions) { o.Interface = device })
		if got := Judge(&m.snap, c); got.Errno != want {
			t.Errorf("device %q: errno %q, want %q", device, got.Errno, want)
		}
	}
}

func TestProbeOverrules(t *testing.T) {
	c := tcpCandidate("127.0.0.1:8080")
	m := newMachine()
	m.socket(port.TCP, "127.0.0.1:8080", host.StateTimeWait, nil, timeWaitFor(30000))
	m.snap.Probes = []host.Probe{{Candidate: c, Errno: host.EADDRINUSE, Call: "bind"}}
	got := Judge(&m.snap, c)
	if got.Errno != host.EADDRINUSE || !got.Probed || len(got.Blockers) != 1 {
		t.Errorf("probe settles the unknown: %+v", got)
	}
	m.socket(port.TCP, "127.0.0.1:8080", host.StateTimeWait, nil, timeWaitFor(20000))
	if got := Judge(&m.snap, c); got.Errno != host.EADDRINUSE || len(got.Blockers) != 0 || len(got.Maybe) != 2 {
		t.Errorf("of two that may be in the way none is blamed: %+v", got)
	}
	m.snap.Probes = []host.Probe{{Candidate: c, Errno: host.OK}}
	if got := Judge(&m.snap, c); got.Errno != host.OK || len(got.Blockers)+len(got.Maybe) != 0 {
		t.Errorf("probe says free: %+v", got)
	}
	m.snap.Probes = []host.Probe{{Candidate: tcpCandidate("127.0.0.2:8080"), Errno: host.OK}}
	if got := Judge(&m.snap, c); got.Probed {
		t.Errorf("a probe of another candidate was used: %+v", got)
	}
}

func ptr[T any](v T) *T { return &v }
