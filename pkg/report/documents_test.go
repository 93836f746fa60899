package report_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// written is a report in its JSON form, as bytes and as plain values.
func written(t testing.TB, write func(io.Writer) error) ([]byte, any) {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(b.Bytes(), &value); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, b.Bytes())
	}
	return b.Bytes(), value
}

// documents are hand-built answers of every kind. Together they take every
// branch of the schemas, which TestDocumentsCoverSchema proves.
func documents(t testing.TB) map[string][]any {
	_, bare := written(t, func(w io.Writer) error { return report.WriteJSON(w, bareReport()) })
	_, full := written(t, func(w io.Writer) error { return report.WriteJSON(w, fullReport()) })
	_, bareStop := written(t, func(w io.Writer) error { return report.WriteStopJSON(w, bareStopReport()) })
	_, fullStop := written(t, func(w io.Writer) error { return report.WriteStopJSON(w, fullStopReport()) })
	_, explained := written(t, func(w io.Writer) error { return report.WriteExplanationJSON(w, explanation()) })
	waited := []any{}
	for _, r := range waitReports() {
		_, document := written(t, func(w io.Writer) error { return report.WriteWaitJSON(w, r) })
		waited = append(waited, document)
	}
	watched := []any{}
	for _, e := range watchEvents() {
		_, document := written(t, func(w io.Writer) error { return report.WriteEventJSON(w, e) })
		watched = append(watched, document)
	}
	_, free := written(t, func(w io.Writer) error { return report.WriteFreeJSON(w, freeReport()) })
	return map[string][]any{
		waitSchema:    waited,
		freeSchema:    {free},
		watchSchema:   watched,
		reportSchema:  {bare, full},
		stopSchema:    {bareStop, fullStop},
		explainSchema: {explained},
	}
}

var taken = time.Date(2026, 11, 24, 5, 0, 0, 123456789, time.FixedZone("", 3600))

func bareReport() report.Report {
	return report.Report{
		Schema:  report.Schema,
		Tool:    report.Tool{Name: "portwho", Version: "devel"},
		Host:    host.Info{OS: "linux"},
		TakenAt: taken,
		Results: []report.Result{bareResult()},
	}
}

// bareResult has nothing that may be absent.
func bareResult() report.Result {
	return report.Result{
		Target:  report.Target{Text: "8080", Protocol: port.TCP, Port: 8080},
		Status:  report.StatusFree,
		Summary: "8080/tcp is free: nobody holds it",
		Port:    report.PortInfo{Class: port.Registered, Range: port.Registered.Range()},
	}
}

func ptr[T any](v T) *T { return &v }

