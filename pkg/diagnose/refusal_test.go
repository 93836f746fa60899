package diagnose

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// probed adds the kernel's answer to a bind of the address.
func (m *machine) probed(local string, errno host.Errno, call string) *machine {
	m.snap.Probes = append(m.snap.Probes, host.Probe{Candidate: tcpCandidate(local), Errno: errno, Call: call})
	return m
}

// on diagnoses TCP port 8080 of the addresses.
func (m *machine) on(addresses ...string) report.Result {
	return Diagnose(&m.snap, []port.Target{target(8080, addresses...)}, Options{}).Results[0]
}

func causeOf(r report.Result, id report.CauseID) *report.Cause {
	i := slices.IndexFunc(r.Causes, func(c report.Cause) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &r.Causes[i]
}

func causesWith(r report.Result) string {
	words := []string{}
	for _, c := range r.Causes {
		words = append(words, string(c.ID)+":"+string(c.Confidence))
	}
	return strings.Join(words, " ")
}

// What could have refused a bind depends on the errno, on what was read, and on
// nothing else.
func TestPolicyCauses(t *testing.T) {
	const address = "127.0.0.1:8080"
	selinux := func(enforcing *bool, label string) host.Confinement {
		return host.Confinement{SecurityModules: []string{"selinux"}, SELinuxEnforcing: enforcing, Label: label}
	}
	program := func(name string, family int) []host.BindProgram {
		return []host.BindProgram{{ID: 7, Name: name, Family: family, Cgroup: "/system.slice/web.service"}}
	}
	tests := []struct {
		name        string
		errno       host.Errno
		call        string
		confinement host.Confinement
		want        string
	}{
		{"nothing", host.EPERM, "bind", host.Confinement{}, "unexplained_refusal:certain"},
		{"a filter that answers the same", host.EPERM, "bind", host.Confinement{Seccomp: "filter", BindFilter: host.EPERM}, "seccomp:certain"},
		{"a filter that answers otherwise", host.EACCES, "bind", host.Confinement{Seccomp: "filter", BindFilter: host.EPERM}, "unexplained_refusal:certain"},
		{"a filter that lets bind pass", host.EPERM, "bind", host.Confinement{Seccomp: "filter"}, "seccomp:possible"},
		{"a filter, and the socket was refused", host.EPERM, "socket", host.Confinement{Seccomp: "filter"}, "seccomp:likely"},
		{"an odd errno", "ENOSYS", "bind", host.Confinement{Seccomp: "filter", BindFilter: "ENOSYS"}, "seccomp:certain"},
		{"no filter", host.EPERM, "bind", host.Confinement{Seccomp: "disabled"}, "unexplained_refusal:certain"},
		{"a domain", host.EACCES, "bind", host.Confinement{LandlockABI: ptr(7), LandlockLayers: ptr(2)}, "landlock:likely"},
		{"a domain, another errno", host.EPERM, "bind", host.Confinement{LandlockABI: ptr(7), LandlockLayers: ptr(2)}, "unexplained_refusal:certain"},
		{"no domain", host.EACCES, "bind", host.Confinement{LandlockABI: ptr(7), LandlockLayers: ptr(0)}, "unexplained_refusal:certain"},
		{"domains unknown", host.EACCES, "bind", host.Confinement{LandlockABI: ptr(4)}, "landlock:possible"},
		{"a Landlock that knows no ports", host.EACCES, "bind", host.Confinement{LandlockABI: ptr(3)}, "unexplained_refusal:certain"},
		{"SELinux enforces", host.EACCES, "bind", selinux(ptr(true), "system_u:system_r:httpd_t:s0"), "selinux:likely"},
		{"SELinux, unconfined", host.EACCES, "bind", selinux(ptr(true), "u:r:unconfined_t:s0"), "selinux:possible"},
		{"SELinux only warns", host.EACCES, "bind", selinux(ptr(false), ""), "unexplained_refusal:certain"},
		{"SELinux, mode unknown", host.EACCES, "bind", selinux(nil, ""), "selinux:possible"},
		{"SELinux never says EPERM", host.EPERM, "bind", selinux(ptr(true), ""), "unexplained_refusal:certain"},
		{"AppArmor enforces", host.EACCES, "bind", host.Confinement{Label: "snap.web (enforce)"}, "apparmor:likely"},
		{"AppArmor complains", host.EACCES, "bind", host.Confinement{SecurityModules: []string{"apparmor"}, Label: "web (complain)"}, "unexplained_refusal:certain"},
		{"AppArmor, unconfined", host.EACCES, "bind", host.Confinement{SecurityModules: []string{"apparmor"}, Label: "unconfined"}, "unexplained_refusal:certain"},
		{"AppArmor, label unknown", host.EACCES, "bind", host.Confinement{SecurityModules: []string{"apparmor"}}, "apparmor:possible"},
		{"a program", host.EPERM, "bind", host.Confinement{BindPrograms: program("guard", 4)}, "cgroup_bpf:likely"},
		{"a program of the other family", host.EPERM, "bind", host.Confinement{BindPrograms: program("guard", 6)}, "unexplained_refusal:certain"},
		{"a program, another errno", host.EACCES, "bind", host.Confinement{BindPrograms: program("guard", 4)}, "cgroup_bpf:possible"},
		{"a program that may have moved the bind", host.EADDRINUSE, "bind", host.Confinement{BindPrograms: program("guard", 4)}, "cgroup_bpf:possible"},
		{"a program, and the socket was refused", host.EPERM, "socket", host.Confinement{BindPrograms: program("guard", 4)}, "unexplained_refusal:certain"},
		{"systemd", host.EPERM, "bind", host.Confinement{BindPrograms: program("sd_bind4", 4)}, "socket_bind_deny:likely"},
		{"systemd never says EACCES", host.EACCES, "bind", host.Confinement{BindPrograms: program("sd_bind4", 4)}, "unexplained_refusal:certain"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine().probed(address, tt.errno, tt.call)
			m.snap.Confinement = &tt.confinement
			r := m.on("127.0.0.1")
			if got := causesWith(r); got != tt.want {
				t.Errorf("causes %q, want %q", got, tt.want)
			}
			b := r.Binds[0]
			if b.Errno != tt.errno || b.Predicted != host.OK {
				t.Errorf("errno %q, predicted %q", b.Errno, b.Predicted)
			}
			if r.Status == report.StatusFree || r.Status == report.StatusUnknown {
				t.Errorf("status %s of a bind that the kernel refused", r.Status)
			}
			if tt.errno != host.EADDRINUSE && !strings.HasSuffix(b.Rule, "which no rule explains") {
				t.Errorf("rule %q", b.Rule)
			}
			if e := r.Causes[0].Evidence; e["errno"] != string(tt.errno) || e["call"] != tt.call {
				t.Errorf("evidence %v", e)
			}
		})
	}
}

