package diagnose

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// with changes the process that was added last.
func (m *machine) with(edit func(*host.Process)) *machine {
	edit(&m.snap.Processes[len(m.snap.Processes)-1])
	return m
}

func ownedBy(uid uint32) func(*host.Process)   { return func(p *host.Process) { p.UID = &uid } }
func childOf(ppid int32) func(*host.Process)   { return func(p *host.Process) { p.PPID = ppid } }
func started(ticks uint64) func(*host.Process) { return func(p *host.Process) { p.StartTicks = ticks } }
func withStatus(h host.HolderStatus) func(*host.Socket) {
	return func(s *host.Socket) { s.HolderStatus = h }
}
func managedBy(kind host.ManagerKind, name string, stop ...string) func(*host.Socket) {
	return func(s *host.Socket) {
		s.Managers = append(s.Managers, host.Manager{Kind: kind, Name: name, Stop: stop})
	}
}
func managedAs(m host.Manager) func(*host.Socket) {
	return func(s *host.Socket) { s.Managers = append(s.Managers, m) }
}
func inCgroup(path string) func(*host.Process) { return func(p *host.Process) { p.Cgroup = path } }
func inFolder(path string) func(*host.Process) { return func(p *host.Process) { p.Cwd = path } }
func via(how host.Via) func(*host.Socket) {
	return func(s *host.Socket) {
		for i := range s.Holders {
			s.Holders[i].Via = how
		}
	}
}

func victimPIDs(a report.Action) []int32 {
	out := []int32{}
	for _, v := range a.Victims {
		out = append(out, v.PID)
	}
	return out
}

func sparedPIDs(a report.Action) []int32 {
	out := []int32{}
	for _, h := range a.Spared {
		out = append(out, h.PID)
	}
	return out
}

func reasons(a report.Action) []string {
	out := []string{}
	for _, r := range a.Refusals {
		out = append(out, r.Reason)
	}
	return out
}