func fullReport() report.Report {
	r := bareReport()
	r.Gaps = []host.Gap{
		{Source: "/proc", Subject: "holders of 3 processes", Reason: "permission denied"},
		{Source: "sock_diag", Subject: "udp sockets", Reason: "not supported", Hint: "run with sudo", Decides: true, Protocol: port.UDP},
		{Source: "/proc", Subject: "open files of 2 processes", Reason: "permission denied", HoldersOnly: true},
		{Source: "nf_tables", Subject: "rules of the packet filter", Reason: "permission denied", AnswersOnly: true},
	}
	r.Results = nil
	states := []host.State{
		host.StateListen, host.StateEstablished, host.StateSynSent, host.StateSynReceived, host.StateFinWait1, host.StateFinWait2,
		host.StateTimeWait, host.StateCloseWait, host.StateLastAck, host.StateClosing, host.StateBound, host.StateUnconnected,
	}
	holderStates := []host.HolderStatus{host.HoldersKnown, host.HoldersPartial, host.HoldersHidden, host.HoldersNone, host.HoldersKernel}
	statuses := []report.Status{
		report.StatusTaken, report.StatusFree, report.StatusPartlyFree, report.StatusForbidden, report.StatusUnavailable, report.StatusUnknown,
	}
	causes := []report.CauseID{
		"listener", "wildcard_overlap", "dual_stack", "reuseport_group", "bound_not_listening", "outgoing_connection",
		"reserved_port_client", "time_wait", "leftover_connection", "orphaned_connection", "backlog", "hidden_holder",
		"inherited_descriptor", "dead_leader", "in_flight", "io_uring", "kernel_socket", "orphan_server",
		"container_published", "socket_activation", "debug_port", "unexplained_refusal", "privileged_port",
		"address_not_local", "link_local_scope", "invalid_address", "no_interface", "no_ipv6", "selinux", "apparmor",
		"landlock", "seccomp", "cgroup_bpf", "socket_bind_deny", "shadowed", "nat_redirect", "localhost_mismatch", "hung",
		"bound_to_device", "container_loopback_only", "other_netns", "own_listener", "stale_proxy", "forwarder",
		"supervisor_restart", "firewall", "bad_port_value", "browser_blocked", "airplay_receiver", "launchd_keepalive",
		"excluded_port_range", "http_sys", "port_proxy", "exclusive_use", "wsl_relay", "wsl_mirrored",
	}
	for i, status := range statuses {
		result := fullResult(host.State(""))
		result.Status = status
		result.Target.Protocol = port.Protocols()[i%3]
		result.Port.Class = []port.Class{port.WellKnown, port.Registered, port.Dynamic}[i%3]
		result.Port.Range = result.Port.Class.Range()
		result.Sockets = nil
		for n, state := range states {
			s := fullSocket(state)
			s.HolderStatus = holderStates[n%len(holderStates)]
			result.Sockets = append(result.Sockets, s)
		}
		result.Sockets = append(result.Sockets, bareSocket())
		result.Causes = nil
		for n, id := range causes {
			result.Causes = append(result.Causes, report.Cause{
				ID: id, Confidence: []report.Confidence{report.Certain, report.Likely, report.Possible}[n%3], Summary: "why",
				Evidence: map[string]any{"sockets": []string{"s1"}, "expires_ms": uint32(41000), "remote": "192.0.2.1:443", "shared": true},
				Remedies: []report.Remedy{{Summary: "stop it", Command: []string{"portwho", "kill", "8080"}}, {Summary: "wait"}},
			})
		}
		r.Results = append(r.Results, result)
	}
	r.Results = append(r.Results, bareResult())
	r.Declarations, r.Findings = fullDeclarations(), fullFindings()
	return r
}

func fullResult(state host.State) report.Result {
	options := host.BindOptions{ReuseAddress: true, ReusePort: true, IPv6Only: true, UID: ptr(uint32(33)), Interface: "eth0"}
	return report.Result{
		Target:  report.Target{Text: "tcp/[::1]:8080", Protocol: port.TCP, Address: "::1", Port: 8080},
		Status:  report.StatusTaken,
		Summary: "8080/tcp is taken: nginx (pid 812) listens on 0.0.0.0",
		Port: report.PortInfo{
			Class: port.Registered, Range: port.Registered.Range(), Service: "http-alt",
			KnownAs: []port.Tool{
				{Name: "Jenkins", URL: "https://example.org/jenkins", Risk: port.RiskNone},
				{Name: "a debugger", URL: "https://example.org/debugger", Risk: port.RiskRCE},
				{Name: "a console", URL: "https://example.org/console", Risk: port.RiskAdmin},
				{Name: "a store", URL: "https://example.org/store", Risk: port.RiskDB},
			},
			Ephemeral: ptr(false), Reserved: ptr(true), Privileged: ptr(false), EphemeralRange: &port.Range{First: 32768, Last: 60999},
		},
		Binds: []report.Bind{
			{Address: "127.0.0.1", Options: options, Errno: host.EADDRINUSE, Proof: report.ProofPredicted, Predicted: host.EADDRINUSE, BlockedBy: []string{"s1", "s2"}, MaybeBlockedBy: []string{"s3"}, Rule: "0.0.0.0 includes 127.0.0.1"},
			{Address: "::1", Errno: host.OK, Proof: report.ProofProbe},
			{Address: "fe80::1%eth0", Errno: host.ErrnoUnknown, Proof: report.ProofPredicted},
		},
		Sockets: []report.Socket{fullSocket(state)},
		Answers: []report.Answer{
			{Destination: "localhost", Address: "::1", Sockets: []string{"s1"}},
			{Destination: "127.0.0.1", Address: "127.0.0.1", Sockets: []string{"s1", "s2"}, Redirected: "172.17.0.2:80"},
			{Destination: "::1", Address: "::1", Sockets: []string{}},
		},
	}
}

