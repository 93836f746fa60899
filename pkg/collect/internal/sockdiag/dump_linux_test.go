package sockdiag

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

func open(t testing.TB) *Conn {
	t.Helper()
	c, err := Open()
	if Unsupported(err) {
		t.Skipf("no sock_diag here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func dump(t testing.TB, c *Conn, q Query) []Record {
	t.Helper()
	records, err := c.Dump(t.Context(), q)
	if err != nil {
		t.Fatalf("dump %+v: %v", q, err)
	}
	return records
}

// listen opens TCP listeners and returns their ports in order.
func listen(t testing.TB, n int) []uint16 {
	t.Helper()
	var numbers []uint16
	for range n {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		numbers = append(numbers, netip.MustParseAddrPort(l.Addr().String()).Port())
	}
	slices.Sort(numbers)
	return numbers
}

// The kernel's answer to a filtered dump must hold every socket of ours that
// the ranges cover, and nothing that they do not. The parser's own check is
// taken out, so that the bytecode alone decides.
func TestKernelObeysPortFilter(t *testing.T) {
	t.Parallel()
	c := open(t)
	numbers := listen(t, 200)
	mid := numbers[100]
	queries := [][]port.Range{
		{port.One(mid)},
		{{First: mid, Last: mid + 40}},
		{{First: numbers[0], Last: numbers[0]}, {First: numbers[50], Last: numbers[60]}, port.One(numbers[199])},
		{{First: mid + 1, Last: 65535}},
		{{First: 1, Last: mid - 1}},
		{{First: 1, Last: mid - 1}, {First: mid + 1, Last: 65535}},
	}
	var many []port.Range
	for _, n := range numbers[:maxFilterRanges*2] {
		many = append(many, port.One(n))
	}
	queries = append(queries, many[:maxFilterRanges])
	for i, ranges := range queries {
		for _, listenersOnly := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d/listeners=%v", i, listenersOnly), func(t *testing.T) {
				q := Query{Family: IPv4, Protocol: port.TCP, Ports: ranges, ListenersOnly: listenersOnly}
				c.parser.protocol, c.parser.keep = port.TCP, nil
				r := request{family: byte(IPv4), protocol: 6, states: q.wantedStates(6), filter: portFilter(ranges), local: onlyPort(ranges)}
				records, out, err := c.dumpOnce(t.Context(), &r, nil)
				if err != nil || out.errno != 0 {
					t.Fatalf("error %v, errno %v", err, unix.Errno(out.errno))
				}
				got := map[uint16]bool{}
				for _, record := range records {
					if !covered(ranges, record.Local.Port()) {
						t.Errorf("port %d came through %v", record.Local.Port(), ranges)
					}
					if record.State == host.StateListen {
						got[record.Local.Port()] = true
					}
				}
				for _, n := range numbers {
					if covered(ranges, n) && !got[n] {
						t.Errorf("port %d is missing from %v", n, ranges)
					}
				}
			})
		}
	}
	t.Run("widened", func(t *testing.T) {
		records := dump(t, c, Query{Family: IPv4, Protocol: port.TCP, Ports: many, ListenersOnly: true})
		got := map[uint16]bool{}
		for _, record := range records {
			if !covered(many, record.Local.Port()) {
				t.Errorf("port %d was not asked for", record.Local.Port())
			}
			got[record.Local.Port()] = true
		}
		for _, r := range many {
			if !got[r.First] {
				t.Errorf("port %d is missing", r.First)
			}
		}
	})
}

func TestDumpRefusedProgramFallsBackToAll(t *testing.T) {
	t.Parallel()
	c := open(t)
	number := listen(t, 1)[0]
	q := Query{Family: IPv4, Protocol: port.TCP, Ports: []port.Range{port.One(number)}}
	// An unknown operation fails the kernel's audit, as every program does on
	// a kernel that has no bytecode.
	r := request{family: byte(IPv4), protocol: 6, states: stateListen, filter: []byte{250, 4, 4, 0}}
	if _, out, err := c.dumpOnce(t.Context(), &r, nil); err != nil || unix.Errno(out.errno) != unix.EINVAL {
		t.Fatalf("error %v, errno %v, want EINVAL", err, unix.Errno(out.errno))
	}
	records, err := c.dump(t.Context(), q, r, nil)
	if err != nil || len(records) != 1 || records[0].Local.Port() != number {
		t.Errorf("%d records, error %v, want our listener alone", len(records), err)
	}
}

