package diagnose

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

func one(t *testing.T, m *machine, tg port.Target, opts Options) report.Result {
	t.Helper()
	rep := Diagnose(&m.snap, []port.Target{tg}, opts)
	if len(rep.Results) == 0 {
		t.Fatal("no results")
	}
	return rep.Results[0]
}

func causeIDs(r report.Result) []string {
	out := []string{}
	for _, c := range r.Causes {
		out = append(out, string(c.ID))
	}
	return out
}

func TestSummaries(t *testing.T) {
	tests := []struct {
		name    string
		build   func(*machine)
		target  port.Target
		opts    Options
		summary string
		status  report.Status
		causes  string
	}{
		{
			name:    "free",
			build:   func(*machine) {},
			target:  target(62893),
			summary: "62893/tcp is free: nobody holds it",
			status:  report.StatusFree,
		},
		{
			name: "one listener",
			build: func(m *machine) {
				m.process(41233, "python3").socket(port.TCP, "127.0.0.1:62893", host.StateListen, []int32{41233})
			},
			target:  target(62893),
			summary: "62893/tcp is taken: python3 (pid 41233) listens on 127.0.0.1",
			status:  report.StatusPartlyFree,
			causes:  "listener wildcard_overlap dual_stack",
		},
		{
			name: "both families of one server",
			build: func(m *machine) {
				m.process(812, "nginx").process(813, "nginx")
				m.socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{812, 813})
				m.socket(port.TCP, "[::]:8080", host.StateListen, []int32{812, 813}, v6only(true))
			},
			target:  target(8080),
			summary: "8080/tcp is taken: nginx (pids 812, 813) listen on 0.0.0.0 and ::",
			status:  report.StatusTaken,
			causes:  "listener wildcard_overlap dual_stack",
		},
		{
			name: "two servers",
			build: func(m *machine) {
				m.process(1, "postgres").process(2, "docker-proxy")
				m.socket(port.TCP, "127.0.0.1:5432", host.StateListen, []int32{1})
				m.socket(port.TCP, "[::1]:5432", host.StateListen, []int32{2}, v6only(true))
			},
			target: target(5432),
			summary: "5432/tcp has two servers: postgres (pid 1) on 127.0.0.1 and docker-proxy (pid 2) on ::1. " +
				"127.0.0.1 reaches the first and ::1 reaches the second",
			status: report.StatusTaken,
			causes: "listener wildcard_overlap dual_stack shadowed",
		},
		{
			name: "hidden holder",
			build: func(m *machine) {
				m.socket(port.TCP, "127.0.0.1:5432", host.StateListen, nil, uidOf(101))
			},
			target:  target(5432),
			summary: "5432/tcp is taken: a process of user postgres (uid 101) listens on 127.0.0.1; run with sudo to name it",
			status:  report.StatusPartlyFree,
			causes:  "listener hidden_holder wildcard_overlap dual_stack",
		},
		{
			name: "workers share by SO_REUSEPORT",
			build: func(m *machine) {
				m.process(5, "worker").process(6, "worker")
				m.socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{5})
				m.socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{6})
			},
			target:  target(8080),
			summary: "8080/tcp is taken: worker (pids 5, 6) listen on 0.0.0.0 together",
			status:  report.StatusPartlyFree,
			causes:  "listener reuseport_group wildcard_overlap dual_stack",
		},
		{
			name: "bound, not listening",
			build: func(m *machine) {
				m.process(812, "node").socket(port.TCP, "0.0.0.0:62893", host.StateBound, []int32{812}, reuse(false, false))
			},
			target:  target(62893),
			summary: "62893/tcp is taken, and nothing listens on it: node (pid 812) bound it and does not listen",
			status:  report.StatusPartlyFree,
			causes:  "wildcard_overlap dual_stack bound_not_listening",
		},
		{
			name: "outgoing connection",
			build: func(m *machine) {
				m.process(902, "chrome").socket(port.TCP, "192.0.2.7:40000", host.StateEstablished, []int32{902},
					reuse(false, false), peer("198.51.100.4:443"))
			},
			target:  target(40000),
			summary: "40000/tcp is taken by an outgoing connection: chrome (pid 902) uses it as its own port towards 198.51.100.4:443",
			status:  report.StatusPartlyFree,
			causes:  "wildcard_overlap dual_stack outgoing_connection",
		},
		{
			name: "time wait, server without reuse address",
			build: func(m *machine) {
				m.socket(port.TCP, "127.0.0.1:62893", host.StateTimeWait, nil, timeWaitFor(40200), reuse(false, false), peer("127.0.0.1:40000"))
			},
			target:  target(62893, "127.0.0.1"),
			summary: "62893/tcp on 127.0.0.1 will be free in 41 s: TIME_WAIT, left by a socket that did not set SO_REUSEADDR",
			status:  report.StatusTaken,
			causes:  "time_wait",
		},
		{
			name: "time wait, harmless",
			build: func(m *machine) {
				m.socket(port.TCP, "127.0.0.1:62893", host.StateTimeWait, nil, timeWaitFor(40200), reuse(true, false), peer("127.0.0.1:40000"))
			},
			target:  target(62893),
			summary: "62893/tcp is free to a server that sets SO_REUSEADDR, and to any other in 41 s: a TIME_WAIT is left",
			status:  report.StatusFree,
		},
		{
			name: "an accepted connection is left, harmless to most servers",
			build: func(m *machine) {
				m.process(812, "node").socket(port.TCP, "127.0.0.1:8087", host.StateEstablished, []int32{812}, reuse(true, false), peer("127.0.0.1:46878"))
				m.socket(port.TCP, "127.0.0.1:8087", host.StateTimeWait, nil, timeWaitFor(40200), reuse(true, false), peer("127.0.0.1:40000"))
			},
			target: target(8087),
			summary: "8087/tcp is free to a server that sets SO_REUSEADDR, and to no other while node (pid 812) has a connection with " +
				"127.0.0.1:46878",
			status: report.StatusFree,
		},
		{
			name: "a connection that is closing is left",
			build: func(m *machine) {
				m.socket(port.TCP, "127.0.0.1:8087", host.StateFinWait2, nil, reuse(true, false), peer("127.0.0.1:46878"),
					func(s *host.Socket) { s.HolderStatus = host.HoldersNone })
			},
			target:  target(8087),
			summary: "8087/tcp is free to a server that sets SO_REUSEADDR, and to no other while a connection with 127.0.0.1:46878 is closing",
			status:  report.StatusFree,
		},
		{
			name: "time wait, options unknown",
			build: func(m *machine) {
				m.socket(port.TCP, "127.0.0.1:62893", host.StateTimeWait, nil, timeWaitFor(40200), peer("127.0.0.1:40000"))
			},
			target:  target(62893, "127.0.0.1"),
			summary: "62893/tcp on 127.0.0.1 may or may not be free: it depends on whether the socket on 127.0.0.1 set SO_REUSEADDR, which could not be read",
			status:  report.StatusUnknown,
			causes:  "time_wait",
		},
		{
			name:    "forbidden",
			build:   func(*machine) {},
			target:  target(80),
			summary: "80/tcp is held by nobody, and this user may not bind it: ports below 1024 are for privileged users",
			status:  report.StatusForbidden,
			causes:  "privileged_port",
		},
		{
			name: "forbidden and taken: the holder comes first",
			build: func(m *machine) {
				m.process(7, "nginx").socket(port.TCP, "0.0.0.0:80", host.StateListen, []int32{7})
				m.socket(port.TCP, "[::]:80", host.StateListen, []int32{7}, v6only(true))
			},
			target:  target(80),
			summary: "80/tcp is taken: nginx (pid 7) listens on 0.0.0.0 and ::",
			status:  report.StatusTaken,
			causes:  "listener wildcard_overlap dual_stack privileged_port",
		},
		{
			name:    "not this machine's address",
			build:   func(*machine) {},
			target:  target(8080, "192.0.2.9"),
			summary: "8080/tcp on 192.0.2.9 cannot be bound: 192.0.2.9 is not an address of this machine",
			status:  report.StatusUnavailable,
			causes:  "address_not_local",
		},
		{
			name: "free beside another",
			build: func(m *machine) {
				m.process(7, "node").socket(port.TCP, "127.0.0.1:3000", host.StateListen, []int32{7})
			},
			target:  target(3000, "::1"),
			summary: "3000/tcp on ::1 is free; node (pid 7) listens beside it, on 127.0.0.1",
			status:  report.StatusFree,
		},
		{
			name: "udp",
			build: func(m *machine) {
				m.process(7, "dnsmasq").socket(port.UDP, "127.0.0.53:5353", host.StateUnconnected, []int32{7})
			},
			target:  port.Target{Text: "udp/5353", Protocol: port.UDP, Ports: port.One(5353)},
			summary: "5353/udp is taken: dnsmasq (pid 7) receives on 127.0.0.53",
			status:  report.StatusPartlyFree,
			causes:  "listener wildcard_overlap dual_stack",
		},
		{
			name: "in a container",
			build: func(m *machine) {
				m.process(7, "nginx").socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{7}, func(s *host.Socket) {
					s.Managers = []host.Manager{{Kind: host.ManagerContainer, Name: "web", Stop: []string{"docker", "stop", "web"}}}
				})
			},
			target:  target(8080, "0.0.0.0"),
			summary: "8080/tcp on 0.0.0.0 is taken: nginx (pid 7) in container web listens on 0.0.0.0",
			status:  report.StatusTaken,
			causes:  "listener container_published",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine()
			tt.build(m)
			r := one(t, m, tt.target, tt.opts)
			if r.Summary != tt.summary {
				t.Errorf("summary\n got %s\nwant %s", r.Summary, tt.summary)
			}
			if r.Status != tt.status {
				t.Errorf("status %s, want %s", r.Status, tt.status)
			}
			if got := strings.Join(causeIDs(r), " "); got != tt.causes {
				t.Errorf("causes %q, want %q", got, tt.causes)
			}
		})
	}
}

