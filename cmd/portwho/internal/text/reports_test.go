package text

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// The reports below are made by hand. They have the shape that package
// diagnose gives them, and nothing in them was read from a machine.

var taken = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

func ago(d time.Duration) *time.Time { return ptr(taken.Add(-d)) }

func reportOf(results ...report.Result) report.Report {
	return report.Report{
		Schema:  report.Schema,
		Tool:    report.Tool{Name: "portwho", Version: "test"},
		Host:    host.Info{Name: "workbench", OS: "linux", Kernel: "6.12.0"},
		TakenAt: taken,
		Results: results,
	}
}

func infoOf(number uint16) report.PortInfo {
	ephemeral := port.Range{First: 32768, Last: 60999}
	class := port.ClassOf(number)
	return report.PortInfo{
		Class:          class,
		Range:          class.Range(),
		Ephemeral:      ptr(ephemeral.Contains(number)),
		Reserved:       ptr(false),
		Privileged:     ptr(number < 1024),
		EphemeralRange: &ephemeral,
	}
}

func resultOf(text string, number uint16, protocol port.Protocol, status report.Status, summary string) report.Result {
	return report.Result{
		Target:  report.Target{Text: text, Protocol: protocol, Port: number},
		Status:  status,
		Summary: summary,
		Port:    infoOf(number),
	}
}

// fourBinds are the verdicts of an address-less target: errno and rule for
// 127.0.0.1, 0.0.0.0, ::1 and :: in turn.
func fourBinds(protocol port.Protocol, blockedBy string, answers ...string) []report.Bind {
	var out []report.Bind
	for i, address := range []string{"127.0.0.1", "0.0.0.0", "::1", "::"} {
		b := report.Bind{Address: address, Proof: report.ProofPredicted, BlockedBy: []string{}}
		b.Options.ReuseAddress = protocol == port.TCP
		b.Errno, b.Rule = host.Errno(answers[2*i]), answers[2*i+1]
		if b.Errno != host.OK && b.Errno != host.ErrnoUnknown {
			b.BlockedBy = []string{blockedBy}
		}
		out = append(out, b)
	}
	return out
}

func socketOn(id, local string, state host.State, reach report.Reach, holders ...report.Holder) report.Socket {
	s := report.Socket{
		ID: id, Protocol: port.TCP, Local: netip.MustParseAddrPort(local), State: state, Reach: reach,
		Holders: holders, HolderStatus: host.HoldersKnown,
	}
	if s.Local.Addr().Is6() {
		s.IPv6Only = ptr(false)
	}
	return s
}

func linkOf(id, local, remote string, state host.State, holders ...report.Holder) report.Socket {
	s := socketOn(id, local, state, report.ReachNone, holders...)
	s.Remote = ptr(netip.MustParseAddrPort(remote))
	if len(holders) == 0 {
		s.HolderStatus = host.HoldersNone
	}
	return s
}

