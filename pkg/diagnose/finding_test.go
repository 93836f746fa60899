package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

const shop = "/home/ana/shop"

// declared is a port of the service web in compose.yaml, line 7, of the project
// shop.
func declared(number uint16, edits ...func(*report.Declaration)) report.Declaration {
	d := report.Declaration{
		File: "compose.yaml", Line: 7, Column: 9, Format: report.FormatCompose, Name: "web", Project: "shop",
		Use: report.UsePublish, Protocol: port.TCP, Port: number, LastPort: number, Target: 80,
	}
	for _, edit := range edits {
		edit(&d)
	}
	return d
}

// upTo is a range of ports from 8000 on.
func upTo(last uint16, edits ...func(*report.Declaration)) report.Declaration {
	d := declared(8000, edits...)
	d.LastPort = last
	return d
}

func atAddress(a string) func(*report.Declaration) {
	return func(d *report.Declaration) { d.Address = a }
}
func called(name string, line int) func(*report.Declaration) {
	return func(d *report.Declaration) { d.Name, d.Line = name, line }
}
func inEnv(name string) func(*report.Declaration) {
	return func(d *report.Declaration) {
		*d = report.Declaration{
			File: ".env", Line: 1, Column: 1, Format: report.FormatEnv, Name: name, Text: fmt.Sprint(d.Port),
			Use: report.UseListen, Protocol: port.TCP, Port: d.Port, LastPort: d.Port,
		}
	}
}
func inFile(file string, format report.Format, use report.Use) func(*report.Declaration) {
	return func(d *report.Declaration) {
		d.File, d.Format, d.Use, d.Project, d.Target = file, format, use, "", 0
	}
}

// container puts a compose container of the project in charge of a socket.
func service(project, service, dir string) func(*host.Socket) {
	return func(s *host.Socket) {
		s.Managers = []host.Manager{{
			Kind: host.ManagerContainer, Name: project + "-" + service + "-1", ID: "4f66ad9a0b2e",
			Container: &host.Container{Engine: "docker", Image: "web", Project: project, Service: service, WorkingDir: dir},
		}}
	}
}

func (m *machine) worksIn(pid int32, dir string) *machine {
	for i := range m.snap.Processes {
		if m.snap.Processes[i].PID == pid {
			m.snap.Processes[i].Cwd = dir
		}
	}
	return m
}

// findingsOf runs a preflight on a machine.
func findingsOf(m *machine, p Preflight) []report.Finding {
	if p.Folders == nil {
		p.Folders = []string{shop}
	}
	for _, d := range p.Declarations {
		if !slices.Contains(p.Files, d.File) {
			p.Files = append(p.Files, d.File)
		}
	}
	opts := Options{Protocols: []port.Protocol{port.TCP}}
	return Findings(&m.snap, Diagnose(&m.snap, p.Targets(opts), opts), p, opts)
}