func bareSocket() report.Socket {
	return report.Socket{
		ID: "s0", Protocol: port.TCP, Local: netip.MustParseAddrPort("127.0.0.1:8080"), State: host.StateTimeWait,
		HolderStatus: host.HoldersHidden,
	}
}

func fullSocket(state host.State) report.Socket {
	endpoints := []string{"0.0.0.0:8080", "[::]:8080", "[::1]:8080", "[::ffff:127.0.0.1]:8080", "[fe80::1%eth0]:8080"}
	n := len(state) % len(endpoints)
	s := report.Socket{
		ID: "s" + string(state), Protocol: port.Protocols()[n%3], Local: netip.MustParseAddrPort(endpoints[n]), State: state,
		Remote: ptr(netip.MustParseAddrPort("192.0.2.1:443")), IPv6Only: ptr(true), UID: ptr(uint32(1000)), User: "ana",
		Inode: 4242, Interface: "eth0", Reach: []report.Reach{report.ReachNone, report.ReachLoopback, report.ReachLink, report.ReachAll}[n%4],
		Chain: []string{"systemd", "pm2", "node server.js"}, MPTCP: true, ExpiresMS: ptr(uint32(59000)), Group: 2, HolderStatus: host.HoldersKnown,
		Managers: []host.Manager{
			{Kind: host.ManagerContainer, Name: "web", ID: "0123456789ab", Evidence: "cgroup: /docker/0123456789ab", Stop: []string{"docker", "stop", "0123456789ab"}},
			{
				Kind: host.ManagerUnit, Name: "nginx.service", PID: 700, Start: []string{"systemctl", "start", "nginx.service"}, Restarts: ptr(true),
				Policy: "Restart=always",
			},
			{Kind: host.ManagerSupervisor, Name: "pm2"}, {Kind: host.ManagerWatcher, Name: "nodemon"}, {Kind: host.ManagerMaster, Name: "nginx"},
			{Kind: host.ManagerDaemon, Name: "gradle"}, {Kind: host.ManagerSession, Name: "tmux"},
			{Kind: host.ManagerForwarder, Name: "ssh", Forwards: "db:5432 over ssh to bastion"},
			{Kind: host.ManagerContainer, Name: "db", Container: &host.Container{
				Engine: "docker", Image: "postgres:17", Project: "shop", Service: "db", WorkingDir: "/srv/shop", State: "running",
				Published: []host.PublishedPort{{Protocol: "tcp", HostIP: "127.0.0.1", HostPort: 5432, ContainerPort: 5432}, {Protocol: "tcp", HostPort: 1, ContainerPort: 2}},
			}},
			{Kind: host.ManagerContainer, Name: "bare", Container: &host.Container{Engine: "podman", Pod: "12ab", Gone: true}},
			{Kind: host.ManagerSocketUnit, Name: "systemd"},
			{Kind: host.ManagerInit, Name: "init"},
			{Kind: host.ManagerShell, Name: "zsh job on pts/3", ID: "pts/3"},
		},
	}
	for i, state := range []host.ProcessState{"", host.ProcessRunning, host.ProcessStopped, host.ProcessTraced, host.ProcessZombie, host.ProcessBlocked} {
		via := []host.Via{host.ViaFD, host.ViaThread, host.ViaInFlight, host.ViaIOUring, host.ViaBacklog}[i%5]
		s.Holders = append(s.Holders, fullHolder(int32(800+i), via, state))
	}
	s.Holders = append(s.Holders, report.Holder{PID: 999, Via: host.ViaFD})
	return s
}