// Every likely explanation is told, the surest one in the first line.
func TestSeveralPolicies(t *testing.T) {
	m := newMachine().probed("127.0.0.1:8080", host.EPERM, "bind")
	m.snap.Confinement = &host.Confinement{
		Seccomp: "filter", LandlockABI: ptr(7), LandlockLayers: ptr(1),
		BindPrograms: []host.BindProgram{{ID: 9, Family: 4}, {ID: 12, Name: "sd_bind4", Cgroup: "/user.slice/user@1000.service/app.slice/web.service", Family: 4}},
	}
	r := m.on("127.0.0.1")
	if got := causesWith(r); got != "socket_bind_deny:likely cgroup_bpf:likely seccomp:possible" {
		t.Errorf("causes %q", got)
	}
	want := "8080/tcp on 127.0.0.1 is free by every rule of the kernel, and the kernel still refuses it: EPERM. Likely: systemd decides which ports web.service may bind (SocketBindDeny=) by a BPF program of the cgroup (sd_bind4, id 12, at /user.slice/user@1000.service/app.slice/web.service)"
	if r.Summary != want {
		t.Errorf("summary %q", r.Summary)
	}
	show := []string{"systemctl", "--user", "show", "-p", "SocketBindAllow,SocketBindDeny", "web.service"}
	if got := causeOf(r, CauseSocketBindDeny).Remedies[0].Command; !slices.Equal(got, show) {
		t.Errorf("remedy %q", got)
	}
	if c := causeOf(r, CauseCgroupBPF); !strings.Contains(c.Summary, "id 9, at a cgroup that cannot be seen from here") {
		t.Errorf("summary %q", c.Summary)
	}
}