// TestPlanVictims: who is stopped, who is left alone.
func TestPlanVictims(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		machine *machine
		target  port.Target
		victims []int32
		spared  []int32
		refused []string
	}{
		{
			name:    "nobody",
			machine: newMachine().process(10, "web").socket(port.TCP, "127.0.0.1:9999", host.StateListen, []int32{10}),
			target:  target(8080),
		},
		{
			name:    "a listener",
			machine: newMachine().process(10, "web").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10}),
			target:  target(8080), victims: []int32{10},
		},
		{
			name:    "bound, not listening",
			machine: newMachine().process(10, "web").socket(port.TCP, "127.0.0.1:8080", host.StateBound, []int32{10}),
			target:  target(8080), victims: []int32{10},
		},
		{
			name: "every holder of a shared socket, and of every socket on the port",
			machine: newMachine().process(10, "web").process(11, "worker").process(12, "other").
				socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10, 11}).
				socket(port.TCP, "[::1]:8080", host.StateListen, []int32{12, 11}),
			target: target(8080), victims: []int32{10, 11, 12},
		},
		{
			name: "an address leaves the other address alone",
			machine: newMachine().process(10, "web").process(12, "other").
				socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10}).
				socket(port.TCP, "[::1]:8080", host.StateListen, []int32{12}, v6only(true)),
			target: target(8080, "127.0.0.1"), victims: []int32{10},
		},
		{
			name: "an address is covered by a dual-stack wildcard",
			machine: newMachine().process(10, "web").
				socket(port.TCP, "[::]:8080", host.StateListen, []int32{10}, v6only(false)),
			target: target(8080, "127.0.0.1"), victims: []int32{10},
		},
		{
			name: "not by an IPv6-only one",
			machine: newMachine().process(10, "web").
				socket(port.TCP, "[::]:8080", host.StateListen, []int32{10}, v6only(true)),
			target: target(8080, "127.0.0.1"),
		},
		{
			name: "localhost is two addresses",
			machine: newMachine().process(10, "web").process(12, "other").process(13, "far").
				socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10}).
				socket(port.TCP, "[::1]:8080", host.StateListen, []int32{12}, v6only(true)).
				socket(port.TCP, "192.0.2.7:8080", host.StateListen, []int32{13}),
			target: target(8080, "127.0.0.1", "::1"), victims: []int32{10, 12},
		},
		{
			name: "clients of the port are spared, at either end",
			machine: newMachine().process(10, "web").process(20, "curl").process(21, "session").
				socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10}).
				socket(port.TCP, "127.0.0.1:8080", host.StateEstablished, []int32{10}, peer("127.0.0.1:40000")).
				socket(port.TCP, "127.0.0.1:8080", host.StateEstablished, []int32{21}, peer("127.0.0.1:40001")).
				socket(port.TCP, "127.0.0.1:40000", host.StateEstablished, []int32{20}, peer("127.0.0.1:8080")),
			target: target(8080), victims: []int32{10}, spared: []int32{20, 21},
		},
		{
			name: "a connection to the same port of another machine is not about this one",
			machine: newMachine().process(10, "web").process(20, "chrome").
				socket(port.TCP, "127.0.0.1:443", host.StateListen, []int32{10}).
				socket(port.TCP, "192.0.2.7:40000", host.StateEstablished, []int32{20}, peer("203.0.113.4:443")),
			target: target(443), victims: []int32{10},
		},
		{
			name: "a client of another server on the same port but over UDP",
			machine: newMachine().process(10, "web").process(20, "dig").
				socket(port.TCP, "127.0.0.1:53", host.StateListen, []int32{10}).
				socket(port.UDP, "127.0.0.1:40000", host.StateEstablished, []int32{20}, peer("127.0.0.1:53")),
			target: target(53), victims: []int32{10},
		},
		{
			name: "UDP takes the unconnected socket only",
			machine: newMachine().process(10, "dns").process(11, "web").process(20, "dig").
				socket(port.UDP, "127.0.0.1:53", host.StateUnconnected, []int32{10}).
				socket(port.UDP, "127.0.0.1:53", host.StateEstablished, []int32{20}, peer("127.0.0.1:5353")).
				socket(port.TCP, "127.0.0.1:53", host.StateListen, []int32{11}),
			target:  port.Target{Text: "udp/53", Protocol: port.UDP, Ports: port.One(53)},
			victims: []int32{10}, spared: []int32{20},
		},
		{
			name: "an outgoing connection is nobody to stop",
			machine: newMachine().process(20, "chrome").
				socket(port.TCP, "192.0.2.7:40000", host.StateEstablished, []int32{20}, peer("203.0.113.4:443")),
			target: target(40000), spared: []int32{20}, refused: []string{"outgoing_connection"},
		},
		{
			name: "an outgoing connection beside a listener does not stand against the plan",
			machine: newMachine().process(10, "web").process(20, "chrome").
				socket(port.TCP, "127.0.0.1:40000", host.StateListen, []int32{10}).
				socket(port.TCP, "192.0.2.7:40000", host.StateEstablished, []int32{20}, peer("203.0.113.4:443")),
			target: target(40000), victims: []int32{10}, spared: []int32{20},
		},
		{
			name: "an outgoing connection from another address is not in the way",
			machine: newMachine().process(20, "chrome").
				socket(port.TCP, "192.0.2.7:40000", host.StateEstablished, []int32{20}, peer("203.0.113.4:443")),
			target: target(40000, "127.0.0.1"),
		},
		{
			name: "what an ended listener accepted is nobody to stop either",
			machine: newMachine().process(20, "old").
				socket(port.TCP, "192.0.2.7:8080", host.StateCloseWait, []int32{20}, peer("203.0.113.4:50000")),
			target: target(8080), spared: []int32{20}, refused: []string{"connection"},
		},
		{
			name: "TIME_WAIT is nobody",
			machine: newMachine().
				socket(port.TCP, "127.0.0.1:8080", host.StateTimeWait, nil, peer("127.0.0.1:40000"), timeWaitFor(9000)),
			target: target(8080),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			number := tt.target.Ports.First
			a := Plan(&tt.machine.snap, tt.target, number, PlanOptions{})
			if got := victimPIDs(a); !slices.Equal(got, tt.victims) {
				t.Errorf("victims %v, want %v", got, tt.victims)
			}
			if got := sparedPIDs(a); !slices.Equal(got, tt.spared) {
				t.Errorf("spared %v, want %v", got, tt.spared)
			}
			if got := reasons(a); !slices.Equal(got, tt.refused) {
				t.Errorf("refused for %v, want %v", got, tt.refused)
			}
		})
	}
}

// TestPlanUncertainAddress: whether an IPv6 wildcard covers an IPv4 address
// hangs on a flag that some systems do not tell. A probe settles it.
func TestPlanUncertainAddress(t *testing.T) {
	t.Parallel()
	m := newMachine().process(10, "node").socket(port.TCP, "[::]:3000", host.StateListen, []int32{10})
	want := target(3000, "127.0.0.1")
	a := Plan(&m.snap, want, 3000, PlanOptions{})
	if len(a.Victims) != 0 || !slices.Equal(reasons(a), []string{"uncertain"}) || a.Refusals[0].PID != 10 {
		t.Errorf("unprobed: %+v", a)
	}
	if a = Plan(&m.snap, want, 3000, PlanOptions{Force: true}); !slices.Equal(victimPIDs(a), []int32{10}) || len(a.Refusals) != 0 {
		t.Errorf("forced: %+v", a)
	}
	m.snap.Probes = []host.Probe{{Candidate: tcpCandidate("127.0.0.1:3000"), Errno: host.EADDRINUSE, Call: "bind"}}
	if a = Plan(&m.snap, want, 3000, PlanOptions{}); !slices.Equal(victimPIDs(a), []int32{10}) || len(a.Refusals) != 0 {
		t.Errorf("probed: %+v", a)
	}
}