func TestUDPIsToldBesideTCP(t *testing.T) {
	m := newMachine().process(7, "caddy")
	m.socket(port.UDP, "0.0.0.0:8443", host.StateUnconnected, []int32{7})
	rep := Diagnose(&m.snap, []port.Target{target(8443)}, Options{})
	if len(rep.Results) != 2 || rep.Results[0].Target.Protocol != port.TCP || rep.Results[1].Target.Protocol != port.UDP {
		t.Fatalf("results: %+v", rep.Results)
	}
	if rep.Results[0].Status != report.StatusFree {
		t.Errorf("UDP made TCP %s", rep.Results[0].Status)
	}
	rep = Diagnose(&m.snap, []port.Target{target(8443)}, Options{Protocols: []port.Protocol{port.TCP}})
	if len(rep.Results) != 1 {
		t.Errorf("--tcp gave %d results", len(rep.Results))
	}
}

func TestRemedies(t *testing.T) {
	m := newMachine().process(7, "node")
	m.socket(port.TCP, "127.0.0.1:3000", host.StateListen, []int32{7})
	r := one(t, m, target(3000), Options{})
	if got := r.Causes[0].Remedies[0].Command; !slices.Equal(got, []string{"portwho", "kill", "3000"}) {
		t.Errorf("own process: %v", got)
	}

	other := uint32(101)
	m.snap.Processes[0].UID = &other
	r = one(t, m, target(3000, "127.0.0.1"), Options{})
	if got := r.Causes[0].Remedies[0].Command; !slices.Equal(got, []string{"sudo", "portwho", "kill", "127.0.0.1:3000"}) {
		t.Errorf("process of another user: %v", got)
	}

	m.snap.Sockets[0].Managers = []host.Manager{{Kind: host.ManagerUnit, Name: "web.service", Stop: []string{"systemctl", "stop", "web.service"}}}
	r = one(t, m, target(3000), Options{})
	if got := r.Causes[0].Remedies[0].Command; !slices.Equal(got, []string{"systemctl", "stop", "web.service"}) {
		t.Errorf("unit: %v", got)
	}

	// portwho kill never stops what portwho runs in, nor process 1.
	inside := newMachine().process(7, "code").process(8, "bash").process(9, "portwho")
	inside.snap.Processes[1].PPID, inside.snap.Processes[2].PPID, inside.snap.Viewer.PID = 7, 8, 9
	inside.socket(port.TCP, "127.0.0.1:3000", host.StateListen, []int32{7})
	contained := newMachine().process(1, "node")
	contained.socket(port.TCP, "127.0.0.1:3000", host.StateListen, []int32{1})
	for want, m := range map[string]*machine{
		"stop code (pid 7) from elsewhere: portwho runs in it, so portwho kill leaves it alone":                                         inside,
		"stop the container of node (pid 1), or let it close the port: with process 1 everything ends, so portwho kill leaves it alone": contained,
	} {
		if got := one(t, m, target(3000), Options{}).Causes[0].Remedies[0]; got.Summary != want || len(got.Command) != 0 {
			t.Errorf("advised %q: %v, want %q and no command", got.Summary, got.Command, want)
		}
	}

	// portwho kill refuses to close a tunnel without the flag.
	m.snap.Sockets[0].Managers = []host.Manager{{Kind: host.ManagerForwarder, Name: "ssh", Forwards: "db:5432 over ssh to bastion"}}
	for _, c := range one(t, m, target(3000), Options{}).Causes {
		if c.ID != CauseListener && c.ID != CauseForwarder {
			continue
		}
		if got := c.Remedies[0].Command; !slices.Equal(got, []string{"sudo", "portwho", "kill", "3000", "--forwarder"}) {
			t.Errorf("%s of a tunnel: %v", c.ID, got)
		}
	}
}