func fullHolder(pid int32, via host.Via, state host.ProcessState) report.Holder {
	return report.Holder{
		PID: pid, Via: via, StartTime: ptr(taken.Add(-time.Hour)), Name: "nginx", Command: []string{"nginx", "-g", "daemon off;"},
		Exe: "/usr/sbin/nginx", Cwd: "/", Project: fullProject(pid), User: "www-data", State: state, Inherited: pid%2 == 1,
	}
}

func fullProject(pid int32) *host.Project {
	if pid%2 == 0 {
		return &host.Project{Folder: "/srv/shop"}
	}
	return &host.Project{
		Folder: "/srv/shop", Name: "shop", Framework: "next", Manifest: "package.json", Repository: "/srv/shop", Branch: "main",
		Worktree: true, Deleted: true,
	}
}

func bareStopReport() report.StopReport {
	return report.StopReport{
		Schema: report.StopSchema, Tool: report.Tool{Name: "portwho", Version: "devel"}, Host: host.Info{OS: "linux"}, TakenAt: taken,
		Outcomes: []report.Outcome{{Action: report.Action{Target: bareResult().Target}, Result: bareResult(), Free: true}},
	}
}

func fullStopReport() report.StopReport {
	r := bareStopReport()
	r.DryRun = true
	r.Gaps = fullReport().Gaps
	candidate := host.Candidate{Protocol: port.TCP, Local: netip.MustParseAddrPort("[::]:8080"), Options: host.BindOptions{ReuseAddress: true}}
	action := report.Action{
		Target: fullResult(host.StateListen).Target,
		Victims: []report.Victim{
			{Holder: fullHolder(812, host.ViaFD, host.ProcessRunning), UID: ptr(uint32(1000)), Role: report.RoleHolder, StartTicks: 4711, Sockets: []string{"s1"}, Inodes: []uint64{4242}, Cgroup: "/system.slice/nginx.service"},
			{Holder: report.Holder{PID: 813, Via: host.ViaFD}, Role: report.RoleMaster},
			{Holder: report.Holder{PID: 814}, Role: report.RoleWatcher}, {Holder: report.Holder{PID: 815}, Role: report.RoleChild},
		},
		Spared:     []report.Holder{fullHolder(902, host.ViaFD, host.ProcessRunning)},
		Candidates: []host.Candidate{candidate},
		Only:       []string{"process 812 77"},
		Left:       []string{"node (pid 813) on [::1]:3000"},
		Level:      "unit",
		Commands: []report.Command{
			{Argv: []string{"systemctl", "stop", "nginx.service"}, Why: "systemd would start it again", Manager: host.Manager{Kind: host.ManagerUnit, Name: "nginx.service"}, Processes: []report.Victim{{Holder: report.Holder{PID: 813, Via: host.ViaFD}, Role: report.RoleHolder}}},
		},
		Blast: report.Blast{Ports: []string{"tcp/0.0.0.0:443"}, Children: []report.Holder{fullHolder(815, host.ViaFD, host.ProcessRunning)}, Clients: 3, Restart: "systemd"},
		Again: []report.Remedy{{Summary: "start it again", Command: []string{"systemctl", "start", "nginx.service"}}},
	}
	for i, reason := range []string{
		"container", "unit", "supervisor", "forwarder", "clients", "other_user", "needs_root", "hidden", "kernel", "kernel_thread",
		"init", "self", "ancestor", "session", "unknown_identity", "traced", "uncertain", "outgoing_connection", "connection", "no_confirmation",
	} {
		refusal := report.Refusal{Reason: reason, Summary: "why not"}
		if i%2 == 0 {
			refusal.PID, refusal.Flag, refusal.Command = 812, "--force", []string{"systemctl", "stop", "nginx.service"}
		}
		action.Refusals = append(action.Refusals, refusal)
	}
	outcome := report.Outcome{
		Action: action, Result: fullResult(host.StateListen), Error: "taken again",
		Steps: []report.Step{
			{At: taken, Do: "command", Command: []string{"systemctl", "stop", "nginx.service"}, Detail: "exit status 1"},
			{At: taken, Do: "signal", PID: 812, Signal: "TERM"},
			{At: taken, Do: "timeout", Detail: "5s"},
			{At: taken, Do: "denied", PID: 812, Signal: "TERM", Detail: "operation not permitted"},
			{At: taken, Do: "released", PID: 812},
			{At: taken, Do: "free"},
			{At: taken, Do: "retaken", Detail: "127.0.0.1:80 answers EADDRINUSE again"},
			{At: taken, Do: "exited", PID: 812}, {At: taken, Do: "gone", PID: 813}, {At: taken, Do: "changed"},
		},
		Probes: []host.Probe{
			{Candidate: candidate, Errno: host.OK},
			{Candidate: candidate, Errno: host.EADDRINUSE, Call: "bind"},
			{Candidate: candidate, Errno: host.ErrnoUnknown, Reason: "interrupted"},
		},
	}
	r.Outcomes = append(r.Outcomes, outcome)
	for _, level := range []string{"container", "supervisor", "forwarder", "watcher", "master", "daemon", "process"} {
		action.Level = level
		r.Outcomes = append(r.Outcomes, report.Outcome{Action: action, Result: bareResult()})
	}
	return r
}