// TestPlanRoot: root may stop anybody's process, and sudo is no advice to it.
func TestPlanRoot(t *testing.T) {
	t.Parallel()
	root := uint32(0)
	m := newMachine().process(10, "postgres").with(ownedBy(101)).socket(port.TCP, "127.0.0.1:5432", host.StateListen, []int32{10})
	m.snap.Viewer.UID = &root
	if a := Plan(&m.snap, target(5432), 5432, PlanOptions{}); !slices.Equal(victimPIDs(a), []int32{10}) || len(a.Refusals) != 0 {
		t.Errorf("root: %+v", a)
	}
	m = newMachine().socket(port.TCP, "0.0.0.0:8080", host.StateListen, nil)
	m.snap.Viewer.UID = &root
	a := Plan(&m.snap, target(8080), 8080, PlanOptions{})
	if !slices.Equal(reasons(a), []string{"hidden"}) || len(a.Refusals[0].Command) != 0 {
		t.Errorf("root, hidden: %+v", a.Refusals)
	}
}

// TestPlanFacts: what identifies a victim is copied whole, and every list of
// the JSON form is a list.
func TestPlanFacts(t *testing.T) {
	t.Parallel()
	m := newMachine().process(10, "web").with(started(4242)).
		socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10}).
		socket(port.TCP, "[::1]:8080", host.StateListen, []int32{10}, v6only(true))
	a := Plan(&m.snap, target(8080), 8080, PlanOptions{})
	if len(a.Victims) != 1 {
		t.Fatalf("victims %+v", a.Victims)
	}
	v := a.Victims[0]
	if v.StartTicks != 4242 || v.UID == nil || *v.UID != 1000 || v.Name != "web" || v.User != "ana" || v.StartTime == nil {
		t.Errorf("victim %+v", v)
	}
	if want := []uint64{101, 102}; !slices.Equal(v.Inodes, want) {
		t.Errorf("inodes %v, want %v", v.Inodes, want)
	}
	if want := []string{m.snap.Sockets[0].ID, m.snap.Sockets[1].ID}; !slices.Equal(v.Sockets, want) {
		t.Errorf("sockets %v, want %v", v.Sockets, want)
	}
	if again := Plan(&m.snap, target(8080), 8080, PlanOptions{}); !reflect.DeepEqual(a, again) {
		t.Errorf("two plans of one snapshot differ:\n%+v\n%+v", a, again)
	}
	for _, a := range []report.Action{a, Plan(&newMachine().snap, target(1), 1, PlanOptions{})} {
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		for _, list := range []string{"victims", "refusals", "spared", "candidates", "sockets", "inodes", "command", "commands", "ports", "children", "again"} {
			if strings.Contains(string(text), `"`+list+`":null`) {
				t.Errorf("%s is null in %s", list, text)
			}
		}
	}
}

// TestPlanCandidates: the binds that prove the port free are those this
// machine has an address for.
func TestPlanCandidates(t *testing.T) {
	t.Parallel()
	locals := func(a report.Action) string {
		var out []string
		for _, c := range a.Candidates {
			if c.Options.ReuseAddress != (c.Protocol == port.TCP) {
				t.Errorf("options of %s: %+v", c.Protocol, c.Options)
			}
			out = append(out, c.Local.String())
		}
		return strings.Join(out, " ")
	}
	m := newMachine()
	check := func(target port.Target, want string) {
		t.Helper()
		if got := locals(Plan(&m.snap, target, target.Ports.First, PlanOptions{})); got != want {
			t.Errorf("%+v: %s, want %s", target, got, want)
		}
	}
	check(target(80), "127.0.0.1:80 0.0.0.0:80 [::1]:80 [::]:80")
	check(target(80, "127.0.0.1", "::1"), "127.0.0.1:80 [::1]:80")
	check(target(80, "198.51.100.9"), "198.51.100.9:80")
	check(port.Target{Protocol: port.UDP, Ports: port.One(53)}, "127.0.0.1:53 0.0.0.0:53 [::1]:53 [::]:53")

	m.snap.Network.Addresses = m.snap.Network.Addresses[:1] // ::1 is gone
	check(target(80), "127.0.0.1:80 0.0.0.0:80 [::]:80")
	check(target(80, "127.0.0.1", "::1"), "127.0.0.1:80")

	without := false
	m.snap.Network.IPv6 = &without
	check(target(80), "127.0.0.1:80 0.0.0.0:80")
	check(target(80, "::1"), "[::1]:80")
}
