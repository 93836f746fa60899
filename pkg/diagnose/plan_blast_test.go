package diagnose

import (
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// TestPlanPorts: other ports that close with the server, as a listing of every
// port has them.
func TestPlanPorts(t *testing.T) {
	t.Parallel()
	here := newMachine().process(10, "web").process(20, "docker-proxy").
		socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10})
	listing := newMachine().process(10, "web").process(11, "worker").process(20, "docker-proxy").
		socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10}).
		socket(port.TCP, "127.0.0.1:9229", host.StateListen, []int32{10}).
		socket(port.UDP, "0.0.0.0:5353", host.StateUnconnected, []int32{10}).
		socket(port.TCP, "127.0.0.1:9000", host.StateListen, []int32{10, 11}). // the worker keeps it
		socket(port.TCP, "0.0.0.0:80", host.StateListen, []int32{20}).
		socket(port.TCP, "0.0.0.0:81", host.StateListen, nil)
	a := Plan(&here.snap, target(8080), 8080, PlanOptions{Listing: &listing.snap})
	if want := []string{"udp/0.0.0.0:5353", "tcp/127.0.0.1:9229"}; !slices.Equal(a.Blast.Ports, want) {
		t.Errorf("ports %q, want %q", a.Blast.Ports, want)
	}

	// Another process of that pid has nothing to do with it.
	listing.snap.Processes[0].StartTicks++
	if a = Plan(&here.snap, target(8080), 8080, PlanOptions{Listing: &listing.snap}); len(a.Blast.Ports) > 0 {
		t.Errorf("ports of a later process: %q", a.Blast.Ports)
	}

	web := dockerOf("web")
	web.Container.Published = []host.PublishedPort{
		{Protocol: "tcp", HostPort: 8080, ContainerPort: 80}, {Protocol: "tcp", HostPort: 8443, ContainerPort: 443},
		{Protocol: "udp", HostIP: "127.0.0.1", HostPort: 8053, ContainerPort: 53}, {Protocol: "tcp", ContainerPort: 9},
	}
	m := newMachine().process(10, "docker-proxy").process(12, "docker-proxy").
		socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{10}, managedAs(web)).
		socket(port.TCP, "0.0.0.0:8443", host.StateListen, []int32{12}, managedAs(web)).
		socket(port.TCP, "0.0.0.0:8444", host.StateListen, []int32{12}, managedAs(dockerOf("other")))
	a = Plan(&m.snap, target(8080), 8080, PlanOptions{})
	if want := []string{"udp/127.0.0.1:8053", "tcp/0.0.0.0:8443"}; !slices.Equal(a.Blast.Ports, want) {
		t.Errorf("ports of a container %q, want %q", a.Blast.Ports, want)
	}
}

// TestPlanPortsOfAWatcher: one that has started several servers ends them all.
func TestPlanPortsOfAWatcher(t *testing.T) {
	t.Parallel()
	m := newMachine().process(9, "foreman").process(10, "web").with(childOf(9)).process(12, "api").process(14, "other").
		socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10}, managedAs(nodemon(9))).
		socket(port.TCP, "127.0.0.1:8081", host.StateListen, []int32{12}).
		socket(port.TCP, "127.0.0.1:8082", host.StateListen, []int32{14})
	below := []host.Process{{PID: 10, PPID: 9, StartTicks: 77}, {PID: 11, PPID: 9, StartTicks: 77}, {PID: 12, PPID: 11, StartTicks: 77}}
	a := Plan(&m.snap, target(8080), 8080, PlanOptions{Descendants: below})
	if want := []string{"tcp/127.0.0.1:8081"}; !slices.Equal(a.Blast.Ports, want) {
		t.Errorf("ports %q, want %q", a.Blast.Ports, want)
	}
}