// TestAdviceOnFamilies: what is advised about IPv4 and IPv6 works when it is
// followed, and is not given where another socket is in the way of it.
func TestAdviceOnFamilies(t *testing.T) {
	const (
		alone  = "set IPV6_V6ONLY in the new server, or bind ::1"
		holder = "set IPV6_V6ONLY in the program that holds it, or let that bind ::1: IPv4 is free then"
	)
	tests := []struct {
		name  string
		build func(*machine)
		want  string
	}{
		{"IPv4 only", func(m *machine) { m.socket(port.TCP, "0.0.0.0:8080", host.StateListen, nil) }, alone},
		{"both families", func(m *machine) {
			m.socket(port.TCP, "0.0.0.0:8080", host.StateListen, nil)
			m.socket(port.TCP, "[::]:8080", host.StateListen, nil, v6only(true))
		}, ""},
		{"::1 as well", func(m *machine) {
			m.socket(port.TCP, "127.0.0.1:8080", host.StateListen, nil)
			m.socket(port.TCP, "[::1]:8080", host.StateListen, nil, v6only(true))
		}, ""},
		{"another IPv6 address as well", func(m *machine) {
			m.socket(port.TCP, "127.0.0.1:8080", host.StateListen, nil)
			m.socket(port.TCP, "[2001:db8::7]:8080", host.StateListen, nil, v6only(true))
		}, "bind ::1 in the new server"},
		{"a connection", func(m *machine) {
			m.socket(port.TCP, "192.0.2.7:8080", host.StateEstablished, nil, reuse(false, false), peer("198.51.100.4:443"))
		}, ""},
		{"dual stack", func(m *machine) { m.socket(port.TCP, "[::]:8080", host.StateListen, nil, v6only(false)) }, holder},
		{"dual stack beside IPv4", func(m *machine) {
			m.socket(port.TCP, "[::]:8080", host.StateListen, nil, v6only(false), reuse(true, true))
			m.socket(port.TCP, "127.0.0.1:8080", host.StateListen, nil, reuse(true, true))
		}, ""},
	}
	for _, tt := range tests {
		m := newMachine()
		tt.build(m)
		got, found := "", false
		for _, c := range one(t, m, target(8080), Options{}).Causes {
			if c.ID != CauseDualStack {
				continue
			}
			found = true
			for _, r := range c.Remedies {
				got += r.Summary
			}
		}
		if !found || got != tt.want {
			t.Errorf("%s: dual_stack told: %t, and advised %q, want %q", tt.name, found, got, tt.want)
		}
	}
}

