package diagnose

import (
	"net/netip"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

func reusePort(o *host.BindOptions) { o.ReuseAddress, o.ReusePort = false, true }

// sk_reuseport_match: whose note lets whom through.
func TestStrictlyMatches(t *testing.T) {
	tests := []struct {
		fast     string
		fastOnly bool
		local    string
		only     bool
		want     bool
	}{
		{"127.0.0.1", false, "127.0.0.1:80", false, true},
		{"127.0.0.1", false, "127.0.0.2:80", false, false},
		{"0.0.0.0", false, "127.0.0.2:80", false, true},
		{"127.0.0.1", false, "0.0.0.0:80", false, false}, // the candidate's wildcard does not count
		{"127.0.0.1", false, "[::ffff:127.0.0.1]:80", false, true},
		{"0.0.0.0", false, "[::]:80", false, true},
		{"0.0.0.0", false, "[::]:80", true, false},
		{"0.0.0.0", false, "[::1]:80", false, false},
		{"127.0.0.1", false, "[::]:80", false, false},
		{"::", true, "[::]:80", false, true}, // whatever IPV6_V6ONLY says
		{"::", true, "127.0.0.1:80", false, false},
		{"::", false, "127.0.0.1:80", false, true},
		{"::", true, "[::1]:80", false, true},
		{"::1", true, "[::1]:80", false, true},
		{"::1", true, "[::]:80", false, false},
		{"::1", true, "127.0.0.1:80", false, false},
		{"::ffff:127.0.0.1", false, "127.0.0.1:80", false, true},
		{"::ffff:127.0.0.1", false, "[::ffff:127.0.0.1]:80", false, true},
		{"::ffff:127.0.0.1", false, "[::]:80", false, false},
	}
	for _, tt := range tests {
		c := tcpCandidate(tt.local, func(o *host.BindOptions) { o.IPv6Only = tt.only })
		if got := strictlyMatches(netip.MustParseAddr(tt.fast), tt.fastOnly, c); got != tt.want {
			t.Errorf("note of %s (v6only %v), bind %s (v6only %v): %v", tt.fast, tt.fastOnly, tt.local, tt.only, got)
		}
	}
}

func TestBindBucket(t *testing.T) {
	m := newMachine().process(7, "srv")
	m.socket(port.TCP, "127.0.0.1:8080", host.StateBound, []int32{7}, reuse(true, false))
	c := tcpCandidate("127.0.0.1:8080", reusePort)
	judged := func(b ...host.BindBucket) host.Errno {
		m.snap.BindBuckets = b
		return Judge(&m.snap, c).Errno
	}
	bucket := host.BindBucket{
		Protocol: port.TCP, Port: 8080, FastReusePort: host.FastReusePortStrict, FastUID: 1000,
		FastAddress: netip.MustParseAddr("127.0.0.1"),
	}
	other := func(edit func(*host.BindBucket)) host.BindBucket {
		b := bucket
		edit(&b)
		return b
	}
	for name, tt := range map[string]struct {
		got, want host.Errno
	}{
		"nothing was read":         {judged(), host.ErrnoUnknown},
		"the note fits":            {judged(bucket), host.OK},
		"another user's":           {judged(other(func(b *host.BindBucket) { b.FastUID = 7 })), host.EADDRINUSE},
		"another address":          {judged(other(func(b *host.BindBucket) { b.FastAddress = netip.MustParseAddr("127.0.0.2") })), host.EADDRINUSE},
		"any address":              {judged(other(func(b *host.BindBucket) { b.FastReusePort = host.FastReusePortAny; b.FastAddress = netip.Addr{} })), host.OK},
		"no note":                  {judged(other(func(b *host.BindBucket) { b.FastReusePort = host.FastReusePortNone })), host.EADDRINUSE},
		"of another port":          {judged(other(func(b *host.BindBucket) { b.Port = 9090 })), host.ErrnoUnknown},
		"of a VRF":                 {judged(other(func(b *host.BindBucket) { b.VRF = 9 })), host.ErrnoUnknown},
		"reuse address, not asked": {judged(other(func(b *host.BindBucket) { b.FastReuse, b.FastReusePort = 1, 0 })), host.EADDRINUSE},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: errno %q, want %q", name, tt.got, tt.want)
		}
	}
	// SO_REUSEADDR was on when the socket was bound and is off now: the note
	// is what counts.
	m.snap.Sockets[0].ReuseAddress = ptr(false)
	m.snap.BindBuckets = []host.BindBucket{other(func(b *host.BindBucket) { b.FastReuse, b.FastReusePort = 1, 0 })}
	if got := Judge(&m.snap, tcpCandidate("127.0.0.1:8080")); got.Errno != host.OK {
		t.Errorf("reuse address by the note: errno %q", got.Errno)
	}
}