// A definite prediction that the kernel does not share, the other way round.
func TestKernelAllowsWhatTheRuleForbids(t *testing.T) {
	m := newMachine().process(7, "srv").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{7})
	m.probed("127.0.0.1:8080", host.OK, "")
	r := m.on("127.0.0.1")
	if r.Status != report.StatusFree || r.Binds[0].Predicted != host.EADDRINUSE || len(r.Binds[0].BlockedBy) != 0 || len(r.Causes) != 0 {
		t.Errorf("status %s, bind %+v, causes %q", r.Status, r.Binds[0], causesWith(r))
	}
	if !strings.Contains(r.Binds[0].Rule, "gone or shares the port") {
		t.Errorf("rule %q", r.Binds[0].Rule)
	}
}

// A taken port that is refused for another reason as well is taken.
func TestTakenAndRefused(t *testing.T) {
	m := newMachine().process(7, "srv").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{7})
	m.probed("127.0.0.1:8080", host.EPERM, "bind")
	m.snap.Confinement = &host.Confinement{BindPrograms: []host.BindProgram{{ID: 7, Name: "guard", Family: 4, Cgroup: "/"}}}
	r := m.on("127.0.0.1")
	if r.Status != report.StatusTaken || !strings.HasPrefix(r.Summary, "8080/tcp on 127.0.0.1 is taken: srv (pid 7)") {
		t.Errorf("%s: %s", r.Status, r.Summary)
	}
	if got := causesWith(r); got != "listener:certain cgroup_bpf:likely" {
		t.Errorf("causes %q", got)
	}
}

// An address in use without a socket: what was not read could hide it.
func TestInUseAndNothingFound(t *testing.T) {
	m := newMachine().probed("127.0.0.1:8080", host.EADDRINUSE, "bind")
	m.snap.Gaps = []host.Gap{
		{Source: "sock_diag", Subject: "bound sockets that do not listen", Reason: "the kernel is older than 6.8", Decides: true},
		{Source: "sock_diag", Subject: "udp sockets", Reason: "refused", Decides: true, Protocol: port.UDP},
	}
	r := m.on("127.0.0.1")
	c := causeOf(r, CauseUnexplainedRefusal)
	if c == nil || !slices.Equal(c.Evidence["not_read"].([]string), []string{"bound sockets that do not listen"}) {
		t.Fatalf("causes %+v", r.Causes)
	}
	if want := "8080/tcp on 127.0.0.1 is taken: the kernel refuses to bind it, and what holds it was not found"; r.Summary != want {
		t.Errorf("summary %q", r.Summary)
	}
}

// An answer to a prediction that was open is no contradiction, unless no rule
// gives it.
func TestOpenPredictions(t *testing.T) {
	for errno, want := range map[host.Errno]string{
		host.OK: "", host.EADDRINUSE: "time_wait:certain", host.EPERM: "time_wait:possible unexplained_refusal:certain", host.EACCES: "time_wait:possible unexplained_refusal:certain",
	} {
		m := newMachine().socket(port.TCP, "127.0.0.1:8080", host.StateTimeWait, nil, timeWaitFor(1000))
		m.probed("127.0.0.1:8080", errno, "bind")
		r := m.on("127.0.0.1")
		if got := causesWith(r); r.Binds[0].Predicted != host.ErrnoUnknown || got != want {
			t.Errorf("%s: predicted %q, causes %q, want %q", errno, r.Binds[0].Predicted, got, want)
		}
	}
}

func TestUnitOf(t *testing.T) {
	for cgroup, want := range map[string]string{
		"/system.slice/web.service": "web.service", "/system.slice": "system.slice", "/": "", "": "", "/portwho-1": "",
		"/system.slice/web.service/payload":                                 "web.service",
		"/user.slice/user-1000.slice/user@1000.service":                     "user@1000.service",
		"/user.slice/user-1000.slice/user@1000.service/app.slice/x.service": "x.service user",
		"/user.slice/user-1000.slice/session-2.scope":                       "session-2.scope",
	} {
		unit, user := unitOf(cgroup)
		if user {
			unit += " user"
		}
		if unit != want {
			t.Errorf("%s: %q, want %q", cgroup, unit, want)
		}
	}
}

