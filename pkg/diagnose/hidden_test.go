package diagnose

import (
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// unheld makes a socket one that no process has.
func unheld(s *host.Socket) { s.Holders, s.HolderStatus, s.Inode = nil, host.HoldersNone, 0 }

func inheritedBy(pid int32) func(*host.Socket) {
	return func(s *host.Socket) {
		for i := range s.Holders {
			s.Holders[i].Inherited = s.Holders[i].PID == pid
		}
	}
}

// edit changes the process that was added last.
func (m *machine) edit(change func(*host.Process)) *machine {
	change(&m.snap.Processes[len(m.snap.Processes)-1])
	return m
}

func (m *machine) asRoot() *machine {
	m.snap.Viewer.UID = ptr(uint32(0))
	m.snap.Viewer.BindsPrivileged = true
	return m
}

func holdersGap() host.Gap {
	return host.Gap{Source: "/proc", Subject: "open files of 3 processes (root)", Reason: "permission denied", Hint: "run as root", HoldersOnly: true}
}

func orphanedBy(p *host.Process) {
	p.SessionLeaderGone, p.PPID, p.Cwd = ptr(true), 1, "/home/ana/shop"
}

// Who holds a port in a way that most tools do not see.
func TestHiddenHolders(t *testing.T) {
	tests := []struct {
		name       string
		build      func(*machine)
		number     uint16
		summary    string
		cause      report.CauseID
		confidence report.Confidence
		sentence   string
	}{
		{
			name: "io_uring",
			build: func(m *machine) {
				m.process(7, "srv").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{7}, via(host.ViaIOUring))
			},
			summary:    "8080/tcp is taken: srv (pid 7) listens on 127.0.0.1",
			cause:      CauseIOUring,
			confidence: report.Certain,
			sentence:   "srv (pid 7) has the socket registered with an io_uring, where no table of descriptors shows it",
		},
		{
			name: "dead leader",
			build: func(m *machine) {
				m.process(7, "srv").edit(func(p *host.Process) { p.State = host.ProcessZombie })
				m.socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{7}, via(host.ViaThread))
			},
			summary:    "8080/tcp is taken: srv (pid 7) listens on 127.0.0.1",
			cause:      CauseDeadLeader,
			confidence: report.Certain,
			sentence:   "the main thread of srv (pid 7) has exited, and other threads of it keep the port",
		},
		{
			name: "a thread with a table of its own is no dead leader",
			build: func(m *machine) {
				m.process(7, "srv").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{7}, via(host.ViaThread))
			},
			summary: "8080/tcp is taken: srv (pid 7) listens on 127.0.0.1",
			cause:   "!" + CauseDeadLeader,
		},
		{
			name: "in flight",
			build: func(m *machine) {
				m.process(7, "srv").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{7}, via(host.ViaInFlight))
			},
			summary:    "8080/tcp is taken: a socket on 127.0.0.1 is on its way to srv (pid 7) and was not received",
			cause:      CauseInFlight,
			confidence: report.Certain,
			sentence:   "a socket on 127.0.0.1 was sent to srv (pid 7) over a Unix socket, and it has not received it",
		},
		{
			name: "perhaps in flight, everybody was read",
			build: func(m *machine) {
				m.asRoot().process(7, "srv").socket(port.TCP, "127.0.0.1:8080", host.StateListen, nil)
				m.snap.Queues = []host.DescriptorQueue{{PIDs: []int32{7}, Descriptors: 2}}
			},
			summary:    "8080/tcp is taken: a process of user ana (uid 1000) listens on 127.0.0.1, and no process has it open; it may be on its way to srv (pid 7)",
			cause:      CauseInFlight,
			confidence: report.Likely,
			sentence:   "no process that could be read has 127.0.0.1 open; srv (pid 7) has descriptors waiting in a Unix socket, and it may be among them",
		},
		{
			name: "perhaps in flight, not everybody was read",
			build: func(m *machine) {
				m.process(7, "srv").socket(port.TCP, "127.0.0.1:8080", host.StateListen, nil)
				m.snap.Queues = []host.DescriptorQueue{{PIDs: []int32{7}, Descriptors: 2}}
				m.snap.Gaps = []host.Gap{holdersGap()}
			},
			summary:    "8080/tcp is taken: a process of user ana (uid 1000) listens on 127.0.0.1; run with sudo to name it",
			cause:      CauseInFlight,
			confidence: report.Possible,
			sentence:   "no process that could be read has 127.0.0.1 open; srv (pid 7) has descriptors waiting in a Unix socket, and it may be among them",
		},
		{
			name: "hidden",
			build: func(m *machine) {
				m.socket(port.TCP, "127.0.0.1:8080", host.StateListen, nil, uidOf(101))
				m.snap.Gaps = []host.Gap{holdersGap()}
			},
			summary:    "8080/tcp is taken: a process of user postgres (uid 101) listens on 127.0.0.1; run with sudo to name it",
			cause:      CauseHiddenHolder,
			confidence: report.Certain,
			sentence:   "a process of user postgres (uid 101) holds 127.0.0.1, and who it is could not be read",
		},
		{
			name: "hidden from root too",
			build: func(m *machine) {
				m.asRoot().socket(port.TCP, "127.0.0.1:8080", host.StateListen, nil, uidOf(101), func(s *host.Socket) {
					s.Managers = []host.Manager{{Kind: host.ManagerUnit, Name: "postgresql.service"}}
				})
				m.snap.Gaps = []host.Gap{{Source: "/proc", Subject: "processes outside this pid namespace", Reason: "they are not visible", Hint: "run it outside", HoldersOnly: true}}
			},
			summary:    "8080/tcp is taken: a process of user postgres (uid 101) of postgresql.service listens on 127.0.0.1; not every process could be read",
			cause:      CauseHiddenHolder,
			confidence: report.Certain,
			sentence:   "a process of user postgres (uid 101) of postgresql.service holds 127.0.0.1, and who it is could not be read",
		},
		{
			name: "inherited, the server is gone",
			build: func(m *machine) {
				m.process(7, "sleep").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{7}, inheritedBy(7))
			},
			summary:    "8080/tcp is taken: sleep (pid 7) keeps 127.0.0.1 open without serving it, most likely left by a server that has ended",
			cause:      CauseInheritedDescriptor,
			confidence: report.Likely,
			sentence:   "sleep (pid 7) has the socket only because it was open when it was started; the server that opened it has ended",
		},
		{
			name: "inherited, beside the server",
			build: func(m *machine) {
				m.process(6, "web").process(7, "sleep").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{6, 7}, inheritedBy(7))
			},
			summary:    "8080/tcp is taken: web (pid 6) listens on 127.0.0.1, and sleep (pid 7) keeps the socket open too",
			cause:      CauseInheritedDescriptor,
			confidence: report.Likely,
			sentence:   "sleep (pid 7) has the socket of web (pid 6) only because it was open when it was started, and keeps the port taken when the server ends",
		},
		{
			name: "backlog",
			build: func(m *machine) {
				m.process(7, "srv").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{7}, reuse(false, false))
				m.socket(port.TCP, "127.0.0.1:8080", host.StateEstablished, []int32{7}, via(host.ViaBacklog), peer("127.0.0.1:40000"), reuse(false, false))
			},
			summary:    "8080/tcp is taken: srv (pid 7) listens on 127.0.0.1",
			cause:      CauseBacklog,
			confidence: report.Certain,
			sentence:   "1 connection from 127.0.0.1 waits for srv (pid 7) to accept it",
		},
		{
			name: "backlog of a group",
			build: func(m *machine) {
				m.process(7, "srv").process(8, "srv")
				m.socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{7}, reuse(false, true))
				m.socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{8}, reuse(false, true))
				m.socket(port.TCP, "127.0.0.1:8080", host.StateEstablished, []int32{7, 8}, via(host.ViaBacklog), peer("127.0.0.1:40000"), reuse(false, true))
				m.socket(port.TCP, "127.0.0.1:8080", host.StateCloseWait, []int32{7, 8}, via(host.ViaBacklog), peer("127.0.0.1:40001"), reuse(false, true))
			},
			summary:    "8080/tcp is taken: srv (pids 7, 8) listen on 0.0.0.0 together",
			cause:      CauseBacklog,
			confidence: report.Likely,
			sentence:   "2 connections wait for srv (pids 7, 8) to accept them, the first from 127.0.0.1",
		},
		{
			name: "leftover connection",
			build: func(m *machine) {
				m.process(7, "srv").socket(port.TCP, "127.0.0.1:8080", host.StateCloseWait, []int32{7}, peer("127.0.0.1:40000"), reuse(false, false))
			},
			summary:    "8080/tcp is taken by a connection: srv (pid 7) still has one with 127.0.0.1:40000, and nothing listens",
			cause:      CauseLeftoverConnection,
			confidence: report.Likely,
			sentence:   "srv (pid 7) still has a connection with 127.0.0.1:40000 (close_wait) that a server on this port accepted, and nothing listens any more",
		},
		{
			name: "orphan of a service",
			build: func(m *machine) {
				m.snap.Users[33] = "www-data"
				m.socket(port.TCP, "127.0.0.1:8080", host.StateFinWait1, nil, unheld, uidOf(33), peer("198.51.100.4:40000"), reuse(false, false), func(s *host.Socket) {
					s.Managers = []host.Manager{{Kind: host.ManagerUnit, Name: "nginx.service"}}
				})
			},
			summary:    "8080/tcp is taken by a connection that no process holds any more (fin_wait1, with 198.51.100.4:40000), left by nginx.service (user www-data)",
			cause:      CauseOrphanedConnection,
			confidence: report.Certain,
			sentence:   "no process holds the connection with 198.51.100.4:40000 any more, left by nginx.service (user www-data); the kernel still delivers the rest of it (fin_wait1)",
		},
		{
			name: "orphan whose options are unknown",
			build: func(m *machine) {
				m.socket(port.TCP, "127.0.0.1:8080", host.StateLastAck, nil, unheld, peer("198.51.100.4:40000"))
			},
			summary:    "8080/tcp is free: nobody holds it",
			cause:      CauseOrphanedConnection,
			confidence: report.Possible,
		},
		{
			name: "orphan server",
			build: func(m *machine) {
				m.process(7, "node").edit(orphanedBy).socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{7})
			},
			summary:    "8080/tcp is taken: node (pid 7) listens on 127.0.0.1",
			cause:      CauseOrphanServer,
			confidence: report.Likely,
			sentence:   "node (pid 7) has outlived the terminal or program that started it",
		},
		{
			name: "orphan server without a folder",
			build: func(m *machine) {
				m.process(2, "systemd").process(7, "node").edit(orphanedBy)
				m.edit(func(p *host.Process) { p.PPID, p.Cwd = 2, "/home/ana/shop (deleted)" })
				m.socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{7})
			},
			summary:    "8080/tcp is taken: node (pid 7) listens on 127.0.0.1",
			cause:      CauseOrphanServer,
			confidence: report.Certain,
			sentence:   "node (pid 7) has outlived the terminal or program that started it, and its folder /home/ana/shop has been deleted",
		},
		{
			name: "a daemon is no orphan",
			build: func(m *machine) {
				m.process(7, "redis").edit(orphanedBy).edit(func(p *host.Process) { p.Cwd = "/" })
				m.socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{7})
			},
			summary: "8080/tcp is taken: redis (pid 7) listens on 127.0.0.1",
			cause:   "!" + CauseOrphanServer,
		},
		{
			name: "a service is no orphan",
			build: func(m *machine) {
				m.process(7, "node").edit(orphanedBy).socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{7}, func(s *host.Socket) {
					s.Managers = []host.Manager{{Kind: host.ManagerUnit, Name: "shop.service", Stop: []string{"systemctl", "stop", "shop.service"}}}
				})
			},
			summary: "8080/tcp is taken: node (pid 7) of shop.service listens on 127.0.0.1",
			cause:   "!" + CauseOrphanServer,
		},
		{
			name:   "a client of NFS",
			number: 711,
			build: func(m *machine) {
				m.asRoot().process(7, "mount.nfs").socket(port.TCP, "192.0.2.7:711", host.StateEstablished, []int32{7}, peer("198.51.100.4:2049"), reuse(false, false))
			},
			summary:    "711/tcp is taken by an outgoing connection: mount.nfs (pid 7) uses it as its own port towards 198.51.100.4:2049",
			cause:      CauseReservedPortClient,
			confidence: report.Likely,
			sentence:   "a client that insists on a port below 1024, as NFS does, took this one towards 198.51.100.4:2049",
		},
		{
			name:   "any other client",
			number: 711,
			build: func(m *machine) {
				m.asRoot().process(7, "curl").socket(port.TCP, "192.0.2.7:711", host.StateEstablished, []int32{7}, peer("198.51.100.4:443"), reuse(false, false))
			},
			summary: "711/tcp is taken by an outgoing connection: curl (pid 7) uses it as its own port towards 198.51.100.4:443",
			cause:   "!" + CauseReservedPortClient,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine()
			tt.build(m)
			if tt.number == 0 {
				tt.number = 8080
			}
			r := one(t, m, target(tt.number), Options{})
			if r.Summary != tt.summary && tt.confidence != report.Possible {
				t.Errorf("summary\n got %s\nwant %s", r.Summary, tt.summary)
			}
			wanted, without := strings.CutPrefix(string(tt.cause), "!")
			at := slices.IndexFunc(r.Causes, func(c report.Cause) bool { return string(c.ID) == wanted })
			if without {
				if at >= 0 {
					t.Errorf("%s is told: %s", wanted, r.Causes[at].Summary)
				}
				return
			}
			if at < 0 {
				t.Fatalf("causes %v, want %s", causeIDs(r), wanted)
			}
			c := r.Causes[at]
			if c.Confidence != tt.confidence || tt.sentence != "" && c.Summary != tt.sentence {
				t.Errorf("%s: %s\nwant %s: %s", c.Confidence, c.Summary, tt.confidence, tt.sentence)
			}
			if len(c.Evidence) == 0 || c.Remedies == nil {
				t.Errorf("evidence %v, remedies %v", c.Evidence, c.Remedies)
			}
		})
	}
}