// Without the note it is certain only where nobody can have left one.
func TestWithoutTheNote(t *testing.T) {
	tests := []struct {
		name, holder string
		state        host.State
		edits        []func(*host.Socket)
		bind         string
		want         host.Errno
	}{
		{"a plain listener lets no sharer in", "127.0.0.1:8080", host.StateListen, []func(*host.Socket){reuse(true, false)}, "127.0.0.1:8080", host.EADDRINUSE},
		{"a bound socket without options neither", "127.0.0.1:8080", host.StateBound, []func(*host.Socket){reuse(false, false)}, "127.0.0.1:8080", host.EADDRINUSE},
		{"one with SO_REUSEADDR may have", "127.0.0.1:8080", host.StateBound, []func(*host.Socket){reuse(true, false)}, "127.0.0.1:8080", host.ErrnoUnknown},
		{"0.0.0.0 fits [::] and misses ::1", "[::1]:8080", host.StateListen, []func(*host.Socket){reuse(false, false), v6only(true)}, "[::]:8080", host.ErrnoUnknown},
		{"[::] with IPV6_V6ONLY fits [::] and misses 127.0.0.1", "127.0.0.1:8080", host.StateListen, []func(*host.Socket){reuse(false, false)}, "[::]:8080", host.ErrnoUnknown},
		{"neither misses a dual-stack listener", "[::]:8080", host.StateListen, []func(*host.Socket){reuse(false, false), v6only(false)}, "[::]:8080", host.EADDRINUSE},
	}
	for _, tt := range tests {
		m := newMachine().process(7, "srv")
		m.socket(port.TCP, tt.holder, tt.state, []int32{7}, tt.edits...)
		if got := Judge(&m.snap, tcpCandidate(tt.bind, reusePort)); got.Errno != tt.want {
			t.Errorf("%s: errno %q, want %q (%s)", tt.name, got.Errno, tt.want, got.Rule)
		}
	}
}

// UDP goes by the first overlapping socket of its list, the newest.
func TestUDPGoesByTheFirst(t *testing.T) {
	at := func(rank int) func(*host.Socket) { return func(s *host.Socket) { s.ListRank = rank } }
	c := host.Candidate{Protocol: port.UDP, Local: netip.MustParseAddrPort("0.0.0.0:5353"), Options: host.BindOptions{ReusePort: true}}
	for _, tt := range []struct {
		name           string
		sharer, plain  int
		plainAt        string
		want           host.Errno
		blocked, maybe int
	}{
		{"the newest shares", 1, 2, "127.0.0.2:5353", host.OK, 0, 0},
		{"the newest does not", 2, 1, "127.0.0.2:5353", host.EADDRINUSE, 1, 0},
		{"the order is unknown", 0, 0, "127.0.0.2:5353", host.ErrnoUnknown, 0, 1},
		{"the order of two families is unknown", 1, 1, "[::ffff:127.0.0.2]:5353", host.ErrnoUnknown, 0, 1},
	} {
		m := newMachine().process(7, "srv")
		m.socket(port.UDP, "127.0.0.1:5353", host.StateUnconnected, []int32{7}, reuse(false, true), at(tt.sharer))
		m.socket(port.UDP, tt.plainAt, host.StateUnconnected, []int32{7}, reuse(false, false), at(tt.plain))
		got := Judge(&m.snap, c)
		if got.Errno != tt.want || len(got.Blockers) != tt.blocked || len(got.Maybe) != tt.maybe {
			t.Errorf("%s: errno %q, %d blockers, %d maybe (%s)", tt.name, got.Errno, len(got.Blockers), len(got.Maybe), got.Rule)
		}
	}
}