var (
	python = report.Holder{
		PID: 41233, Via: host.ViaFD, StartTime: ago(2*time.Hour + 14*time.Minute), Name: "python3", User: "ana",
		Command: []string{"python3", "-m", "http.server", "62893", "--bind", "127.0.0.1"}, Cwd: "/home/ana/src/blog", State: host.ProcessRunning,
	}
	postgres = report.Holder{
		PID: 812, Via: host.ViaFD, StartTime: ago(75 * time.Hour), Name: "postgres", User: "postgres",
		Command: []string{"/usr/lib/postgresql/15/bin/postgres", "-D", "/var/lib/postgresql/15/main", "-c", "config_file=/etc/postgresql/15/main/postgresql.conf"},
		Cwd:     "/var/lib/postgresql/15/main", State: host.ProcessRunning,
	}
	dockerProxy = report.Holder{
		PID: 2204, Via: host.ViaFD, StartTime: ago(26 * time.Minute), Name: "docker-proxy", User: "root",
		Command: []string{"/usr/bin/docker-proxy", "-proto", "tcp", "-host-ip", "0.0.0.0", "-host-port", "5432", "-container-ip", "172.17.0.2", "-container-port", "5432"},
		Cwd:     "/", State: host.ProcessRunning,
	}
	node = report.Holder{
		PID: 4411, Via: host.ViaFD, StartTime: ago(41 * time.Second), Name: "node", User: "ana",
		Command: []string{"node", "./server.js", "--title", "it's a test"}, Cwd: "/home/ana", State: host.ProcessStopped,
	}
	chrome = report.Holder{
		PID: 902, Via: host.ViaFD, StartTime: ago(9 * time.Hour), Name: "chrome", User: "ana",
		Command: []string{"/opt/google/chrome/chrome", "--type=utility"}, Cwd: "/home/ana", State: host.ProcessRunning,
	}
	cjk = report.Holder{
		PID: 7777, Via: host.ViaFD, StartTime: ago(12 * time.Minute), Name: "開発サーバー", User: "山田",
		Command: []string{"/opt/開発/サーバー", "--ポート", "8000"}, Cwd: "/home/ana/仕事", State: host.ProcessRunning,
	}
	shell = host.Manager{Kind: host.ManagerShell, Name: "zsh job on pts/3", ID: "pts/3"}
)

func worker(pid int32) report.Holder {
	return report.Holder{
		PID: pid, Via: host.ViaFD, StartTime: ago(49 * time.Hour), Name: "nginx", User: "www-data",
		Command: []string{"nginx: worker process", "", "", "", "", ""}, Cwd: "/", State: host.ProcessRunning,
	}
}

func listener() report.Result {
	r := resultOf("62893", 62893, port.TCP, report.StatusTaken, "62893/tcp is taken: python3 (pid 41233) listens on 127.0.0.1")
	s := socketOn("tcp/1", "127.0.0.1:62893", host.StateListen, report.ReachLoopback, python)
	s.User, s.Managers = "ana", []host.Manager{shell}
	r.Sockets = []report.Socket{s}
	r.Binds = fourBinds(port.TCP, "tcp/1",
		"EADDRINUSE", "127.0.0.1 is held",
		"EADDRINUSE", "127.0.0.1 is held, and 0.0.0.0 includes it",
		"", "nothing is in the way",
		"EADDRINUSE", "127.0.0.1 is held, and :: being dual stack includes it")
	r.Causes = []report.Cause{{
		ID: "listener", Confidence: report.Certain, Summary: "python3 (pid 41233) listens on 127.0.0.1",
		Remedies: []report.Remedy{
			{Summary: "stop python3 (pid 41233) and wait until the port is free", Command: []string{"portwho", "kill", "62893"}},
			{Summary: "take another port", Command: []string{"portwho", "free", "--near", "62893"}},
		},
	}, {
		ID: "orphan", Confidence: report.Likely, Summary: "the terminal it was started from is gone",
		Remedies: []report.Remedy{{Summary: "stop it again", Command: []string{"portwho", "kill", "62893"}}},
	}}
	return r
}

func freeUDP() report.Result {
	r := resultOf("62893", 62893, port.UDP, report.StatusFree, "62893/udp is free: nobody holds it")
	r.Binds = fourBinds(port.UDP, "", "", "", "", "", "", "", "", "")
	return r
}

