package collect_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/probe"
)

// checkVerdicts compares the rule with real binds.
func checkVerdicts(t testing.TB, what any, snapshot *host.Snapshot, number uint16) {
	t.Helper()
	outdated := false // a bind that is tried changes what the bucket remembers
	for _, address := range []string{"127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"} {
		for bits := range 8 {
			addr := netip.MustParseAddr(address)
			c := host.Candidate{Protocol: snapshot.Sockets[0].Protocol, Local: netip.AddrPortFrom(addr, number), Options: host.BindOptions{
				ReuseAddress: bits&1 != 0, ReusePort: bits&2 != 0, IPv6Only: bits&4 != 0,
			}}
			if c.Options.IPv6Only && (!addr.Is6() || addr.Is4In6()) {
				continue
			}
			if outdated && c.Protocol == port.TCP && c.Options.ReusePort {
				deepen(t, snapshot)
				outdated = false
			}
			verdict := diagnose.Judge(snapshot, c)
			real := probe.Bind(t.Context(), c)
			if verdict.Errno != real.Errno || len(verdict.Maybe) > 0 {
				t.Errorf("%v; %s with %+v: the rule says %q (%d doubtful), the kernel %q, with %+v",
					what, address, c.Options, verdict.Errno, len(verdict.Maybe), real.Errno, snapshot.BindBuckets)
			}
			outdated = outdated || real.Errno == host.OK
		}
	}
}

func TestDeepenTimeWait(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	for _, s := range servers() {
		number := s.leaveTimeWait(t)
		snapshot, left := withState(t, port.TCP, number, host.StateTimeWait)
		if left.ReuseAddress != nil || left.ReusePort != nil || left.Cookie == 0 {
			t.Fatalf("%v: before: %+v", s, left)
		}
		deepen(t, snapshot)
		s.checkOptions(t, left)
		if left.UID != nil {
			t.Errorf("a TIME_WAIT has the uid %d", *left.UID)
		}
		checkVerdicts(t, s, snapshot, number)
	}
}

// A number that is now another socket's lends nothing to the one that went.
func TestDeepenAnotherSocket(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	number := servers()[0].leaveTimeWait(t)
	snapshot, left := withState(t, port.TCP, number, host.StateTimeWait)
	left.Cookie++
	deepen(t, snapshot)
	if left.ReuseAddress != nil || left.ReusePort != nil {
		t.Errorf("got %+v", left)
	}
}

// A closed server whose peer takes no data keeps its connection in FIN_WAIT1,
// and nobody holds it.
func TestDeepenOrphan(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	for _, s := range servers() {
		listener := s.listen(t, 0)
		number := portOf(listener)
		peer := s.connect(t, number)
		accepted := accept(t, listener)
		if err := unix.SetNonblock(accepted, true); err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := unix.Write(accepted, make([]byte, 64<<10)); errors.Is(err, unix.EAGAIN) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		unix.Close(accepted)
		unix.Close(listener)
		snapshot, orphan := withState(t, port.TCP, number, host.StateFinWait1)
		if orphan.Inode != 0 || orphan.ReuseAddress != nil {
			t.Fatalf("%v: before: %+v", s, orphan)
		}
		deepen(t, snapshot)
		s.checkOptions(t, orphan)
		if orphan.UID == nil || *orphan.UID != 0 {
			t.Errorf("got uid %v", orphan.UID)
		}
		checkVerdicts(t, s, snapshot, number)
		unix.Close(peer)
	}
}