// TestPlanTellsProgramsApart: two programs of one supervisor that has no names
// for them are two commands, and one does not close the port of the other.
func TestPlanTellsProgramsApart(t *testing.T) {
	t.Parallel()
	forever := func(pid string) func(*host.Socket) {
		return managedAs(host.Manager{Kind: host.ManagerSupervisor, Name: "forever", PID: 5, Stop: []string{"forever", "stop", pid}})
	}
	m := newMachine().process(10, "web").process(12, "web").process(14, "api").
		socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10}, forever("10")).
		socket(port.TCP, "127.0.0.2:8080", host.StateListen, []int32{12}, forever("12")).
		socket(port.TCP, "127.0.0.1:8081", host.StateListen, []int32{14}, forever("14"))
	a := Plan(&m.snap, target(8080), 8080, PlanOptions{})
	if want := []string{"forever stop 10", "forever stop 12"}; !slices.Equal(argvs(a), want) || len(a.Blast.Ports) > 0 {
		t.Errorf("commands %q, want %q; ports %q", argvs(a), want, a.Blast.Ports)
	}
}

func TestPlanClients(t *testing.T) {
	t.Parallel()
	m := newMachine().process(10, "web").process(20, "curl").
		socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10}).
		socket(port.TCP, "127.0.0.1:8080", host.StateEstablished, []int32{10}, peer("127.0.0.1:40000")).
		socket(port.TCP, "127.0.0.1:40000", host.StateEstablished, []int32{20}, peer("127.0.0.1:8080")).
		socket(port.TCP, "192.0.2.7:8080", host.StateEstablished, []int32{10}, peer("203.0.113.4:5000")).
		// No listener here can have accepted this one.
		socket(port.TCP, "192.0.2.7:8080", host.StateEstablished, []int32{20}, peer("203.0.113.4:5001")).
		socket(port.TCP, "127.0.0.1:8080", host.StateTimeWait, nil, peer("127.0.0.1:40009"), timeWaitFor(9000)).
		// The server's own connection to itself is nobody's loss.
		socket(port.TCP, "127.0.0.1:8080", host.StateEstablished, []int32{10}, peer("127.0.0.1:40002")).
		socket(port.TCP, "127.0.0.1:40002", host.StateEstablished, []int32{10}, peer("127.0.0.1:8080"))
	a := Plan(&m.snap, target(8080), 8080, PlanOptions{})
	if a.Blast.Clients != 2 {
		t.Errorf("%d clients, want 2", a.Blast.Clients)
	}
}

// TestPlanTree: processes below the server are told, and taken where that was
// asked for, but never a client of the port nor portwho's own line.
func TestPlanTree(t *testing.T) {
	t.Parallel()
	below := func(pid, ppid int32, name string) host.Process {
		return host.Process{PID: pid, PPID: ppid, Name: name, StartTicks: 90, UID: new(uint32(1000)), Command: []string{name}}
	}
	foreign := below(35, 10, "setuid")
	foreign.UID = new(uint32(0))
	m := newMachine().process(10, "web").process(31, "bash").with(childOf(10)).process(33, "curl").with(childOf(10)).process(9000, "portwho").with(childOf(31)).
		socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10}).
		socket(port.TCP, "127.0.0.1:8080", host.StateEstablished, []int32{10}, peer("127.0.0.1:40000")).
		socket(port.TCP, "127.0.0.1:40000", host.StateEstablished, []int32{33}, peer("127.0.0.1:8080"))
	opts := PlanOptions{Descendants: []host.Process{
		below(30, 10, "esbuild"), below(31, 10, "bash"), below(32, 30, "deep"), below(33, 10, "curl"), foreign, below(9000, 31, "portwho"), below(99, 98, "stranger"),
	}}
	children := func(a report.Action) []int32 {
		out := []int32{}
		for _, c := range a.Blast.Children {
			out = append(out, c.PID)
		}
		return out
	}
	// The server is above portwho here, so the plan is refused; what it says
	// is what counts.
	a := Plan(&m.snap, target(8080), 8080, opts)
	if got := victimPIDs(a); !slices.Equal(got, []int32{10}) || !slices.Equal(children(a), []int32{30, 32, 33, 35}) {
		t.Errorf("victims %v, children %v", got, children(a))
	}
	opts.Tree = true
	a = Plan(&m.snap, target(8080), 8080, opts)
	if got := victimPIDs(a); !slices.Equal(got, []int32{10, 30, 32}) || !slices.Equal(children(a), []int32{33, 35}) {
		t.Errorf("tree: victims %v, children %v", got, children(a))
	}
	if v := a.Victims[1]; v.Role != report.RoleChild || v.StartTicks != 90 || len(v.Inodes) != 0 || v.Name != "esbuild" {
		t.Errorf("a child: %+v", v)
	}
	if got := sparedPIDs(a); !slices.Equal(got, []int32{33}) {
		t.Errorf("spared %v", got)
	}
}