// workers is a server with four sockets by SO_REUSEPORT and many connections.
func workers() report.Result {
	r := resultOf("80", 80, port.TCP, report.StatusTaken, "80/tcp is taken: nginx (pids 812, 813, 814, 815) of nginx.service listen on 0.0.0.0")
	r.Port.Service = "http"
	unit := []host.Manager{{Kind: host.ManagerUnit, Name: "nginx.service", Stop: []string{"sudo", "systemctl", "stop", "nginx.service"}}}
	for i := range 4 {
		s := socketOn(fmt.Sprintf("tcp/%d", i), "0.0.0.0:80", host.StateListen, report.ReachAll, worker(int32(812+i)))
		s.Group, s.User, s.Managers = 4, "root", unit
		r.Sockets = append(r.Sockets, s)
	}
	for i := range 214 {
		s := linkOf(fmt.Sprintf("tcp/1%d", i), "192.168.1.20:80", fmt.Sprintf("198.51.100.%d:50%03d", i, i), host.StateEstablished, worker(int32(812+i%4)))
		if i >= 180 {
			s = linkOf(fmt.Sprintf("tcp/tw%d", i), "192.168.1.20:80", fmt.Sprintf("198.51.100.%d:50%03d", i, i), host.StateTimeWait)
			s.ExpiresMS = ptr(uint32(1000 * (i - 160)))
		}
		r.Sockets = append(r.Sockets, s)
	}
	r.Binds = fourBinds(port.TCP, "tcp/0",
		"EADDRINUSE", "0.0.0.0 is held and includes 127.0.0.1",
		"EADDRINUSE", "0.0.0.0 is held",
		"EACCES", "ports below 1024 are for privileged users",
		"EADDRINUSE", "0.0.0.0 is held, and :: being dual stack includes it")
	for _, s := range r.Sockets {
		r.Binds[1].BlockedBy = append(r.Binds[1].BlockedBy, s.ID)
	}
	r.Causes = []report.Cause{
		{ID: "listener", Confidence: report.Certain, Remedies: []report.Remedy{{Summary: "stop nginx.service", Command: unit[0].Stop}}},
		{ID: "reuseport_group", Confidence: report.Certain, Remedies: []report.Remedy{{Summary: "stop all of them; while one is left, the port stays taken"}}},
	}
	return r
}

func boundOnly() report.Result {
	r := resultOf("3000", 3000, port.TCP, report.StatusTaken, "3000/tcp is taken, and nothing listens on it: node (pid 4411) bound it and does not listen")
	r.Port.KnownAs = []port.Tool{{Name: "React", URL: "https://example.org/react"}, {Name: "Grafana", Risk: port.RiskAdmin, URL: "https://example.org/grafana"}}
	s := socketOn("tcp/9", "[::]:3000", host.StateBound, report.ReachNone, node)
	s.User = "ana"
	r.Sockets = []report.Socket{s}
	r.Binds = fourBinds(port.TCP, "tcp/9",
		"EADDRINUSE", ":: is bound, and being dual stack it includes 127.0.0.1",
		"EADDRINUSE", ":: is bound, and being dual stack it includes 0.0.0.0",
		"EADDRINUSE", ":: is bound and includes ::1",
		"EADDRINUSE", ":: is bound")
	r.Causes = []report.Cause{{ID: "bound_not_listening", Confidence: report.Certain, Summary: "node (pid 4411) bound :: and does not listen",
		Remedies: []report.Remedy{{Summary: "stop node (pid 4411) and wait until the port is free", Command: []string{"portwho", "kill", "3000"}}}}}
	return r
}

func outgoing() report.Result {
	r := resultOf("127.0.0.1:50123", 50123, port.TCP, report.StatusTaken,
		"50123/tcp on 127.0.0.1 is taken by an outgoing connection: chrome (pid 902) uses it as its own port towards 140.82.112.4:443")
	r.Target.Address = "127.0.0.1"
	s := linkOf("tcp/5", "127.0.0.1:50123", "140.82.112.4:443", host.StateEstablished, chrome)
	s.User = "ana"
	r.Sockets = []report.Socket{s}
	r.Binds = []report.Bind{{
		Address: "127.0.0.1", Errno: host.EADDRINUSE, Proof: report.ProofProbe, BlockedBy: []string{"tcp/5"}, Rule: "127.0.0.1 is in use by a connection",
		Options: host.BindOptions{ReusePort: true, UID: ptr(uint32(1000)), Interface: "lo"},
	}}
	r.Causes = []report.Cause{{ID: "outgoing_connection", Confidence: report.Certain, Remedies: []report.Remedy{
		{Summary: "wait for the connection to end, or let that program close it"},
		{Summary: "or keep this port out of that choice", Command: []string{"sudo", "sysctl", "-w", "net.ipv4.ip_local_reserved_ports=50123"}},
	}}}
	return r
}