// TestAdviceAboutWaiting: where only TIME_WAIT is in the way, no program is left
// that could bind another address.
func TestAdviceAboutWaiting(t *testing.T) {
	m := newMachine()
	m.socket(port.TCP, "127.0.0.1:8080", host.StateTimeWait, nil, timeWaitFor(40200), reuse(false, false), peer("127.0.0.1:40000"))
	for _, c := range one(t, m, target(8080), Options{}).Causes {
		if (len(c.Remedies) > 0) != (c.ID == CauseTimeWait) {
			t.Errorf("%s advises %v", c.ID, c.Remedies)
		}
	}
}

func TestReservedPortsRemedyKeepsWhatIsReserved(t *testing.T) {
	m := newMachine().process(902, "chrome")
	m.snap.Network.Reserved = []port.Range{{First: 50000, Last: 50010}}
	m.socket(port.TCP, "127.0.0.1:40000", host.StateEstablished, []int32{902}, reuse(false, false), peer("127.0.0.1:443"))
	r := one(t, m, target(40000), Options{})
	last := r.Causes[len(r.Causes)-1]
	if last.ID != CauseOutgoingConnection {
		t.Fatalf("causes: %v", causeIDs(r))
	}
	command := strings.Join(last.Remedies[len(last.Remedies)-1].Command, " ")
	if want := "sudo sysctl -w net.ipv4.ip_local_reserved_ports=50000-50010,40000"; command != want {
		t.Errorf("command %q, want %q", command, want)
	}
}

