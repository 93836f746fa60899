package diagnose

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// machine builds snapshots for tests: the data is made up, the rules are not.
type machine struct {
	snap host.Snapshot
	next uint64
}

func newMachine() *machine {
	uid := uint32(1000)
	start := uint16(1024)
	ipv6, dual, off := true, false, false
	ephemeral := port.Range{First: 32768, Last: 60999}
	return &machine{next: 100, snap: host.Snapshot{
		Schema:  host.SnapshotSchema,
		TakenAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Host:    host.Info{Name: "box", OS: "linux", Kernel: "6.18.0"},
		Viewer:  host.Viewer{PID: 9000, UID: &uid},
		Source:  host.SourceSockDiag,
		Network: host.Network{
			Ephemeral: &ephemeral, UnprivilegedStart: &start, BindV6Only: &dual, IPv6: &ipv6,
			Addresses: []host.InterfaceAddress{
				{Interface: "lo", Index: 1, Prefix: netip.MustParsePrefix("127.0.0.1/8"), Loopback: true},
				{Interface: "lo", Index: 1, Prefix: netip.MustParsePrefix("::1/128"), Loopback: true},
				{Interface: "eth0", Index: 2, Prefix: netip.MustParsePrefix("192.0.2.7/24")},
				{Interface: "eth0", Index: 2, Prefix: netip.MustParsePrefix("fe80::7/64")},
				{Interface: "eth0", Index: 2, Prefix: netip.MustParsePrefix("fd00::7/64")},
			},
			Interfaces: []host.Interface{{Name: "lo", Index: 1, Loopback: true}, {Name: "eth0", Index: 2}, {Name: "eth1", Index: 3}},
			LocalRoutes: []netip.Prefix{
				netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("127.255.255.255/32"),
				netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("192.0.2.255/32"),
			},
			NonlocalBindV4: &off, NonlocalBindV6: &off,
		},
		Users: map[uint32]string{0: "root", 1000: "ana", 101: "postgres"},
	}}
}

// process adds a process of uid 1000.
func (m *machine) process(pid int32, name string) *machine {
	uid := uint32(1000)
	m.snap.Processes = append(m.snap.Processes, host.Process{
		PID: pid, PPID: 1, Name: name, Command: []string{name, "--serve"}, UID: &uid,
		StartTime: m.snap.TakenAt.Add(-time.Hour), StartTicks: 77, State: host.ProcessRunning,
	})
	return m
}

// socket adds a socket; edits change it before it is kept.
func (m *machine) socket(protocol port.Protocol, local string, state host.State, pids []int32, edits ...func(*host.Socket)) *machine {
	m.next++
	uid := uint32(1000)
	s := host.Socket{
		Protocol: protocol, Local: netip.MustParseAddrPort(local), State: state,
		Inode: m.next, UID: &uid, HolderStatus: host.HoldersKnown,
	}
	for _, pid := range pids {
		s.Holders = append(s.Holders, host.Holder{PID: pid, FD: 3, Via: host.ViaFD})
	}
	if len(pids) == 0 {
		s.HolderStatus = host.HoldersHidden
	}
	for _, edit := range edits {
		edit(&s)
	}
	s.ID = fmt.Sprintf("%s/%s#%d", s.Protocol, s.Local, m.next)
	m.snap.Sockets = append(m.snap.Sockets, s)
	return m
}

func v6only(b bool) func(*host.Socket) { return func(s *host.Socket) { s.V6Only = &b } }
func reuse(addr, prt bool) func(*host.Socket) {
	return func(s *host.Socket) { s.ReuseAddress, s.ReusePort = &addr, &prt }
}
func peer(remote string) func(*host.Socket) {
	return func(s *host.Socket) { s.Remote = netip.MustParseAddrPort(remote) }
}
func uidOf(uid uint32) func(*host.Socket) { return func(s *host.Socket) { s.UID = &uid } }

func timeWaitFor(ms uint32) func(*host.Socket) {
	return func(s *host.Socket) {
		s.ExpiresMS, s.UID, s.Inode, s.HolderStatus = &ms, nil, 0, host.HoldersNone
	}
}

func tcpCandidate(local string, edits ...func(*host.BindOptions)) host.Candidate {
	c := host.Candidate{Protocol: port.TCP, Local: netip.MustParseAddrPort(local), Options: host.BindOptions{ReuseAddress: true}}
	for _, edit := range edits {
		edit(&c.Options)
	}
	return c
}

func target(number uint16, addresses ...string) port.Target {
	t := port.Target{Text: fmt.Sprint(number), Ports: port.One(number)}
	for _, a := range addresses {
		t.Host = a
		t.Addresses = append(t.Addresses, netip.MustParseAddr(a))
	}
	return t
}