func timeWait() report.Result {
	r := resultOf("8080", 8080, port.TCP, report.StatusTaken, "8080/tcp will be free in 41 s: TIME_WAIT, left by a socket that did not set SO_REUSEADDR")
	r.Port.Service = "http-alt"
	for i := range 5 {
		s := linkOf(fmt.Sprintf("tcp/t%d", i), "127.0.0.1:8080", fmt.Sprintf("127.0.0.1:4000%d", i), host.StateTimeWait)
		s.ExpiresMS = ptr(uint32(36500 + 1000*i))
		r.Sockets = append(r.Sockets, s)
	}
	r.Binds = fourBinds(port.TCP, "tcp/t0",
		"EADDRINUSE", "127.0.0.1 is still in TIME_WAIT",
		"UNKNOWN", "it depends on whether the socket on 127.0.0.1 set SO_REUSEADDR, which could not be read",
		"", "",
		"UNKNOWN", "it depends on whether the socket on 127.0.0.1 set SO_REUSEADDR, which could not be read")
	r.Causes = []report.Cause{{ID: "time_wait", Confidence: report.Certain, Remedies: []report.Remedy{
		{Summary: "wait 41 s"},
		{Summary: "set SO_REUSEADDR in the server: the old socket's flag counts as well as the new one's, so it helps from the next restart on"},
	}}}
	return r
}

func hidden() report.Result {
	r := resultOf("9000", 9000, port.TCP, report.StatusTaken, "9000/tcp is taken: a process of user root (uid 0) in container shop-web-1 listens on ::; run with sudo to name it")
	s := socketOn("tcp/h", "[::]:9000", host.StateListen, report.ReachAll)
	s.HolderStatus, s.UID, s.User = host.HoldersHidden, ptr(uint32(0)), "root"
	s.Managers = []host.Manager{
		{Kind: host.ManagerContainer, Name: "shop-web-1", ID: "0123456789ab", Stop: []string{"docker", "stop", "shop-web-1"}},
		{Kind: host.ManagerUnit, Name: "docker.service"},
	}
	r.Sockets = []report.Socket{s}
	r.Binds = fourBinds(port.TCP, "tcp/h",
		"EADDRINUSE", ":: is held, and being dual stack it includes 127.0.0.1",
		"EADDRINUSE", ":: is held, and being dual stack it includes 0.0.0.0",
		"EADDRINUSE", ":: is held and includes ::1",
		"EADDRINUSE", ":: is held")
	r.Causes = []report.Cause{{ID: "listener", Confidence: report.Certain, Remedies: []report.Remedy{
		{Summary: "name the process", Command: []string{"sudo", "portwho", "9000"}},
		{Summary: "stop shop-web-1", Command: []string{"docker", "stop", "shop-web-1"}},
	}}}
	return r
}