func TestDumpRefusal(t *testing.T) {
	t.Parallel()
	c := open(t)
	// Nobody answers for AF_AX25: the kernel says ENOENT.
	_, err := c.dump(t.Context(), Query{Family: IPv4, Protocol: port.TCP}, request{family: unix.AF_AX25, protocol: 6, states: stateListen}, nil)
	var refusal *Refusal
	if !errors.As(err, &refusal) || !errors.Is(err, unix.ENOENT) {
		t.Errorf("error %v, want a Refusal with ENOENT", err)
	}
	if Unsupported(err) {
		t.Errorf("%v counts as no sock_diag at all", err)
	}
}

// One walk over both families must tell what two walks tell.
func TestDumpBoth(t *testing.T) {
	t.Parallel()
	c := open(t)
	numbers := []port.Range{port.One(listen(t, 1)[0])}
	for _, at := range []string{"[::1]:0", "[::]:0"} {
		l, err := net.Listen("tcp", at)
		if err != nil {
			t.Skipf("no IPv6 here: %v", err)
		}
		defer l.Close()
		to := netip.MustParseAddrPort(l.Addr().String())
		client, err := net.Dial("tcp", netip.AddrPortFrom(netip.IPv6Loopback(), to.Port()).String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		numbers = append(numbers, port.One(to.Port()), port.One(netip.MustParseAddrPort(client.LocalAddr().String()).Port()))
	}
	bound, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(bound)
	if err := unix.Bind(bound, &unix.SockaddrInet6{}); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(bound)
	if err != nil {
		t.Fatal(err)
	}
	numbers = append(numbers, port.One(uint16(name.(*unix.SockaddrInet6).Port)))
	for _, listenersOnly := range []bool{false, true} {
		q := Query{Protocol: port.TCP, Ports: numbers, ListenersOnly: listenersOnly}
		together := dump(t, c, q)
		q.Family = IPv4
		apart := dump(t, c, q)
		q.Family = IPv6
		apart = append(apart, dump(t, c, q)...)
		for _, records := range []*[]Record{&together, &apart} {
			// Somebody else may have the IPv4 side of the IPv6 ports.
			*records = slices.DeleteFunc(*records, func(r Record) bool {
				return r.Local.Addr().Is4() && r.Local.Port() != numbers[0].First
			})
			slices.SortFunc(*records, func(a, b Record) int { return cmp.Compare(a.Cookie, b.Cookie) })
		}
		if len(apart) < 3 || !reflect.DeepEqual(together, apart) {
			t.Errorf("listeners only: %v\ntogether %+v\napart    %+v", listenersOnly, together, apart)
		}
	}
}

func TestShowsBound(t *testing.T) {
	t.Parallel()
	c := open(t)
	// Without the bit every kernel is like one before Linux 6.8.
	if got, err := c.showsBound(t.Context(), stateTCPAll); err != nil || got {
		t.Errorf("without the state bit: %v, %v; want false", got, err)
	}
	if got, err := c.ShowsBound(t.Context()); err != nil {
		t.Error(err)
	} else {
		t.Logf("this kernel lists bound sockets: %v", got)
	}
}

func TestLacks(t *testing.T) {
	t.Parallel()
	if Lacks(port.TCP) || Lacks(port.UDP) {
		t.Error("TCP or UDP is said to be missing")
	}
	if Lacks("sctp") {
		t.Error("an unknown protocol is said to be missing rather than unknown")
	}
}

func BenchmarkDump(b *testing.B) {
	c := open(b)
	number := listen(b, 500)[250]
	for _, bench := range []struct {
		name string
		q    Query
	}{
		{"tcp/listeners", Query{Family: IPv4, Protocol: port.TCP, ListenersOnly: true}},
		{"tcp/listeners of both families", Query{Protocol: port.TCP, ListenersOnly: true}},
		{"tcp/all", Query{Family: IPv4, Protocol: port.TCP}},
		{"tcp/one-port", Query{Family: IPv4, Protocol: port.TCP, Ports: []port.Range{port.One(number)}}},
		{"tcp/one-port of both families", Query{Protocol: port.TCP, Ports: []port.Range{port.One(number)}}},
		{"udp/all", Query{Family: IPv4, Protocol: port.UDP}},
		{"udp/one-port", Query{Family: IPv4, Protocol: port.UDP, Ports: []port.Range{port.One(number)}}},
		{"udplite/all", Query{Family: IPv4, Protocol: port.UDPLite}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Dump(b.Context(), bench.q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
