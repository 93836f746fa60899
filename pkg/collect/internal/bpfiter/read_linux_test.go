package bpfiter

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/port"
)

// unavailable skips a test for want of something a bare machine may lack,
// unless PORTWHO_TEST_REQUIRE=all says that nothing may be skipped.
func unavailable(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		t.Fatalf("required, and not available: %s", reason)
	}
	t.Skip(reason)
}

func kernelTypes(t testing.TB) []byte {
	t.Helper()
	types, release, err := OpenTypes()
	if errors.Is(err, fs.ErrNotExist) {
		unavailable(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return types
}

func read(t testing.TB, q Query) []Record {
	t.Helper()
	q.Types = kernelTypes(t)
	records, err := Read(t.Context(), q)
	if errors.Is(err, ErrPermission) || errors.Is(err, ErrUnsupported) {
		unavailable(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func listen(t testing.TB) uint16 {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

// Only the sockets on the ports leave the kernel.
func TestReadPorts(t *testing.T) {
	t.Parallel()
	a, b, c := listen(t), listen(t), listen(t)
	datagrams, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	var many []port.Range // too many to tell apart in the kernel
	for i := range uint16(mostRanges + 1) {
		many = append(many, port.One(1+i*200))
	}
	for name, q := range map[string]Query{
		"one":        {Protocol: port.TCP, Ports: []port.Range{port.One(a)}},
		"two":        {Protocol: port.TCP, Ports: []port.Range{port.One(c), port.One(a)}},
		"a range":    {Protocol: port.TCP, Ports: []port.Range{{First: min(a, b), Last: max(a, b)}}},
		"many":       {Protocol: port.TCP, Ports: append(many, port.One(b))},
		"no port":    {Protocol: port.TCP},
		"everything": {Protocol: port.TCP, Ports: []port.Range{{First: 1, Last: 65535}}},
		"UDP":        {Protocol: port.UDP, Ports: []port.Range{port.One(uint16(datagrams.LocalAddr().(*net.UDPAddr).Port))}},
	} {
		wanted := func(number uint16) bool {
			return slices.ContainsFunc(q.Ports, func(r port.Range) bool { return r.Contains(number) })
		}
		records := read(t, q)
		for _, r := range records {
			if !wanted(r.Port) {
				t.Errorf("%s: port %d was not asked for", name, r.Port)
			}
		}
		for _, number := range []uint16{a, b, c} {
			found := slices.ContainsFunc(records, func(r Record) bool { return r.Port == number })
			if q.Protocol == port.TCP && found != wanted(number) {
				t.Errorf("%s: port %d found: %v", name, number, found)
			}
		}
		if q.Protocol == port.UDP && (len(records) != 1 || records[0].Bucket != nil) {
			t.Errorf("%s: got %+v", name, records)
		}
	}
}

// It is the program that filters, not only the reader.
func TestProgramFilters(t *testing.T) {
	t.Parallel()
	number := listen(t)
	read(t, Query{Protocol: port.TCP, Ports: []port.Range{port.One(number)}})
	l, err := newLayout(kernelTypes(t), port.TCP)
	if err != nil {
		t.Fatal(err)
	}
	everything := []port.Range{{First: 0, Last: 65535}}
	for _, c := range []struct {
		ports []port.Range
		some  bool
	}{{[]port.Range{port.One(number)}, true}, {[]port.Range{{First: 0, Last: number - 1}, {First: number + 1, Last: 65535}}, false}} {
		program, err := load(l.program(c.ports, nil), l.function)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(program)
		records, err := l.run(t.Context(), program, everything)
		if err != nil {
			t.Fatal(err)
		}
		if found := slices.ContainsFunc(records, func(r Record) bool { return r.Port == number }); found != c.some {
			t.Errorf("%v: found is %v", c.ports, found)
		}
	}
}

// What the verifier says comes back, and not as a lack of permission.
func TestRefusal(t *testing.T) {
	t.Parallel()
	read(t, Query{Protocol: port.TCP, Ports: []port.Range{port.One(1)}})
	l, err := newLayout(kernelTypes(t), port.TCP)
	if err != nil {
		t.Fatal(err)
	}
	var a assembler
	a.emit(opLoad64, r0, r3, 0, 0) // r3 was never set
	a.emit(opExit, 0, 0, 0, 0)
	_, err = load(a.assemble(), l.function)
	var refusal *Refusal
	if !errors.As(err, &refusal) || !strings.Contains(refusal.Line, "R3") || errors.Is(err, ErrPermission) {
		t.Errorf("got %v", err)
	}
	if _, err := load(l.program([]port.Range{port.One(1)}, nil), 1); errors.Is(err, ErrPermission) || err == nil {
		t.Errorf("a program for no function: %v", err)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for errno, want := range map[error]error{
		unix.EPERM: ErrPermission, unix.EACCES: ErrPermission, unix.EINVAL: ErrUnsupported, unix.ENOENT: ErrUnsupported, unix.ENOSYS: ErrUnsupported,
	} {
		if err := failure("try", errno); !errors.Is(err, want) || !errors.Is(err, errno) {
			t.Errorf("%v: got %v", errno, err)
		}
	}
	if err := failure("try", unix.ENOMEM); errors.Is(err, ErrPermission) || errors.Is(err, ErrUnsupported) {
		t.Error(err)
	}
	if _, err := Read(t.Context(), Query{Protocol: port.UDPLite}); !errors.Is(err, ErrUnsupported) {
		t.Error(err)
	}
}

func TestReadCancelled(t *testing.T) {
	t.Parallel()
	read(t, Query{Protocol: port.TCP, Ports: []port.Range{port.One(1)}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx, Query{Protocol: port.TCP, Ports: []port.Range{port.One(1)}, Types: kernelTypes(t)}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestLastLine(t *testing.T) {
	t.Parallel()
	log := "0: R1=ctx() R10=fp0\n0: (79) r0 = *(u64 *)(r3 +0)\nR3 !read_ok\nprocessed 1 insns (limit 1000000) max_states_per_insn 0\n\n"
	if got := lastLine(log); got != "R3 !read_ok" {
		t.Errorf("got %q", got)
	}
}