func twoServers() report.Result {
	r := resultOf("postgres", 5432, port.TCP, report.StatusPartlyFree,
		"5432/tcp has two servers: postgres (pid 812) of postgresql@15-main.service on 127.0.0.1 and docker-proxy (pid 2204) in container db on 192.168.1.20")
	r.Port.Service = "postgresql"
	r.Port.KnownAs = []port.Tool{{Name: "PostgreSQL", Risk: port.RiskDB, URL: "https://example.org/postgres"}}
	a := socketOn("tcp/a", "127.0.0.1:5432", host.StateListen, report.ReachLoopback, postgres)
	a.User, a.Managers = "postgres", []host.Manager{{Kind: host.ManagerUnit, Name: "postgresql@15-main.service"}}
	b := socketOn("tcp/b", "192.168.1.20:5432", host.StateListen, report.ReachLink, dockerProxy)
	b.User, b.Managers = "root", []host.Manager{{Kind: host.ManagerContainer, Name: "db"}, {Kind: host.ManagerUnit, Name: "docker.service"}}
	r.Sockets = []report.Socket{a, b}
	r.Binds = fourBinds(port.TCP, "tcp/a",
		"EADDRINUSE", "127.0.0.1 is held",
		"EADDRINUSE", "127.0.0.1 is held, and 0.0.0.0 includes it",
		"", "",
		"EADDRINUSE", "127.0.0.1 is held, and :: being dual stack includes it")
	r.Binds[0].BlockedBy = []string{"tcp/a"}
	r.Binds[1].BlockedBy = []string{"tcp/a", "tcp/b"}
	r.Causes = []report.Cause{{ID: "listener", Confidence: report.Certain, Remedies: []report.Remedy{
		{Summary: "stop postgresql@15-main.service", Command: []string{"sudo", "systemctl", "stop", "postgresql@15-main.service"}},
		{Summary: "stop db", Command: []string{"docker", "stop", "db"}},
	}}}
	return r
}

func wideRunes() report.Result {
	r := resultOf("8000", 8000, port.TCP, report.StatusTaken, "8000/tcp is taken: 開発サーバー (pid 7777) listens on 127.0.0.1 and ::1")
	a := socketOn("tcp/c4", "127.0.0.1:8000", host.StateListen, report.ReachLoopback, cjk)
	b := socketOn("tcp/c6", "[::1]:8000", host.StateListen, report.ReachLoopback, cjk)
	for _, s := range []*report.Socket{&a, &b} {
		s.User, s.Managers = "山田", []host.Manager{{Kind: host.ManagerUnit, Name: "開発.service"}}
	}
	r.Sockets = []report.Socket{a, b}
	r.Binds = fourBinds(port.TCP, "tcp/c4",
		"EADDRINUSE", "127.0.0.1 is held",
		"EADDRINUSE", "127.0.0.1 is held, and 0.0.0.0 includes it",
		"EADDRINUSE", "::1 is held",
		"EADDRINUSE", "::1 is held, and :: includes it")
	r.Causes = []report.Cause{{ID: "listener", Remedies: []report.Remedy{{Summary: "stop 開発.service", Command: []string{"systemctl", "--user", "stop", "開発.service"}}}}}
	return r
}

func unknownResult() report.Report {
	r := resultOf("udp/53", 53, port.UDP, report.StatusUnknown, "53/udp may or may not be free: udp sockets could not be listed")
	r.Port.Service = "domain"
	r.Port.Ephemeral, r.Port.EphemeralRange, r.Port.Privileged = nil, nil, nil
	r.Binds = fourBinds(port.UDP, "",
		"UNKNOWN", "udp sockets could not be listed", "UNKNOWN", "udp sockets could not be listed",
		"EADDRNOTAVAIL", "::1 is not an address of this machine", "UNKNOWN", "udp sockets could not be listed")
	rep := reportOf(r)
	rep.Gaps = []host.Gap{
		{Source: "sock_diag", Subject: "udp sockets", Reason: "operation not permitted", Hint: "run with sudo", Decides: true},
		{Source: "/proc", Subject: "holders of 3 processes", Reason: "permission denied", Hint: "run with sudo to name them"},
		{Source: "/proc", Subject: "holders of 3 processes", Reason: "permission denied", Hint: "run with sudo to name them"},
	}
	return rep
}