func explanation() report.Explanation {
	return report.Explanation{
		Schema: report.ExplanationSchema, Tool: report.Tool{Name: "portwho", Version: "devel"},
		Causes: []report.ExplainedCause{{
			ID: "time_wait", Title: "a closed connection keeps the port", Meaning: "It waits.", Evidence: "Its state.",
			Advice: "Wait.", Systems: []string{"linux", "windows"}, Told: true,
		}},
		Findings: []report.ExplainedFinding{{ID: "taken", Title: "The port is taken", Meaning: "Stop it."}},
		Ports: []report.ExplainedPort{
			{Protocol: port.TCP, Port: 8080, PortInfo: fullResult("").Port},
			{Protocol: port.UDP, Port: 8080, PortInfo: bareResult().Port},
		},
	}
}

// waitReports end in every way.
func waitReports() []report.WaitReport {
	var out []report.WaitReport
	for i, outcome := range []report.WaitOutcome{report.WaitMet, report.WaitTimeout, report.WaitHopeless} {
		out = append(out, report.WaitReport{
			Schema: report.WaitSchema, Tool: report.Tool{Name: "portwho", Version: "devel"}, Host: host.Info{OS: "linux"}, TakenAt: taken,
			Gaps: fullReport().Gaps, For: "listening", Owner: "user:me", Outcome: outcome, ElapsedMS: 1200,
			Waits: []report.Wait{{
				Met: i == 0, Summary: "8080/tcp is free: nobody holds it", Result: bareResult(),
				Changes: []report.Change{{At: taken, Summary: "8080/tcp is taken"}},
			}},
		})
	}
	return out
}

// watchEvents are of every kind.
func watchEvents() []report.Event {
	served := fullSocket(host.StateListen)
	other := served
	other.Holders = other.Holders[:1]
	var w report.Watch
	events := w.Look(look(0, served))
	events = append(events, w.Look(look(1, other))...)
	events = append(events, w.Look(look(2))...)
	events = append(events, w.Look(look(3, served))...)
	return append(events, report.LookEvent(taken, report.EventUnknown, "why"), report.LookEvent(taken, report.EventKnown, "all"))
}

func freeReport() report.FreeReport {
	return report.FreeReport{
		Schema: report.FreeSchema, Tool: report.Tool{Name: "portwho", Version: "devel"}, Project: "/srv/shop",
		Ports: []report.FreePort{
			{Name: "WEB", Protocol: port.TCP, Port: 24711, LeasedTo: 812, LeasedUntil: taken},
			{Protocol: port.UDP, Port: 40001, Ephemeral: true, LeasedUntil: taken},
		},
	}
}