// What waits for a listener, or was sent to somebody, makes no victim of its
// own.
func TestPlanWithHiddenHolders(t *testing.T) {
	m := newMachine().process(7, "srv")
	m.socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{7})
	m.socket(port.TCP, "127.0.0.1:8080", host.StateEstablished, []int32{7}, via(host.ViaBacklog), peer("127.0.0.1:40000"), func(s *host.Socket) { s.Inode = 0 })
	action := Plan(&m.snap, target(8080), 8080, PlanOptions{})
	if len(action.Victims) != 1 || len(action.Victims[0].Sockets) != 1 || len(action.Victims[0].Inodes) != 1 || len(action.Spared)+len(action.Refusals) != 0 {
		t.Errorf("backlog: %+v", action)
	}

	// The listener is elsewhere, so nothing here is anybody's to stop.
	action = Plan(&m.snap, target(8080, "127.0.0.2"), 8080, PlanOptions{})
	if len(action.Victims)+len(action.Spared)+len(action.Refusals) != 0 {
		t.Errorf("backlog on another address: %+v", action)
	}

	m = newMachine().process(7, "srv")
	m.socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{7}, via(host.ViaInFlight))
	action = Plan(&m.snap, target(8080), 8080, PlanOptions{})
	if len(action.Refusals) != 1 || action.Refusals[0].Reason != refuseUncertain ||
		action.Refusals[0].Summary != "127.0.0.1:8080 was sent to srv (pid 7), which has not received it and may know nothing of it" {
		t.Errorf("in flight: %+v", action.Refusals)
	}
	r := one(t, m, target(8080), Options{})
	for _, c := range r.Causes {
		for _, remedy := range c.Remedies {
			if slices.Contains(remedy.Command, "kill") {
				t.Errorf("%s advises %v, which would be refused", c.ID, remedy.Command)
			}
		}
	}
}