func forbidden() report.Result {
	r := resultOf("443", 443, port.TCP, report.StatusForbidden, "443/tcp is held by nobody, and this user may not bind it: ports below 1024 are for privileged users")
	r.Port.Service = "https"
	r.Binds = fourBinds(port.TCP, "",
		"EACCES", "ports below 1024 are for privileged users", "EACCES", "ports below 1024 are for privileged users",
		"EACCES", "ports below 1024 are for privileged users", "EACCES", "ports below 1024 are for privileged users")
	for i := range r.Binds {
		r.Binds[i].BlockedBy = nil
	}
	r.Causes = []report.Cause{{ID: "privileged", Confidence: report.Certain, Remedies: []report.Remedy{
		{Summary: "give the program the right to", Command: []string{"sudo", "setcap", "cap_net_bind_service=+ep", "/path/to/your program"}},
	}}}
	return r
}

// portRange is 8000-8010 with three ports taken and one unknown.
func portRange() report.Report {
	var results []report.Result
	for n := uint16(8000); n <= 8010; n++ {
		for _, protocol := range []port.Protocol{port.TCP, port.UDP} {
			r := resultOf("8000-8010", n, protocol, report.StatusFree, fmt.Sprintf("%d/%s is free: nobody holds it", n, protocol))
			switch {
			case protocol == port.TCP && n == 8000:
				r = wideRunes()
			case protocol == port.TCP && n == 8003:
				r = workers()
				for i := range r.Sockets {
					r.Sockets[i].Local = netip.AddrPortFrom(r.Sockets[i].Local.Addr(), n)
				}
			case protocol == port.TCP && n == 8004:
				r = hidden()
			case protocol == port.TCP && n == 8009:
				r.Status = report.StatusUnknown
			}
			r.Target = report.Target{Text: "8000-8010", Protocol: protocol, Port: n}
			results = append(results, r)
		}
	}
	return reportOf(results...)
}

// listing is what portwho without a target shows.
func listing() report.Report {
	seat := func(number uint16, protocol port.Protocol, tools []port.Tool, sockets ...report.Socket) report.Result {
		r := resultOf(fmt.Sprintf("%s/%d", protocol, number), number, protocol, report.StatusTaken, "")
		r.Port.KnownAs = tools
		for i := range sockets {
			sockets[i].Protocol = protocol
		}
		r.Sockets = sockets
		return r
	}
	sshd := report.Holder{PID: 701, Via: host.ViaFD, StartTime: ago(2000 * time.Hour), Name: "sshd", User: "root", Command: []string{"sshd: /usr/sbin/sshd -D [listener]"}, Cwd: "/"}
	resolved := report.Holder{PID: 455, Via: host.ViaFD, StartTime: ago(2000 * time.Hour), Name: "systemd-resolve", User: "systemd-resolve", Command: []string{"/lib/systemd/systemd-resolved"}, Cwd: "/"}
	inspector := report.Holder{PID: 5150, Via: host.ViaFD, StartTime: ago(3 * time.Minute), Name: "node", User: "ana", Command: []string{"node", "--inspect=0.0.0.0:9229", "server.js"}, Cwd: "/home/ana"}

	ssh4 := socketOn("l1", "0.0.0.0:22", host.StateListen, report.ReachAll, sshd)
	ssh6 := socketOn("l2", "[::]:22", host.StateListen, report.ReachAll, sshd)
	ssh6.IPv6Only = ptr(true)
	dns := socketOn("l3", "127.0.0.53:53", host.StateUnconnected, report.ReachLoopback, resolved)
	dns.Interface = "lo"
	mdns := socketOn("l4", "224.0.0.251:5353", host.StateUnconnected, report.ReachLink, chrome)
	pg := socketOn("l5", "127.0.0.1:5432", host.StateListen, report.ReachLoopback, postgres)
	debug := socketOn("l6", "0.0.0.0:9229", host.StateListen, report.ReachAll, inspector)
	redis := socketOn("l7", "[2001:db8:85a3:8d3:1319:8a2e:370:7348]:6379", host.StateListen, report.ReachLink)
	redis.HolderStatus, redis.UID = host.HoldersHidden, ptr(uint32(999))
	wireguard := socketOn("l8", "0.0.0.0:51820", host.StateUnconnected, report.ReachAll)
	wireguard.HolderStatus = host.HoldersKernel
	vite4 := socketOn("l9", "127.0.0.1:8000", host.StateListen, report.ReachLoopback, cjk)
	vite6 := socketOn("l10", "[::1]:8000", host.StateListen, report.ReachLoopback, cjk)
	for _, s := range []*report.Socket{&ssh4, &ssh6} {
		s.Managers = []host.Manager{{Kind: host.ManagerUnit, Name: "ssh.service"}}
	}
	dns.Managers = []host.Manager{{Kind: host.ManagerUnit, Name: "systemd-resolved.service"}}
	pg.Managers = []host.Manager{{Kind: host.ManagerUnit, Name: "postgresql@15-main.service"}}
	debug.Managers = []host.Manager{shell}
	redis.Managers = []host.Manager{{Kind: host.ManagerContainer, Name: "cache"}}

	web := workers()
	rep := reportOf(
		seat(22, port.TCP, nil, ssh4, ssh6),
		seat(53, port.UDP, nil, dns),
		seat(80, port.TCP, nil, web.Sockets...),
		seat(5353, port.UDP, nil, mdns),
		seat(5432, port.TCP, []port.Tool{{Name: "PostgreSQL", Risk: port.RiskDB}}, pg),
		seat(6379, port.TCP, []port.Tool{{Name: "Redis", Risk: port.RiskRCE}, {Name: "Valkey", Risk: port.RiskRCE}}, redis),
		seat(8000, port.TCP, nil, vite4, vite6),
		seat(9229, port.TCP, []port.Tool{{Name: "Node.js inspector", Risk: port.RiskRCE}}, debug),
		seat(51820, port.UDP, []port.Tool{{Name: "WireGuard"}}, wireguard),
	)
	rep.Gaps = []host.Gap{{Source: "/proc", Subject: "holders of 41 processes", Reason: "permission denied", Hint: "run with sudo to name them"}}
	return rep
}

