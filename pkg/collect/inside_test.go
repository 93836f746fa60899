package collect

import (
	"io/fs"
	"net/netip"
	"slices"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

func TestSocketID(t *testing.T) {
	t.Parallel()
	local := netip.MustParseAddrPort("127.0.0.1:62893")
	for _, c := range []struct {
		want   string
		socket host.Socket
	}{
		{"tcp/127.0.0.1:62893#77", host.Socket{Protocol: port.TCP, Local: local, Inode: 77}},
		{"tcp/127.0.0.1:62893>[::1]:9", host.Socket{Protocol: port.TCP, Local: local, Remote: netip.MustParseAddrPort("[::1]:9")}},
		{"udp/[::]:53#7/3", host.Socket{Protocol: port.UDP, Local: netip.MustParseAddrPort("[::]:53"), Holders: []host.Holder{{PID: 7, FD: 3}}}},
		{"tcp/127.0.0.1:62893#7", host.Socket{Protocol: port.TCP, Local: local, Holders: []host.Holder{{PID: 7, FD: -1}}}},
		{"tcp/127.0.0.1:62893", host.Socket{Protocol: port.TCP, Local: local}},
	} {
		if got := socketID(&c.socket); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestArrangeTellsTwinsApart(t *testing.T) {
	t.Parallel()
	local := netip.MustParseAddrPort("127.0.0.1:80")
	a := host.Socket{Protocol: port.TCP, Local: local, Inode: 5, Remote: netip.MustParseAddrPort("127.0.0.1:1001")}
	b := host.Socket{Protocol: port.TCP, Local: local, Inode: 5, Remote: netip.MustParseAddrPort("127.0.0.1:1002")}
	c := host.Socket{Protocol: port.UDP, Local: netip.MustParseAddrPort("0.0.0.0:1")}
	for _, order := range [][]host.Socket{{a, b, c}, {c, b, a}, {b, c, a}} {
		s := &host.Snapshot{Sockets: order}
		arrange(s)
		var ids []string
		for _, socket := range s.Sockets {
			ids = append(ids, socket.ID)
		}
		if want := []string{"tcp/127.0.0.1:80#5", "tcp/127.0.0.1:80#5.2", "udp/0.0.0.0:1"}; !slices.Equal(ids, want) {
			t.Errorf("got %q", ids)
		}
		if s.Sockets[0].Remote != a.Remote {
			t.Errorf("the twins changed places: %v", s.Sockets[0].Remote)
		}
	}
}

// family plays the machine's processes for addAncestors.
type family map[int32]host.Process

func (f family) read(pid int32) (host.Process, error) {
	if p, ok := f[pid]; ok {
		return p, nil
	}
	return host.Process{}, fs.ErrNotExist
}

func TestAddAncestors(t *testing.T) {
	t.Parallel()
	process := func(pid, parent int32, started uint64) host.Process {
		return host.Process{PID: pid, PPID: parent, StartTicks: started}
	}
	for _, c := range []struct {
		name    string
		machine []host.Process
		want    []int32
	}{
		{"up to init", []host.Process{process(1, 0, 0), process(5, 1, 10), process(9, 5, 20)}, []int32{1, 5, 9}},
		{"a parent outside", []host.Process{process(5, 0, 10), process(9, 5, 20)}, []int32{5, 9}},
		{"a reused pid", []host.Process{process(1, 0, 0), process(5, 1, 30), process(9, 5, 20)}, []int32{9}},
		{"its own parent", []host.Process{process(9, 9, 20)}, []int32{9}},
		{"a circle", []host.Process{process(5, 9, 20), process(9, 5, 20)}, []int32{5, 9}},
		{"a gone parent", []host.Process{process(9, 5, 20)}, []int32{9}},
	} {
		t.Run(c.name, func(t *testing.T) {
			machine := make(family)
			for _, p := range c.machine {
				machine[p.PID] = p
			}
			got := family{9: machine[9]}
			addAncestors(got, machine[9], machine.read)
			var pids []int32
			for pid := range got {
				pids = append(pids, pid)
			}
			slices.Sort(pids)
			if !slices.Equal(pids, c.want) {
				t.Errorf("got %v, want %v", pids, c.want)
			}
		})
	}
}

// A parent that ends between two readings hands its child to another.
func TestAddAncestorsFollowsAHandover(t *testing.T) {
	t.Parallel()
	machine := family{1: {PID: 1}, 9: {PID: 9, PPID: 1, StartTicks: 20}}
	stale := host.Process{PID: 9, PPID: 5, StartTicks: 20}
	got := family{9: stale}
	addAncestors(got, stale, machine.read)
	if _, ok := got[1]; !ok || got[9].PPID != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestPortableGaps(t *testing.T) {
	t.Parallel()
	decides := func(gaps []host.Gap) bool {
		return slices.ContainsFunc(gaps, func(g host.Gap) bool { return g.Decides })
	}
	for _, c := range []struct {
		goos                            string
		privileged, listenersOnly, want bool
	}{
		{"linux", true, false, true}, {"linux", true, true, false},
		{"windows", true, false, true}, {"windows", false, true, false},
		{"darwin", true, false, false}, {"darwin", false, true, true},
	} {
		scope := host.Scope{ListenersOnly: c.listenersOnly}
		if got := decides(portableGaps(scope, true, c.goos, c.privileged)); got != c.want {
			t.Errorf("%+v: sockets may be missing: %v", c, got)
		}
	}
}