// A connection that waits to be accepted has the listener's options. Without
// them it was doubtful whether it stands in the way beside the listener.
func TestDeepenNotAccepted(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	for _, s := range servers() {
		listener := s.listen(t, 0)
		number := portOf(listener)
		peer := s.connect(t, number)
		snapshot, child := withState(t, port.TCP, number, host.StateEstablished)
		if child.Inode != 0 || child.ReuseAddress != nil {
			t.Fatalf("%v: before: %+v", s, child)
		}
		c := host.Candidate{Protocol: port.TCP, Local: netip.AddrPortFrom(netip.MustParseAddr("0.0.0.0"), number), Options: host.BindOptions{ReuseAddress: true}}
		before := diagnose.Judge(snapshot, c)
		deepen(t, snapshot)
		s.checkOptions(t, child)
		after := diagnose.Judge(snapshot, c)
		if len(after.Maybe) > 0 || s.address == "0.0.0.0" && (len(before.Maybe) != 1 || len(after.Blockers) != 1+b2i(!s.reuseAddress)) {
			t.Errorf("%v: before %d and perhaps %d in the way, after %d and %d", s, len(before.Blockers), len(before.Maybe), len(after.Blockers), len(after.Maybe))
		}
		unix.Close(peer)
		unix.Close(listener)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A socket that is on its way to another process is in nobody's descriptors.
func TestDeepenInFlight(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	for _, s := range servers() {
		for state, protocol := range map[host.State]port.Protocol{
			host.StateListen: port.TCP, host.StateBound: port.TCP, host.StateUnconnected: port.UDP,
		} {
			fd := -1
			switch state {
			case host.StateListen:
				fd = s.listen(t, 0)
			case host.StateBound:
				fd = s.open(t, unix.SOCK_STREAM, 0)
			default:
				fd = s.open(t, unix.SOCK_DGRAM, 0)
			}
			number := portOf(fd)
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := unix.Sendmsg(pair[0], []byte{0}, unix.UnixRights(fd), nil, 0); err != nil {
				t.Fatal(err)
			}
			unix.Close(fd)
			snapshot, flying := withState(t, protocol, number, state)
			if flying.Inode == 0 {
				t.Fatalf("%v, %s: before: %+v", s, state, flying)
			}
			own := s
			if s.address == "::" { // and no connection made it anything else
				own.effective = &s.v6only
			}
			// A look into the queue told them; the kernel tells the same.
			own.checkOptions(t, flying)
			flying.ReuseAddress, flying.ReusePort, flying.V6Only = nil, nil, nil
			deepen(t, snapshot)
			own.checkOptions(t, flying)
			checkVerdicts(t, s, snapshot, number)
			unix.Close(pair[0])
			unix.Close(pair[1])
		}
	}
}

// The bucket of a port tells how the next socket with SO_REUSEPORT fares.
func TestDeepenBindBucket(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	shared := server{address: "127.0.0.1", reusePort: true}
	plain := server{address: "127.0.0.1", reuseAddress: true}
	other := server{address: "127.0.0.2", reusePort: true}
	six := server{address: "::", reusePort: true, v6only: true}
	mapped := server{address: "::ffff:127.0.0.2", reusePort: true}
	address := netip.MustParseAddr
	for name, c := range map[string]struct {
		open []server
		want host.BindBucket
	}{
		"one with SO_REUSEPORT":       {[]server{shared}, host.BindBucket{FastReusePort: host.FastReusePortAny, FastAddress: address("127.0.0.1")}},
		"two of them":                 {[]server{shared, shared, other}, host.BindBucket{FastReusePort: host.FastReusePortAny, FastAddress: address("127.0.0.1")}},
		"none":                        {[]server{plain}, host.BindBucket{}},
		"one after another without":   {[]server{plain, other}, host.BindBucket{FastReusePort: host.FastReusePortStrict, FastAddress: address("127.0.0.2")}},
		"one before another without":  {[]server{other, plain}, host.BindBucket{}},
		"IPv6 only":                   {[]server{six}, host.BindBucket{FastReusePort: host.FastReusePortAny, FastAddress: address("::"), FastIPv6Only: true}},
		"v4-mapped after one without": {[]server{plain, mapped}, host.BindBucket{FastReusePort: host.FastReusePortStrict, FastAddress: address("::ffff:127.0.0.2")}},
	} {
		var number uint16
		var fds []int
		for _, s := range c.open {
			fd := s.listen(t, number)
			number = portOf(fd)
			fds = append(fds, fd)
		}
		snapshot, _ := withState(t, port.TCP, number, host.StateListen)
		deepen(t, snapshot)
		c.want.Protocol, c.want.Port = port.TCP, number
		if len(snapshot.BindBuckets) == 1 && c.want.FastReusePort == host.FastReusePortAny && snapshot.BindBuckets[0].FastReusePort == host.FastReusePortStrict {
			// Linux 6.18 starts at strict: inet_csk_update_fastreuse looks
			// whether the bucket is empty when it no longer is.
			c.want.FastReusePort, c.want.FastAddress = host.FastReusePortStrict, netip.MustParseAddr(c.open[len(c.open)-1].address)
		}
		if len(snapshot.BindBuckets) != 1 || snapshot.BindBuckets[0] != c.want {
			t.Errorf("%s: got %+v, want %+v", name, snapshot.BindBuckets, c.want)
		}
		for _, fd := range fds {
			unix.Close(fd)
		}
	}
	// Bound sockets that do not listen lead to it too.
	first := shared.open(t, unix.SOCK_STREAM, 0)
	second := other.open(t, unix.SOCK_STREAM, portOf(first))
	bound, _ := withState(t, port.TCP, portOf(first), host.StateBound)
	deepen(t, bound)
	if b := bound.BindBuckets; len(b) != 1 || b[0].Port != portOf(first) || b[0].FastReusePort <= 0 || !b[0].FastAddress.Is4() {
		t.Errorf("bound: got %+v", b)
	}
	checkVerdicts(t, "two bound", bound, portOf(first))
	unix.Close(first)
	unix.Close(second)
	// A port that connect() took.
	listener := plain.listen(t, 0)
	client := server{via: "127.0.0.1"}.connect(t, portOf(listener))
	number := portOf(client)
	snapshot, _ := withState(t, port.TCP, number, host.StateEstablished)
	deepen(t, snapshot)
	want := host.BindBucket{Protocol: port.TCP, Port: number, FastReuse: -1, FastReusePort: -1}
	if len(snapshot.BindBuckets) != 1 || snapshot.BindBuckets[0] != want {
		t.Errorf("connect: got %+v, want %+v", snapshot.BindBuckets, want)
	}
}

// A UDP bind with SO_REUSEPORT goes by the first socket that it overlaps, of
// whichever family: the newest. The kernel's list tells which that is.
func TestDeepenUDPOrder(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	sharers := []server{{address: "127.0.0.1", reusePort: true}, {address: "::1", reusePort: true}, {address: "::ffff:127.0.0.1", reusePort: true}}
	plain := []server{{address: "127.0.0.2"}, {address: "::1"}, {address: "::ffff:127.0.0.2", reuseAddress: true}}
	for _, sharer := range sharers {
		for _, other := range plain {
			for _, order := range [][]server{{sharer, other}, {other, sharer}, {sharer, other, sharer}} {
				if sharer.address == other.address {
					continue
				}
				var number uint16
				var fds []int
				for _, s := range order {
					fd := s.open(t, unix.SOCK_DGRAM, number)
					number = portOf(fd)
					fds = append(fds, fd)
				}
				snapshot, _ := withState(t, port.UDP, number, host.StateUnconnected)
				deepen(t, snapshot)
				for _, s := range snapshot.Sockets {
					if s.ListPlace == 0 {
						t.Errorf("%v: %s has no place in the list", order, s.Local)
					}
				}
				checkVerdicts(t, order, snapshot, number)
				for _, fd := range fds {
					unix.Close(fd)
				}
			}
		}
	}
}

// An ordinary user gets one gap, and nothing is filled in.
func TestDeepenNotPermitted(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	number := servers()[0].leaveTimeWait(t)
	withState(t, port.TCP, number, host.StateTimeWait)
	snapshot := start(t, roleSnapshot).snapshot(t, order{UID: 1000, Deepen: true, ReuseBits: true, Scope: host.Scope{Ports: []port.Range{port.One(number)}}})
	if len(snapshot.Sockets) != 1 || snapshot.Sockets[0].ReuseAddress != nil {
		t.Errorf("got %+v", snapshot.Sockets)
	}
	var gaps []host.Gap
	for _, g := range snapshot.Gaps {
		if g.Source == host.GapOptions {
			gaps = append(gaps, g)
		}
	}
	want := host.Gap{
		Source: host.GapOptions, Subject: "the options of 1 socket", Reason: "permission denied",
		Hint: "run as root, for example with sudo", Protocol: port.TCP,
	}
	if len(gaps) != 1 || gaps[0] != want {
		t.Errorf("got %+v", gaps)
	}
}

// BenchmarkDeepen reads one TIME_WAIT in a namespace that has nothing else, and
// in one with 50,000 more on other ports.
func BenchmarkDeepen(b *testing.B) {
	if !inOwnNetwork(b) {
		return
	}
	s := server{address: "127.0.0.1", via: "127.0.0.1"}
	snapshot, _ := withState(b, port.TCP, s.leaveTimeWait(b), host.StateTimeWait)
	run := func(name string) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				deepen(b, snapshot)
			}
		})
	}
	run("one socket")
	const sockets = 50_000
	for i, listener := 0, -1; i < sockets; i++ {
		if i%10_000 == 0 { // as many as have a port of their own on the other side
			listener = s.listen(b, 0)
		}
		peer := s.connect(b, portOf(listener))
		unix.Close(accept(b, listener))
		unix.Close(peer)
	}
	run(fmt.Sprintf("%d sockets", sockets))
}