// TestPlanAgain: how to start again what was stopped.
func TestPlanAgain(t *testing.T) {
	t.Parallel()
	listening := func(m *machine, pids []int32, managers ...host.Manager) *machine {
		return m.socket(port.TCP, "127.0.0.1:8080", host.StateListen, pids, func(s *host.Socket) { s.Managers = managers })
	}
	started := pm2("web")
	started.Start = []string{"pm2", "restart", "web"}
	ran := func(argv ...string) func(*host.Process) { return func(p *host.Process) { p.Command = argv } }
	for _, tt := range []struct {
		name    string
		machine *machine
		want    []string
		says    string
	}{
		{"a container", listening(newMachine().process(10, "proxy"), []int32{10}, dockerOf("stop")), []string{"docker start stop"}, "stop"},
		{"a unit", listening(newMachine().process(10, "web"), []int32{10}, userUnit("web.service", nil)), []string{"systemctl --user start web.service"}, "web.service"},
		{"the manager's own word", listening(newMachine().process(10, "web"), []int32{10}, started), []string{"pm2 restart web"}, "pm2 web"},
		{"a process in a folder", listening(newMachine().process(10, "web").with(inFolder("/home/ana/my blog")).with(ran("./web", "--title", "it's", "a=b")), []int32{10}),
			[]string{`sh -c cd '/home/ana/my blog' && ./web --title 'it'\''s' a=b`}, "in /home/ana/my blog"},
		{"a first word that looks like an assignment", listening(newMachine().process(10, "web").with(inFolder("/srv")).with(ran("a=b", "c=d")), []int32{10}),
			[]string{`sh -c cd /srv && 'a=b' c=d`}, "in /srv"},
		{"a process of the root folder", listening(newMachine().process(10, "web").with(inFolder("/")), []int32{10}), []string{"web --serve"}, "start web"},
		{"a folder that is gone", listening(newMachine().process(10, "web").with(inFolder("/tmp/x (deleted)")), []int32{10}), []string{"web --serve"}, "/tmp/x has been deleted"},
		{"a title instead of a command", listening(newMachine().process(10, "nginx").with(ran("nginx: master process")), []int32{10}), []string{""}, "not known"},
		{"a parent and its worker", listening(newMachine().process(10, "web").process(11, "worker").with(childOf(10)), []int32{10, 11}), []string{"web --serve"}, "web"},
		{"a watcher, not what it starts", listening(newMachine().process(9, "nodemon").process(12, "sh").with(childOf(9)).process(13, "node").with(childOf(12)), []int32{13}, nodemon(9)),
			[]string{"nodemon --serve"}, "nodemon"},
		{"a daemon, which needs no start", listening(newMachine().process(10, "java"), []int32{10}, host.Manager{Kind: host.ManagerDaemon, Name: "gradle", Stop: []string{"gradle", "--stop"}}),
			[]string{"java --serve"}, "java"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := Plan(&tt.machine.snap, target(8080), 8080, PlanOptions{})
			got := []string{}
			summaries := ""
			for _, r := range a.Again {
				got = append(got, strings.Join(r.Command, " "))
				summaries += r.Summary + "\n"
			}
			if !slices.Equal(got, tt.want) || !strings.Contains(summaries, tt.says) {
				t.Errorf("commands %q, want %q; summaries %q, want %q", got, tt.want, summaries, tt.says)
			}
		})
	}
}
