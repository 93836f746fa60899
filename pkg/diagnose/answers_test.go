package diagnose

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

func (m *machine) localhost(addresses ...string) *machine {
	for _, a := range addresses {
		m.snap.Network.Localhost = append(m.snap.Network.Localhost, netip.MustParseAddr(a))
	}
	return m
}

func (m *machine) redirect(r host.Redirect) *machine {
	if r.Rule == "" {
		r.Rule = "the rule"
	}
	r.Table, r.Chain = "ip nat", "OUTPUT"
	m.snap.Network.Redirects = append(m.snap.Network.Redirects, r)
	return m
}

// child makes the last process a child of another, run by a command line.
func (m *machine) child(parent int32, exe string, command ...string) *machine {
	p := &m.snap.Processes[len(m.snap.Processes)-1]
	p.PPID, p.Exe, p.Command = parent, exe, command
	return m
}

func (m *machine) state(state host.ProcessState) *machine {
	m.snap.Processes[len(m.snap.Processes)-1].State = state
	return m
}

func onDevice(index uint32, name string) func(*host.Socket) {
	return func(s *host.Socket) { s.InterfaceIndex, s.Interface = index, name }
}

func queue(waiting, backlog uint32) func(*host.Socket) {
	return func(s *host.Socket) { s.ReceiveQueue, s.SendQueue = waiting, backlog }
}

func container(name string) func(*host.Socket) {
	return func(s *host.Socket) {
		s.Managers = []host.Manager{{Kind: host.ManagerContainer, Name: name, Evidence: "docker-proxy forwards host port 8000 to the container at " + name}}
	}
}

func findCause(r report.Result, id report.CauseID) *report.Cause {
	for i := range r.Causes {
		if r.Causes[i].ID == id {
			return &r.Causes[i]
		}
	}
	return nil
}