func TestList(t *testing.T) {
	m := newMachine().process(7, "node").process(8, "Postgres")
	db := uint32(101)
	m.snap.Processes[1].UID = &db
	m.socket(port.TCP, "127.0.0.1:3000", host.StateListen, []int32{7})
	m.socket(port.TCP, "0.0.0.0:5432", host.StateListen, []int32{8}, uidOf(101))
	m.socket(port.UDP, "192.0.2.7:53", host.StateUnconnected, []int32{7})
	m.socket(port.TCP, "[::1]:3000", host.StateListen, []int32{7}, v6only(true))
	m.socket(port.TCP, "192.0.2.7:40000", host.StateEstablished, []int32{7}, peer("198.51.100.4:443"))
	tests := []struct {
		name   string
		filter Filter
		want   string
	}{
		{"all", Filter{}, "53/udp 3000/tcp 5432/tcp"},
		{"loopback", Filter{Loopback: true}, "3000/tcp 5432/tcp"},
		{"exposed", Filter{Exposed: true}, "53/udp 5432/tcp"},
		{"process, any case", Filter{Process: "postGRES"}, "5432/tcp"},
		{"pid", Filter{PIDs: []int32{7}}, "53/udp 3000/tcp"},
		{"user by name", Filter{User: "postgres"}, "5432/tcp"},
		{"user by uid", Filter{User: "1000"}, "53/udp 3000/tcp"},
		{"udp", Filter{Protocols: []port.Protocol{port.UDP}}, "53/udp"},
		{"IPv6", Filter{Family: 6}, "3000/tcp"},
		{"range", Filter{Targets: []port.Target{{Ports: port.Range{First: 5000, Last: 6000}}}}, "5432/tcp"},
		{"address", Filter{Targets: []port.Target{target(3000, "127.0.0.1")}}, "3000/tcp"},
		{"nothing", Filter{Process: "nobody"}, ""},
	}
	for _, tt := range tests {
		var got []string
		for _, r := range List(&m.snap, tt.filter, report.Tool{}).Results {
			got = append(got, strings.Fields(strings.ReplaceAll(r.Summary, " ", "\t"))[0])
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
}

// Reports are compared by people and by programs; the same machine must give
// the same bytes.
func TestDeterministic(t *testing.T) {
	build := func() report.Report {
		m := newMachine().process(7, "a").process(8, "b")
		for _, a := range []string{"127.0.0.1", "127.0.0.2", "192.0.2.7"} {
			m.socket(port.TCP, a+":3000", host.StateListen, []int32{7, 8})
		}
		return Diagnose(&m.snap, []port.Target{target(3000)}, Options{})
	}
	first := build().Results[0].Summary
	for range 50 {
		if got := build().Results[0].Summary; got != first {
			t.Fatalf("%q, then %q", first, got)
		}
	}
}

// docker-proxy holds one socket a family, in two processes; that is one server.
func TestDockerProxyIsOneServer(t *testing.T) {
	behind := func(s *host.Socket) {
		s.Managers = []host.Manager{{Kind: host.ManagerContainer, Name: "172.17.0.2:80", Evidence: "docker-proxy forwards host port 8080"}}
	}
	m := newMachine().process(7, "docker-proxy").process(8, "docker-proxy")
	m.socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{7}, behind)
	m.socket(port.TCP, "[::]:8080", host.StateListen, []int32{8}, v6only(true), behind)
	r := one(t, m, target(8080), Options{})
	if want := "8080/tcp is taken: docker-proxy (pids 7, 8) for the container at 172.17.0.2:80 listen on 0.0.0.0 and ::"; r.Summary != want {
		t.Errorf("summary %q, want %q", r.Summary, want)
	}
	if got := strings.Join(r.Causes[0].Remedies[0].Command, " "); got != "docker ps --filter publish=8080/tcp" {
		t.Errorf("command %q", got)
	}
	if a := Plan(&m.snap, target(8080), 8080, PlanOptions{}); len(a.Refusals) == 0 || len(a.Refusals[0].Command) == 0 {
		t.Errorf("refusals: %+v", a.Refusals)
	}
}

// BenchmarkRange judges every port of a busy machine: 20,000 connections.
func BenchmarkRange(b *testing.B) {
	m := newMachine().process(7, "srv")
	for i := range 20000 {
		m.socket(port.TCP, "127.0.0.1:"+strconv.Itoa(32768+i), host.StateEstablished, []int32{7}, reuse(false, false), peer("127.0.0.1:9000"))
	}
	m.socket(port.TCP, "127.0.0.1:9000", host.StateListen, []int32{7})
	all := port.Target{Text: "1-65535", Ports: port.Range{First: 1, Last: 65535}}
	b.ReportAllocs()
	for b.Loop() {
		Diagnose(&m.snap, []port.Target{all}, Options{})
	}
}