func checking() report.Report {
	results := []report.Result{listener(), workers(), boundOnly(), hidden(), twoServers(), timeWait(), forbidden(), freeUDP()}
	results[0].Target.Text = "http://localhost:62893/x"
	return reportOf(results...)
}

func explaining() report.Explanation {
	explained := func(number uint16, protocol port.Protocol, service string, tools ...port.Tool) report.ExplainedPort {
		e := report.ExplainedPort{Protocol: protocol, Port: number, PortInfo: infoOf(number)}
		e.Service, e.KnownAs = service, tools
		return e
	}
	unknown := explained(40000, port.UDP, "")
	unknown.Ephemeral, unknown.EphemeralRange, unknown.Privileged, unknown.Reserved = nil, nil, nil, nil
	kept := explained(50000, port.TCP, "")
	kept.Reserved = ptr(true)
	var busy []port.Tool
	for i, name := range []string{"Tomcat", "Adminer", "Jenkins", "cAdvisor", "Weaviate", "Vapor"} {
		risk := []port.Risk{port.RiskNone, port.RiskAdmin, port.RiskNone, port.RiskAdmin, port.RiskDB, port.RiskNone}[i]
		busy = append(busy, port.Tool{Name: name, Risk: risk, URL: "https://example.org/" + name})
	}
	return report.Explanation{Ports: []report.ExplainedPort{
		explained(22, port.TCP, "ssh"),
		explained(6379, port.TCP, "redis",
			port.Tool{Name: "Redis", Risk: port.RiskRCE, URL: "https://redis.io/docs/latest/operate/oss_and_stack/management/security/"},
			port.Tool{Name: "Valkey", Risk: port.RiskDB, URL: "https://valkey.io/topics/security/"}),
		kept, unknown,
		explained(8080, port.TCP, "http-alt", busy...), explained(8080, port.UDP, "http-alt"),
		explained(8080, port.TCP, "http-alt"), explained(8080, port.UDP, "other"),
	}}
}
