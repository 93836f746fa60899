package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// watchedMachine is a machine whose listeners can be changed, as a snapshot in
// a file that portwho watch reads again and again.
type watchedMachine struct {
	t    *testing.T
	file string
	snap host.Snapshot
	next uint64
}

var watchedAt = time.Date(2026, 5, 4, 10, 20, 30, 0, time.UTC)

func newMachine(t *testing.T) *watchedMachine {
	uid := uint32(1000)
	return &watchedMachine{t: t, file: filepath.Join(t.TempDir(), "machine.json"), snap: host.Snapshot{
		Schema: host.SnapshotSchema, TakenAt: watchedAt, Host: host.Info{Name: "box", OS: "linux", Kernel: "6.12"},
		Viewer: host.Viewer{PID: 99, UID: &uid}, Source: host.SourceSockDiag,
		Users: map[uint32]string{0: "root", 1000: "ana"}, Gaps: []host.Gap{},
	}}
}

// listen adds a listener. A name that is empty is a process that could not be
// named.
func (m *watchedMachine) listen(protocol port.Protocol, local string, pid int32, name string, up time.Duration, uid uint32, managers ...host.Manager) {
	m.next++
	s := host.Socket{
		ID: fmt.Sprintf("%s/%s#%d", protocol, local, m.next), Protocol: protocol, Local: netip.MustParseAddrPort(local),
		State: host.StateListen, UID: &uid, Inode: m.next, Managers: managers,
		Holders: []host.Holder{}, HolderStatus: host.HoldersHidden,
	}
	if protocol != port.TCP {
		s.State = host.StateUnconnected
	}
	if name != "" {
		s.Holders, s.HolderStatus = []host.Holder{{PID: pid, Via: host.ViaFD}}, host.HoldersKnown
		if m.snap.Process(pid) == nil {
			m.snap.Processes = append(m.snap.Processes, host.Process{
				PID: pid, PPID: 1, StartTime: watchedAt.Add(-up), StartTicks: uint64(pid), Name: name,
				Command: []string{name}, UID: &uid, State: host.ProcessRunning,
			})
		}
	}
	m.snap.Sockets = append(m.snap.Sockets, s)
}

// drop takes the listeners on a port away.
func (m *watchedMachine) drop(number uint16) {
	kept := m.snap.Sockets[:0]
	for _, s := range m.snap.Sockets {
		if s.Local.Port() != number {
			kept = append(kept, s)
		}
	}
	m.snap.Sockets = kept
}

// write puts the machine into its file, at once.
func (m *watchedMachine) write() {
	m.t.Helper()
	var out bytes.Buffer
	err := host.Write(&out, &m.snap)
	if err == nil {
		err = os.WriteFile(m.file+".new", out.Bytes(), 0o600)
	}
	if err == nil {
		err = os.Rename(m.file+".new", m.file)
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// later lets time go on.
func (m *watchedMachine) later(d time.Duration) { m.snap.TakenAt = m.snap.TakenAt.Add(d) }

// oddMachine has what a screen may stumble over: names with escape codes, wide
// and right-to-left letters, workers, a holder that is hidden.
func oddMachine(t *testing.T) *watchedMachine {
	m := newMachine(t)
	m.listen(port.TCP, "0.0.0.0:22", 0, "", 0, 0)
	m.listen(port.UDP, "127.0.0.53:53", 411, "systemd-resolve", 200*time.Hour, 0)
	m.listen(port.TCP, "0.0.0.0:80", 812, "nginx", 50*time.Hour, 0, host.Manager{Kind: host.ManagerUnit, Name: "nginx.service"})
	m.listen(port.TCP, "[::]:80", 812, "nginx", 50*time.Hour, 0, host.Manager{Kind: host.ManagerUnit, Name: "nginx.service"})
	v6only := true
	m.snap.Sockets[len(m.snap.Sockets)-1].V6Only = &v6only
	m.listen(port.TCP, "127.0.0.1:3000", 4411, "node", 134*time.Minute, 1000)
	m.listen(port.TCP, "127.0.0.1:4000", 5001, "\x1b[2J\x1b]0;owned\x07", 90*time.Second, 1000)
	m.listen(port.TCP, "127.0.0.1:4001", 5002, "日本語サーバ", 41*time.Second, 1000)
	m.listen(port.TCP, "127.0.0.1:4002", 5003, "שרת\u202e", 12*time.Minute, 1000)
	m.listen(port.TCP, "0.0.0.0:6379", 6379, "redis-server", 3*time.Hour, 1000)
	m.listen(port.TCP, "[2001:db8:1234:5678:9abc:def0:1234:5678]:8443", 7000, "a-server-with-a-very-long-name", 72*time.Hour, 1000)
	m.snap.Gaps = append(m.snap.Gaps, host.Gap{
		Source: "/proc", Subject: "open files of 31 processes", Reason: "permission denied", Hint: "run with sudo to see them", HoldersOnly: true,
	})
	return m
}
