package diagnose_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

var (
	pairCount = flag.Int("pairs.count", 20_000, "how many pairs of a socket and a bind TestRulePairs compares")
	pairWrite = flag.String("pairs.write", "", "put the result into this `FILE` of the module, between its markers")
	pairSeed  = flag.Uint64("pairs.seed", 1, "where they start; 0 takes a fresh one and prints it")
)

// TestRulePairs opens one random socket after the other, each alone on its
// port, and has the kernel and the rule answer a random bind beside it. The
// rule is told all there is to know, so it must know the answer, and be right.
func TestRulePairs(t *testing.T) {
	if os.Geteuid() != 0 {
		unavailable(t, "a network namespace takes root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		unavailable(t, "there is no ip program")
	}
	seed := *pairSeed
	if seed == 0 {
		seed = rand.Uint64N(1 << 48)
	}
	const workers = 2
	results := make([]*pairing, workers)
	var group sync.WaitGroup
	for i := range workers {
		group.Go(func() {
			runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
			results[i] = newPairing(seed, uint64(i))
			results[i].run((*pairCount + workers - 1) / workers)
		})
	}
	group.Wait()
	total := newPairing(0, 0)
	for _, p := range results {
		if p.err != nil {
			t.Fatal(p.err)
		}
		total.add(p)
	}
	for _, line := range total.wrong[:min(len(total.wrong), 40)] {
		t.Error(line)
	}
	result := fmt.Sprintf("seed %d: %d pairs, %d disagreements\n"+
		"not known without what the kernel notes about a port, which root can read: %d\n"+
		"the kernel said %s\n",
		seed, total.compared, len(total.wrong), total.unsure, total.answered())
	fmt.Print(result)
	keepPairs(t, result)
	for _, errno := range []host.Errno{host.OK, host.EADDRINUSE, host.EADDRNOTAVAIL, host.EACCES, host.EINVAL, host.ENODEV} {
		if total.answers[errno] < total.compared/1000 {
			t.Errorf("only %d of %d binds ended with %q: the pairs do not tell enough apart", total.answers[errno], total.compared, errno)
		}
	}
}

// keepPairs puts the result into the document that -pairs.write names.
func keepPairs(t *testing.T, result string) {
	t.Helper()
	if *pairWrite == "" {
		return
	}
	path := filepath.Join("..", "..", *pairWrite)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begins, ends = "<!-- measured: pairs -->\n", "<!-- end of measured: pairs -->\n"
	before, rest, found := strings.Cut(string(text), begins)
	_, after, ended := strings.Cut(rest, ends)
	if !found || !ended {
		t.Fatalf("%s has no place for pairs", path)
	}
	if err := os.WriteFile(path, []byte(before+begins+"\n```text\n"+result+"```\n\n"+ends+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// pairing compares pairs in a network namespace of its own.
type pairing struct {
	seed, worker uint64
	rng          *rand.Rand
	snap         *host.Snapshot
	peer         int // a listener for clients, on every address
	// worn are ports with a TIME_WAIT, which stays for a minute.
	worn map[uint16]bool

	compared int
	unsure   int // without the kernel's note about the port
	answers  map[host.Errno]int
	wrong    []string
	err      error
}

func newPairing(seed, worker uint64) *pairing {
	return &pairing{seed: seed, worker: worker, rng: rand.New(rand.NewPCG(seed, worker)), worn: make(map[uint16]bool), answers: make(map[host.Errno]int)}
}

func (p *pairing) add(q *pairing) {
	p.compared += q.compared
	p.unsure += q.unsure
	p.wrong = append(p.wrong, q.wrong...)
	for errno, n := range q.answers {
		p.answers[errno] += n
	}
}

func (p *pairing) answered() string {
	var out []string
	for _, errno := range slices.Sorted(maps.Keys(p.answers)) {
		name := string(errno)
		if errno == host.OK {
			name = "yes"
		}
		out = append(out, fmt.Sprintf("%s to %d", name, p.answers[errno]))
	}
	return strings.Join(out, ", ")
}

const pairPeerPort = 61001

// enter makes the namespace and tells the snapshot what it is like.
func (p *pairing) enter() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	ip := exec.Command("ip", "-batch", "-")
	ip.Stdin = strings.NewReader(`link set lo up
link add va type veth peer name vb
address add 10.77.0.1/24 broadcast 10.77.0.255 dev va
link set va up
link set vb up
address add fd77::1/64 dev va nodad
address add fe80::77/64 dev va nodad
address add fe80::78/64 dev vb nodad
`)
	if out, err := ip.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w: %s", err, out)
	}
	uid, start, yes := uint32(0), uint16(1024), true
	p.snap = &host.Snapshot{
		Host:   host.Info{OS: "linux"},
		Viewer: host.Viewer{UID: &uid, BindsPrivileged: true},
		Network: host.Network{
			UnprivilegedStart: &start, IPv6: &yes,
			NonlocalBindV4: new(bool), NonlocalBindV6: new(bool),
		},
	}
	address := func(text, device string) {
		p.snap.Network.Addresses = append(p.snap.Network.Addresses, host.InterfaceAddress{
			Interface: device, Index: indexOf(device), Prefix: netip.MustParsePrefix(text), Loopback: device == "lo",
		})
	}
	for _, name := range []string{"lo", "va", "vb"} {
		p.snap.Network.Interfaces = append(p.snap.Network.Interfaces, host.Interface{Name: name, Index: indexOf(name), Loopback: name == "lo"})
	}
	address("127.0.0.1/8", "lo")
	address("::1/128", "lo")
	address("10.77.0.1/24", "va")
	address("fd77::1/64", "va")
	address("fe80::77/64", "va")
	address("fe80::78/64", "vb")
	for _, route := range []string{"127.0.0.0/8", "127.255.255.255/32", "10.77.0.1/32", "10.77.0.255/32"} {
		p.snap.Network.LocalRoutes = append(p.snap.Network.LocalRoutes, netip.MustParsePrefix(route))
	}
	var err error
	if p.peer, err = unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return err
	}
	_ = unix.SetsockoptInt(p.peer, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
	if err := unix.Bind(p.peer, &unix.SockaddrInet6{Port: pairPeerPort}); err != nil {
		return err
	}
	return unix.Listen(p.peer, 16)
}

// indexOf asks for an interface without package net, which would open a
// socket in whatever thread it likes.
func indexOf(name string) uint32 {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq(name)
	if err != nil || unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, request) != nil {
		return 0
	}
	return request.Uint32()
}

func (p *pairing) run(count int) {
	if p.err = p.enter(); p.err != nil {
		return
	}
	for i := 0; p.compared < count; i++ {
		if i%500 == 0 {
			if p.err = p.settle(); p.err != nil {
				return
			}
		}
		number := p.number()
		for p.worn[number] {
			number = p.number()
		}
		e, text, shut, ok := p.socket(number)
		if !ok {
			continue
		}
		c := p.candidate(e, number)
		p.snap.Sockets = []host.Socket{e}
		p.snap.Scope = host.Scope{Ports: []port.Range{port.One(number)}}
		got := diagnose.Judge(p.snap, c)
		// Nobody but root can read what the kernel notes about a port. Without
		// that the rule may not know, but it may not be wrong.
		p.snap.BindBuckets = nil
		less := diagnose.Judge(p.snap, c)
		want := p.bind(c)
		shut()
		p.compared++
		p.answers[want]++
		if less.Errno == host.ErrnoUnknown {
			p.unsure++
		}
		if got.Errno != want || less.Errno != want && less.Errno != host.ErrnoUnknown || want == host.EADDRINUSE && len(got.Blockers) != 1 {
			p.wrong = append(p.wrong, fmt.Sprintf("seed %d, worker %d, pair %d: %s %s beside %s: the rule says %q and blames %d (%s), without the note %q (%s), the kernel says %q",
				p.seed, p.worker, i, c.Protocol, describe(c), text, got.Errno, len(got.Blockers), got.Rule, less.Errno, less.Rule, want))
		}
	}
}

func describe(c host.Candidate) string {
	uid := uint32(0)
	if c.Options.UID != nil {
		uid = *c.Options.UID
	}
	return fmt.Sprintf("%s address=%v port=%v v6only=%v uid=%d device=%q", c.Local, c.Options.ReuseAddress, c.Options.ReusePort, c.Options.IPv6Only, uid, c.Options.Interface)
}

// settle changes the settings of the namespace now and then.
func (p *pairing) settle() error {
	for name, setting := range map[string]*bool{"ipv4": p.snap.Network.NonlocalBindV4, "ipv6": p.snap.Network.NonlocalBindV6} {
		*setting = p.chance(20)
		value := "0"
		if *setting {
			value = "1"
		}
		if err := os.WriteFile("/proc/sys/net/"+name+"/ip_nonlocal_bind", []byte(value), 0); err != nil {
			return err
		}
	}
	return nil
}

func (p *pairing) chance(percent int) bool  { return p.rng.IntN(100) < percent }
func (p *pairing) pick(of ...string) string { return of[p.rng.IntN(len(of))] }
func (p *pairing) user() uint32             { return []uint32{0, 0, 1000, 1001}[p.rng.IntN(4)] }
func (p *pairing) device(percent int) (name string) {
	if p.chance(percent) {
		name = p.pick("lo", "va", "vb")
	}
	return name
}

// number chooses a port, of any class that a rule could know.
func (p *pairing) number() uint16 {
	if p.chance(4) {
		return uint16(1 + p.rng.IntN(1023))
	}
	return uint16(1024 + p.rng.IntN(30000))
}

func (p *pairing) candidate(e host.Socket, number uint16) host.Candidate {
	protocol := e.Protocol
	if p.chance(2) {
		protocol = port.Protocols()[p.rng.IntN(3)]
	}
	text := p.pick("127.0.0.1", "127.0.0.1", "127.0.0.2", "0.0.0.0", "0.0.0.0", "::1", "::1", "::", "::", "::", "::ffff:127.0.0.1", "::ffff:127.0.0.1", "::ffff:0.0.0.0", "10.77.0.1", "fd77::1")
	if p.chance(15) {
		text = p.pick("203.0.113.9", "2001:db8::9", "::ffff:203.0.113.9", "10.77.0.255", "::ffff:10.77.0.255", "10.77.0.0", "127.255.255.255", "255.255.255.255", "0.0.0.1", "240.0.0.1",
			"224.0.0.251", "::ffff:224.0.0.251", "ff02::fb", "ff02::fb%va", "ff01::1", "ff01::1%lo", "ff05::2", "ff0e::fb",
			"fe80::77", "fe80::77%va", "fe80::77%vb", "fe80::77%lo", "fe80::78%vb", "fe80::99%va", "::127.0.0.1", "fec0::1")
	}
	if p.chance(25) {
		text = e.Local.Addr().String()
		if e.Local.Addr().Is6() && !e.Local.Addr().Is4In6() && (e.Local.Addr().IsLinkLocalUnicast() || e.Local.Addr().IsLinkLocalMulticast()) {
			text += "%va"
		}
	}
	addr := netip.MustParseAddr(text)
	c := host.Candidate{Protocol: protocol, Local: netip.AddrPortFrom(addr, number)}
	c.Options = host.BindOptions{ReuseAddress: p.chance(50), ReusePort: p.chance(35), Interface: p.device(20)}
	if addr.Is6() {
		c.Options.IPv6Only = p.chance(30)
		if addr.Is4In6() {
			c.Options.IPv6Only = p.chance(5)
		}
	}
	if p.chance(1) {
		c.Options.Interface = "nosuch0"
	}
	uid := p.user()
	c.Options.UID = &uid
	return c
}