// told writes the answers: localhost=::1:2 is the socket of pid 2.
func toldAnswers(r report.Result) string {
	var parts []string
	for _, a := range r.Answers {
		text := a.Destination
		if a.Destination == localhost {
			text += "(" + a.Address + ")"
		}
		text += "="
		for _, s := range r.Sockets {
			for _, id := range a.Sockets {
				if s.ID == id && len(s.Holders) > 0 {
					text += s.Holders[0].Name
				}
			}
		}
		if a.Redirected != "" {
			text += ">" + a.Redirected
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func TestAnswers(t *testing.T) {
	one := host.Redirect{Hook: host.HookOutput, Protocol: port.TCP, Ports: []port.Range{port.One(8000)}, ToPort: 9090}
	tests := []struct {
		name  string
		build func(*machine)
		want  string
		// causes are those about who answers.
		causes  string
		summary string
	}{
		{
			name: "nobody", build: func(m *machine) { m.localhost("::1", "127.0.0.1") },
			summary: "8000/tcp is free: nobody holds it",
		},
		{
			name: "one server for all",
			build: func(m *machine) {
				m.localhost("::1", "127.0.0.1").process(5, "a").socket(port.TCP, "[::]:8000", host.StateListen, []int32{5}, v6only(false))
			},
			want: "localhost(::1)=a 127.0.0.1=a ::1=a",
		},
		{
			name: "IPv4 only, and localhost means IPv6 first",
			build: func(m *machine) {
				m.localhost("::1", "127.0.0.1").process(5, "a").socket(port.TCP, "127.0.0.1:8000", host.StateListen, []int32{5})
			},
			want: "localhost(::1)= 127.0.0.1=a ::1=", causes: "localhost_mismatch",
			summary: "8000/tcp is taken: a (pid 5) listens on 127.0.0.1",
		},
		{
			name: "IPv4 only, as localhost is",
			build: func(m *machine) {
				m.localhost("127.0.0.1").process(5, "a").socket(port.TCP, "127.0.0.1:8000", host.StateListen, []int32{5})
			},
			want: "localhost(127.0.0.1)=a 127.0.0.1=a ::1=",
		},
		{
			name: "localhost has no name here",
			build: func(m *machine) {
				m.process(5, "a").socket(port.TCP, "127.0.0.1:8000", host.StateListen, []int32{5})
			},
			want: "127.0.0.1=a ::1=",
		},
		{
			name: "a server for each family",
			build: func(m *machine) {
				m.localhost("::1", "127.0.0.1").process(5, "a").process(6, "b")
				m.socket(port.TCP, "127.0.0.1:8000", host.StateListen, []int32{5})
				m.socket(port.TCP, "[::1]:8000", host.StateListen, []int32{6}, v6only(true))
			},
			want: "localhost(::1)=b 127.0.0.1=a ::1=b", causes: "shadowed",
			summary: "8000/tcp has two servers: a (pid 5) on 127.0.0.1 and b (pid 6) on ::1. localhost reaches the second",
		},
		{
			name: "a specific address beside a wildcard",
			build: func(m *machine) {
				m.localhost("127.0.0.1").process(5, "postgres").process(6, "other")
				m.socket(port.TCP, "127.0.0.1:8000", host.StateListen, []int32{5}, reuse(true, true))
				m.socket(port.TCP, "0.0.0.0:8000", host.StateListen, []int32{6}, reuse(true, true))
			},
			want: "localhost(127.0.0.1)=postgres 127.0.0.1=postgres ::1=", causes: "shadowed",
			summary: "8000/tcp has two servers: postgres (pid 5) on 127.0.0.1 and other (pid 6) on 0.0.0.0. localhost reaches the first",
		},
		{
			name: "addresses nobody confuses",
			build: func(m *machine) {
				m.localhost("127.0.0.1").process(5, "resolved").process(6, "dnsmasq")
				m.socket(port.TCP, "127.0.0.53:8000", host.StateListen, []int32{5})
				m.socket(port.TCP, "192.0.2.7:8000", host.StateListen, []int32{6})
			},
			want: "localhost(127.0.0.1)= 127.0.0.1= ::1=",
		},
		{
			name: "a parent and its child",
			build: func(m *machine) {
				m.localhost("::1").process(5, "a").process(6, "b").child(5, "/b", "b")
				m.socket(port.TCP, "127.0.0.1:8000", host.StateListen, []int32{5})
				m.socket(port.TCP, "[::1]:8000", host.StateListen, []int32{6}, v6only(true))
			},
			want:    "localhost(::1)=b 127.0.0.1=a ::1=b",
			summary: "8000/tcp is taken: a (pid 5) and b (pid 6) listen on 127.0.0.1 and ::1",
		},
		{
			name: "two servers of one interpreter",
			build: func(m *machine) {
				m.localhost("::1").process(5, "python3").child(4, "/usr/bin/python3", "python3", "one.py")
				m.process(6, "python3").child(4, "/usr/bin/python3", "python3", "two.py")
				m.socket(port.TCP, "127.0.0.1:8000", host.StateListen, []int32{5})
				m.socket(port.TCP, "[::1]:8000", host.StateListen, []int32{6}, v6only(true))
			},
			want: "localhost(::1)=python3 127.0.0.1=python3 ::1=python3", causes: "shadowed",
		},
		{
			name: "bound to another device",
			build: func(m *machine) {
				m.localhost("127.0.0.1").process(5, "a").socket(port.TCP, "0.0.0.0:8000", host.StateListen, []int32{5}, onDevice(2, "eth0"))
			},
			want: "localhost(127.0.0.1)= 127.0.0.1= ::1=", causes: "bound_to_device",
		},
		{
			name: "IPv4 before a dual-stack socket",
			build: func(m *machine) {
				m.localhost("127.0.0.1").process(5, "a").process(6, "b")
				m.socket(port.TCP, "0.0.0.0:8000", host.StateListen, []int32{5}, reuse(true, true))
				m.socket(port.TCP, "[::]:8000", host.StateListen, []int32{6}, v6only(false), reuse(true, true))
			},
			want: "localhost(127.0.0.1)=a 127.0.0.1=a ::1=b", causes: "shadowed",
		},
		{
			name: "redirected, and nobody holds it", build: func(m *machine) { m.localhost("127.0.0.1").redirect(one) },
			want: "localhost(127.0.0.1)=>port 9090 127.0.0.1=>port 9090 ::1=>port 9090", causes: "nat_redirect",
			summary: "8000/tcp is free: nobody holds it, and a server on it would miss what this machine sends to it: the packet filter sends that to port 9090",
		},
		{
			name: "one address redirected away from a server",
			build: func(m *machine) {
				r := one
				r.Family, r.Destination = 4, []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
				m.redirect(r).process(5, "a").socket(port.TCP, "[::]:8000", host.StateListen, []int32{5}, v6only(false))
			},
			want: "127.0.0.1=>port 9090 ::1=a", causes: "nat_redirect",
		},
		{
			name: "perhaps redirected",
			build: func(m *machine) {
				r := one
				r.Conditional = true
				m.redirect(r).process(5, "a").socket(port.TCP, "0.0.0.0:8000", host.StateListen, []int32{5})
			},
			want: "127.0.0.1=a ::1=", causes: "nat_redirect",
		},
		{
			name: "a rule about other machines",
			build: func(m *machine) {
				r := one
				r.Destination = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
				m.redirect(r)
			},
			summary: "8000/tcp is free: nobody holds it",
		},
		{
			name: "a rule about another protocol and one about another port",
			build: func(m *machine) {
				r := one
				r.Protocol = port.UDP
				m.redirect(r)
				r = one
				r.Ports = []port.Range{port.One(81)}
				m.redirect(r)
			},
			summary: "8000/tcp is free: nobody holds it",
		},
		{
			name: "published by the container's own forwarder",
			build: func(m *machine) {
				m.redirect(host.Redirect{Hook: host.HookPrerouting, LocalOnly: true, Conditional: true, To: netip.MustParseAddr("172.17.0.2"), ToPort: 8080})
				m.process(5, "docker-proxy").socket(port.TCP, "0.0.0.0:8000", host.StateListen, []int32{5}, container("172.17.0.2:8080"))
			},
			want: "127.0.0.1=docker-proxy ::1=",
		},
		{
			name: "redirected to the same port elsewhere on this machine",
			build: func(m *machine) {
				r := one
				r.ToPort, r.To = 0, netip.MustParseAddr("192.0.2.7")
				m.redirect(r).process(5, "a").socket(port.TCP, "192.0.2.7:8000", host.StateListen, []int32{5})
			},
			want: "127.0.0.1=a>192.0.2.7:8000 ::1=a>192.0.2.7:8000", causes: "nat_redirect",
		},
		{
			name: "stopped",
			build: func(m *machine) {
				m.process(5, "a").state(host.ProcessStopped).socket(port.TCP, "0.0.0.0:8000", host.StateListen, []int32{5}, queue(3, 128))
			},
			want: "127.0.0.1=a ::1=", causes: "hung", summary: "8000/tcp is taken: a (pid 5) listens on 0.0.0.0",
		},
		{
			name: "one of two workers stopped",
			build: func(m *machine) {
				m.process(5, "a").process(6, "a").state(host.ProcessStopped)
				m.socket(port.TCP, "0.0.0.0:8000", host.StateListen, []int32{5, 6})
			},
			want: "127.0.0.1=a ::1=",
		},
		{
			name: "stopped, beside a child that only inherited the socket",
			build: func(m *machine) {
				m.process(5, "a").state(host.ProcessStopped).process(6, "sleep")
				m.socket(port.TCP, "0.0.0.0:8000", host.StateListen, []int32{5, 6}, func(s *host.Socket) { s.Holders[1].Inherited = true })
			},
			want: "127.0.0.1=a ::1=", causes: "hung",
		},
		{
			name: "queue full",
			build: func(m *machine) {
				m.process(5, "a").socket(port.TCP, "0.0.0.0:8000", host.StateListen, []int32{5}, queue(6, 5))
			},
			want: "127.0.0.1=a ::1=", causes: "hung",
		},
		{
			name: "queue at its limit",
			build: func(m *machine) {
				m.process(5, "a").socket(port.TCP, "0.0.0.0:8000", host.StateListen, []int32{5}, queue(5, 5))
			},
			want: "127.0.0.1=a ::1=",
		},
	}
	own := map[report.CauseID]bool{
		CauseShadowed: true, CauseNATRedirect: true, CauseLocalhostMismatch: true, CauseHung: true,
		CauseBoundToDevice: true, CauseContainerLoopbackOnly: true, CauseOtherNetworkNamespace: true,
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine()
			tt.build(m)
			r := answered(t, m)
			if got := toldAnswers(r); got != tt.want {
				t.Errorf("answers\n got %s\nwant %s", got, tt.want)
			}
			var causes []string
			for _, c := range r.Causes {
				if own[c.ID] {
					causes = append(causes, string(c.ID))
				}
			}
			if got := strings.Join(causes, " "); got != tt.causes {
				t.Errorf("causes %q, want %q", got, tt.causes)
			}
			if tt.summary != "" && r.Summary != tt.summary {
				t.Errorf("summary\n got %s\nwant %s", r.Summary, tt.summary)
			}
		})
	}
}

func answered(t *testing.T, m *machine) report.Result { return one(t, m, target(8000), Options{}) }

// A report about one family says nothing of the other, whose sockets it has not.
func TestAnswersOfOneFamily(t *testing.T) {
	m := newMachine()
	m.localhost("::1", "127.0.0.1").process(5, "a").process(6, "b")
	m.socket(port.TCP, "127.0.0.1:8000", host.StateListen, []int32{5})
	m.socket(port.TCP, "[::1]:8000", host.StateListen, []int32{6}, v6only(true))
	for family, want := range map[int]string{4: "localhost(127.0.0.1)=a 127.0.0.1=a", 6: "localhost(::1)=b ::1=b"} {
		r := one(t, m, target(8000), Options{Family: family})
		if got := toldAnswers(r); got != want {
			t.Errorf("family %d: %s", family, got)
		}
		if findCause(r, CauseShadowed) != nil || findCause(r, CauseLocalhostMismatch) != nil {
			t.Errorf("family %d: %v", family, causeIDs(r))
		}
	}
}

func TestHungTells(t *testing.T) {
	m := newMachine()
	m.process(5, "a").state(host.ProcessStopped).socket(port.TCP, "0.0.0.0:8000", host.StateListen, []int32{5}, queue(3, 128))
	c := findCause(answered(t, m), CauseHung)
	if c == nil || c.Summary != "a (pid 5) is stopped and answers nobody; 3 connections wait" || c.Confidence != report.Certain ||
		strings.Join(c.Remedies[0].Command, " ") != "kill -CONT 5" {
		t.Errorf("got %+v", c)
	}
	m = newMachine()
	m.process(5, "a").state(host.ProcessTraced).socket(port.UDP, "0.0.0.0:8000", host.StateUnconnected, []int32{5})
	rep := Diagnose(&m.snap, []port.Target{{Text: "udp/8000", Protocol: port.UDP, Ports: port.One(8000)}}, Options{})
	if c := findCause(rep.Results[0], CauseHung); c == nil || c.Summary != "a (pid 5) is held by a debugger and answers nobody" {
		t.Errorf("got %+v", c)
	}
}

func TestOtherNamespaces(t *testing.T) {
	inside := func(local string, pid int32, ns host.Namespace) func(*machine) {
		return func(m *machine) {
			m.process(pid, "nginx").socket(port.TCP, local, host.StateListen, []int32{pid})
			last := len(m.snap.Sockets) - 1
			ns.Sockets = append(ns.Sockets, m.snap.Sockets[last])
			m.snap.Sockets = m.snap.Sockets[:last]
			m.snap.Namespaces = append(m.snap.Namespaces, ns)
		}
	}
	m := newMachine()
	inside("0.0.0.0:8000", 7, host.Namespace{ID: 99, PIDs: []int32{6, 7}})(m)
	r := answered(t, m)
	c := findCause(r, CauseOtherNetworkNamespace)
	if c == nil || !strings.HasPrefix(c.Summary, "nginx (pid 7) serves it on 0.0.0.0 in another network namespace") ||
		strings.Join(c.Remedies[0].Command, " ") != "sudo nsenter -t 7 -n portwho 8000" {
		t.Errorf("got %+v", c)
	}
	if r.Status != report.StatusFree || len(r.Answers) != 0 {
		t.Errorf("another namespace is no holder here: %s, %+v", r.Status, r.Answers)
	}
	m.process(5, "a").socket(port.TCP, "0.0.0.0:8000", host.StateListen, []int32{5})
	if c := findCause(answered(t, m), CauseOtherNetworkNamespace); c != nil {
		t.Errorf("somebody serves it here: %+v", c)
	}

	for local, want := range map[string]bool{"127.0.0.1:8080": true, "0.0.0.0:8080": false, "127.0.0.1:8081": false} {
		m := newMachine()
		m.process(5, "docker-proxy").socket(port.TCP, "0.0.0.0:8000", host.StateListen, []int32{5}, container("172.17.0.2:8080"))
		inside(local, 7, host.Namespace{ID: 99, PIDs: []int32{7}, Addresses: []netip.Addr{netip.MustParseAddr("172.17.0.2")}})(m)
		inside("127.0.0.1:8080", 8, host.Namespace{ID: 98, PIDs: []int32{8}, Addresses: []netip.Addr{netip.MustParseAddr("172.17.0.3")}})(m)
		if got := findCause(answered(t, m), CauseContainerLoopbackOnly); (got != nil) != want {
			t.Errorf("%s in the container: %+v", local, got)
		}
	}
}