// TestAddressCauses: what the errno says about an address or a privilege.
func TestAddressCauses(t *testing.T) {
	tests := []struct {
		name    string
		edit    func(*machine)
		local   string
		options host.BindOptions
		errno   host.Errno
		want    string
		remedy  string
	}{
		{"another machine's", nil, "192.0.2.9:8080", host.BindOptions{}, host.EADDRNOTAVAIL, "address_not_local:certain", "sudo sysctl -w net.ipv4.ip_nonlocal_bind=1"},
		{"privileged", nil, "127.0.0.1:80", host.BindOptions{}, host.EACCES, "privileged_port:certain", "sudo setcap cap_net_bind_service=+ep PROGRAM"},
		{"link-local", nil, "[fe80::1]:8080", host.BindOptions{}, host.EINVAL, "link_local_scope:certain", ""},
		{"link-local of an interface", func(m *machine) {
			m.snap.Network.Addresses = append(m.snap.Network.Addresses, host.InterfaceAddress{Interface: "eth0", Index: 2, Prefix: netip.MustParsePrefix("fe80::1/64")})
		}, "[fe80::1]:8080", host.BindOptions{}, host.EINVAL, "link_local_scope:certain", "portwho check [fe80::1%eth0]:8080"},
		{"no IPv6", func(m *machine) { m.snap.Network.IPv6 = ptr(false) }, "[::1]:8080", host.BindOptions{}, host.EAFNOSUPPORT, "no_ipv6:certain", ""},
		{"::1 is off", func(m *machine) {
			m.snap.Network.Addresses = slices.DeleteFunc(m.snap.Network.Addresses, func(a host.InterfaceAddress) bool { return a.Prefix.Addr().Is6() })
		}, "[::1]:8080", host.BindOptions{}, host.EADDRNOTAVAIL, "no_ipv6:certain", "sudo sysctl -w net.ipv6.conf.lo.disable_ipv6=0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine()
			if tt.edit != nil {
				tt.edit(m)
			}
			at := netip.MustParseAddrPort(tt.local)
			r := Diagnose(&m.snap, []port.Target{target(at.Port(), at.Addr().String())}, Options{}).Results[0]
			if r.Binds[0].Errno != tt.errno || causesWith(r) != tt.want {
				t.Fatalf("errno %q, causes %q, want %q", r.Binds[0].Errno, causesWith(r), tt.want)
			}
			has := slices.ContainsFunc(r.Causes[0].Remedies, func(r report.Remedy) bool { return strings.Join(r.Command, " ") == tt.remedy })
			if tt.remedy != "" && !has {
				t.Errorf("remedies %+v", r.Causes[0].Remedies)
			}
		})
	}
}

// Errnos that only a probe gives today name their cause all the same.
func TestProbedAddressCauses(t *testing.T) {
	tests := []struct {
		candidate host.Candidate
		errno     host.Errno
		want      string
	}{
		{tcpCandidate("127.0.0.1:8080", func(o *host.BindOptions) { o.Interface = "nosuch0" }), host.ENODEV, "no_interface:certain"},
		{tcpCandidate("[ff05::1]:8080"), host.EINVAL, "invalid_address:certain"},
		{tcpCandidate("[::ffff:127.0.0.1]:8080", func(o *host.BindOptions) { o.IPv6Only = true }), host.EINVAL, "invalid_address:certain"},
	}
	for _, tt := range tests {
		m := newMachine()
		v := newView(judge{snap: &m.snap}, port.Target{Addresses: []netip.Addr{tt.candidate.Local.Addr()}}, port.TCP, 8080, nil, Options{})
		v.verdicts = []Verdict{{Candidate: tt.candidate, Errno: tt.errno, Predicted: tt.errno}}
		r := report.Result{}
		for _, find := range causeFinders() {
			if c, found := find(v); found {
				r.Causes = append(r.Causes, c)
			}
		}
		if got := causesWith(r); got != tt.want {
			t.Errorf("%s: causes %q, want %q", tt.candidate.Local, got, tt.want)
		}
	}
}