// shown is how tests compare findings: severity, id, place and port.
func shown(findings []report.Finding) string {
	var out []string
	for _, f := range findings {
		text := fmt.Sprintf("%s %s %d", f.Severity, f.ID, f.Port)
		if f.Allowed {
			text += " allowed"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func TestFindings(t *testing.T) {
	tests := []struct {
		name    string
		build   func(*machine)
		ports   []report.Declaration
		want    string
		summary string // of the first finding, a part
	}{
		{name: "free", ports: []report.Declaration{declared(8080)}},
		{
			name: "taken by a stranger",
			build: func(m *machine) {
				m.process(41, "python3").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{41})
			},
			ports:   []report.Declaration{declared(8080)},
			want:    "error taken 8080",
			summary: "8080/tcp is taken: python3 (pid 41) listens on 127.0.0.1",
		},
		{
			name: "taken on another address",
			build: func(m *machine) {
				m.process(41, "python3").socket(port.TCP, "127.0.0.2:8080", host.StateListen, []int32{41})
			},
			ports: []report.Declaration{declared(8080, atAddress("127.0.0.1"))},
		},
		{
			name: "the service's own container",
			build: func(m *machine) {
				m.process(50, "docker-proxy").socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{50}, service("shop", "web", shop))
			},
			ports:   []report.Declaration{declared(8080)},
			want:    "note mine 8080",
			summary: "8080/tcp is in use by this project itself: docker-proxy (pid 50)",
		},
		{
			name: "a container of the same project, of another service",
			build: func(m *machine) {
				m.process(50, "docker-proxy").socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{50}, service("shop", "api", shop))
			},
			ports: []report.Declaration{declared(8080)},
			want:  "error taken 8080",
		},
		{
			name: "a container of another project",
			build: func(m *machine) {
				m.process(50, "docker-proxy").socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{50}, service("blog", "web", "/home/ana/blog"))
			},
			ports:   []report.Declaration{declared(8080)},
			want:    "error taken 8080",
			summary: "blog-web-1",
		},
		{
			name: "a project of the same name in another folder",
			build: func(m *machine) {
				m.process(50, "docker-proxy").socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{50}, service("shop", "web", "/tmp/ci/shop"))
			},
			ports:   []report.Declaration{declared(8080)},
			want:    "error taken 8080",
			summary: "was started from /tmp/ci/shop",
		},
		{
			name: "the service's own container, and a stranger beside it",
			build: func(m *machine) {
				m.process(50, "docker-proxy").process(51, "python3")
				m.socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{50}, service("shop", "web", shop))
				m.socket(port.TCP, "[::1]:8080", host.StateListen, []int32{51})
			},
			ports: []report.Declaration{declared(8080)},
			want:  "error taken 8080",
		},
		{
			name: "a program of the folder",
			build: func(m *machine) {
				m.process(41, "node").worksIn(41, shop+"/web").socket(port.TCP, "[::]:3000", host.StateListen, []int32{41}, v6only(false))
			},
			ports:   []report.Declaration{declared(3000, inEnv("PORT"))},
			want:    "note mine 3000",
			summary: "by this project itself: node (pid 41)",
		},
		{
			name: "a program of a folder with a similar name",
			build: func(m *machine) {
				m.process(41, "node").worksIn(41, shop+"2").socket(port.TCP, "[::]:3000", host.StateListen, []int32{41}, v6only(false))
			},
			ports: []report.Declaration{declared(3000, inEnv("PORT"))},
			want:  "error taken 3000",
		},
		{
			name: "a program of the folder where an engine is to publish",
			build: func(m *machine) {
				m.process(41, "node").worksIn(41, shop).socket(port.TCP, "[::]:3000", host.StateListen, []int32{41}, v6only(false))
			},
			ports:   []report.Declaration{declared(3000)},
			want:    "error taken 3000",
			summary: "it works in this folder",
		},
		{
			name:  "a holder that is hidden is nobody's own",
			build: func(m *machine) { m.socket(port.TCP, "0.0.0.0:3000", host.StateListen, nil) },
			ports: []report.Declaration{declared(3000, inEnv("PORT"))},
			want:  "error taken 3000",
		},
		{
			name: "one of a range is free",
			build: func(m *machine) {
				m.process(41, "python3").socket(port.TCP, "0.0.0.0:8000", host.StateListen, []int32{41})
			},
			ports: []report.Declaration{declared(8000, func(d *report.Declaration) { d.LastPort = 8001 })},
		},
		{
			name: "none of a range is free",
			build: func(m *machine) {
				m.process(41, "python3").socket(port.TCP, "0.0.0.0:8000", host.StateListen, []int32{41})
				m.socket(port.TCP, "0.0.0.0:8001", host.StateListen, []int32{41})
			},
			ports:   []report.Declaration{declared(8000, func(d *report.Declaration) { d.LastPort = 8001 })},
			want:    "error taken 8000",
			summary: "no port of 8000-8001/tcp is free",
		},
		{
			name: "what the project connects to need not be free",
			build: func(m *machine) {
				m.process(41, "postgres").socket(port.TCP, "0.0.0.0:5432", host.StateListen, []int32{41})
			},
			ports: []report.Declaration{declared(5432, inFile(".env", report.FormatEnv, report.UseConnect))},
		},
		{
			name: "a service that nobody starts",
			build: func(m *machine) {
				m.process(41, "python3").socket(port.TCP, "0.0.0.0:49200", host.StateListen, []int32{41})
			},
			ports: []report.Declaration{declared(49200, func(d *report.Declaration) { d.Profiles = []string{"debug"} })},
		},
		{name: "a number that is chosen later", ports: []report.Declaration{declared(0)}},
		{
			name: "UDP is another port", ports: []report.Declaration{declared(8080)},
			build: func(m *machine) {
				m.process(41, "x").socket(port.UDP, "0.0.0.0:8080", host.StateUnconnected, []int32{41})
			},
		},
		{
			name: "ephemeral", ports: []report.Declaration{declared(49200)}, want: "warning ephemeral_range 49200",
			summary: "(32768-60999)",
		},
		{
			name: "ephemeral and held by a connection", ports: []report.Declaration{declared(49200)},
			build: func(m *machine) {
				m.process(41, "curl").socket(port.TCP, "192.0.2.7:49200", host.StateEstablished, []int32{41}, peer("198.51.100.1:443"), reuse(false, false))
			},
			want: "error taken 49200, warning ephemeral_range 49200",
		},
		{
			name: "reserved", ports: []report.Declaration{declared(49200)}, want: "note reserved 49200",
			build: func(m *machine) { m.snap.Network.Reserved = []port.Range{{First: 49000, Last: 49300}} },
		},
		{
			name: "privileged", ports: []report.Declaration{declared(80, inEnv("PORT"))}, want: "error privileged 80",
			summary: "this user may not bind it",
		},
		{
			name: "privileged, and an engine publishes it", ports: []report.Declaration{declared(80)}, want: "note privileged 80",
			summary: "a container engine that runs as root can publish it",
		},
		{
			name: "privileged for others", ports: []report.Declaration{declared(80)},
			build: func(m *machine) { m.snap.Viewer.BindsPrivileged = true },
		},
		{name: "browsers", ports: []report.Declaration{declared(6000)}, want: "warning browser_blocked 6000"},
		{
			name: "a web server on the number of something else", ports: []report.Declaration{declared(5432)},
		},
		{
			name: "exposed by the port alone", want: "warning exposed 5432",
			ports: []report.Declaration{declared(5432, func(d *report.Declaration) { d.Target = 15432 })},
		},
		{
			name: "a number that people give to servers of their own", ports: []report.Declaration{declared(7000, func(d *report.Declaration) { d.Target = 7000 })},
		},
		{
			name: "a port for each of two ranges", ports: []report.Declaration{upTo(8001), upTo(8001, called("api", 9))},
		},
		{
			name:  "two ranges with one port that nobody else has",
			ports: []report.Declaration{upTo(8001), upTo(8001, called("api", 9))},
			build: func(m *machine) {
				m.process(41, "python3").socket(port.TCP, "0.0.0.0:8000", host.StateListen, []int32{41})
			},
			want:    "error declared_twice 8000",
			summary: "web (compose.yaml:7) and api (compose.yaml:9) want a port each of 8000-8001/tcp, of which 1 can be had",
		},
		{
			name:    "three ranges with two ports",
			ports:   []report.Declaration{upTo(8001), upTo(8001, called("api", 9)), upTo(8001, called("c", 10))},
			want:    "error declared_twice 8000",
			summary: "web (compose.yaml:7), api (compose.yaml:9) and 1 more want a port each of 8000-8001/tcp, of which 2 can be had",
		},
		{
			name:  "a wider range beside a narrow one",
			ports: []report.Declaration{upTo(8001), upTo(8002, called("api", 9)), upTo(8001, called("c", 10))},
		},
		{
			name:    "a range whose ports others declare",
			ports:   []report.Declaration{declared(8000), declared(8001, called("b", 8)), upTo(8001, called("api", 9))},
			want:    "error declared_twice 8000",
			summary: "api (compose.yaml:9) wants a port of 8000-8001/tcp, of which none can be had",
		},
		{
			name:  "ranges on two addresses",
			ports: []report.Declaration{upTo(8001, atAddress("127.0.0.1")), upTo(8001, atAddress("127.0.0.1"), called("api", 9)), upTo(8001, atAddress("127.0.0.2"), called("c", 10))},
		},
		{
			name: "mail", ports: []report.Declaration{declared(25, inEnv("SMTP_PORT"))}, want: "note browser_blocked 25",
			build: func(m *machine) { m.snap.Viewer.BindsPrivileged = true },
		},
		{
			name: "exposed by the port in the container", want: "warning exposed 15432",
			ports:   []report.Declaration{declared(15432, func(d *report.Declaration) { d.Target = 5432 })},
			summary: "5432 is commonly PostgreSQL",
		},
		{
			name:  "a database on loopback",
			ports: []report.Declaration{declared(5432, atAddress("127.0.0.1"), func(d *report.Declaration) { d.Target = 5432 })},
		},
		{name: "a program may listen on loopback", ports: []report.Declaration{declared(5432, inEnv("PGPORT"))}},
		{name: "a web server", ports: []report.Declaration{declared(8080), declared(3000, called("api", 9))}},
		{
			name: "no address of this machine", want: "error address_not_local 8080",
			ports: []report.Declaration{declared(8080, atAddress("198.51.100.9"))},
		},
		{name: "a name", want: "error unknown 8080", ports: []report.Declaration{declared(8080, atAddress("box.example"))}},
		{name: "localhost", ports: []report.Declaration{declared(8080, atAddress("localhost"))}},
		{
			name: "what was not read is not free", want: "error unknown 8080", ports: []report.Declaration{declared(8080)},
			build: func(m *machine) {
				m.snap.Gaps = []host.Gap{{Source: "sock_diag", Subject: "sockets", Reason: "not permitted", Decides: true}}
			},
		},
		{
			name: "the packet filter sends it elsewhere", want: "warning shadowed 8080", ports: []report.Declaration{declared(8080)},
			build: func(m *machine) {
				m.snap.Network.Redirects = []host.Redirect{{
					Table: "ip nat", Chain: "PREROUTING", Hook: host.HookPrerouting, Rule: "tcp dport 8080 dnat to 10.0.0.2:80",
					To: netip.MustParseAddr("10.0.0.2"), ToPort: 80, Protocol: port.TCP, Ports: []port.Range{port.One(8080)},
				}}
			},
		},
		{
			name: "refused by something else", want: "error refused 8080", ports: []report.Declaration{declared(8080, atAddress("127.0.0.1"))},
			build: func(m *machine) {
				m.snap.Probes = []host.Probe{{Candidate: tcpCandidate("127.0.0.1:8080"), Errno: host.EPERM, Call: "bind"}}
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine()
			if tt.build != nil {
				tt.build(m)
			}
			found := findingsOf(m, Preflight{Declarations: tt.ports})
			if got := shown(found); got != tt.want {
				t.Fatalf("got  %s\nwant %s\n%+v", got, tt.want, found)
			}
			if tt.summary != "" && !strings.Contains(found[0].Summary, tt.summary) {
				t.Errorf("%q does not say %q", found[0].Summary, tt.summary)
			}
			for _, f := range found {
				if f.File != tt.ports[0].File || f.Line == 0 || f.Summary == "" {
					t.Errorf("%+v says not where or what", f)
				}
			}
		})
	}
}
