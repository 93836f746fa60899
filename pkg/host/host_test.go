package host

import (
	"bytes"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/portwho/portwho/pkg/port"
)

func sample() *Snapshot {
	uid, no, wait := uint32(1000), false, uint32(41000)
	return &Snapshot{
		Schema:  SnapshotSchema,
		TakenAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Host:    Info{Name: "box", OS: "linux", Kernel: "6.18.0"},
		Viewer:  Viewer{PID: 9, UID: &uid},
		Source:  SourceSockDiag,
		Scope:   Scope{Ports: []port.Range{{First: 80, Last: 90}}},
		Network: Network{
			Ephemeral: &port.Range{First: 32768, Last: 60999},
			Addresses: []InterfaceAddress{
				{Interface: "lo", Index: 1, Prefix: netip.MustParsePrefix("127.0.0.1/8"), Loopback: true},
				{Interface: "eth0", Index: 2, Prefix: netip.MustParsePrefix("192.0.2.7/24")},
			},
		},
		Sockets: []Socket{
			{ID: "tcp/127.0.0.1:80#7", Protocol: port.TCP, Local: netip.MustParseAddrPort("127.0.0.1:80"), State: StateListen,
				V6Only: &no, UID: &uid, Inode: 7, Holders: []Holder{{PID: 12, FD: 3, Via: ViaFD}}, HolderStatus: HoldersKnown},
			{ID: "tcp/127.0.0.1:80>127.0.0.1:9", Protocol: port.TCP, Local: netip.MustParseAddrPort("127.0.0.1:80"),
				Remote: netip.MustParseAddrPort("127.0.0.1:9"), State: StateTimeWait, ExpiresMS: &wait, Holders: []Holder{}, HolderStatus: HoldersNone},
		},
		Processes: []Process{
			{PID: 3, Name: "sh", Command: []string{"sh"}},
			{PID: 12, Name: "node", Command: []string{"node", "--token=secret"}, Exe: "/home/ana/node", Cwd: "/home/ana/x", UID: &uid},
		},
		Users: map[uint32]string{0: "root", 1000: "ana"},
		Gaps:  []Gap{{Source: "/proc", Subject: "x", Reason: "y"}},
	}
}

func TestSnapshotSavesAndLoads(t *testing.T) {
	var buf bytes.Buffer
	if err := Write(&buf, sample()); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&buf)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, sample()) {
		t.Errorf("loaded\n%+v\nsaved\n%+v", got, sample())
	}
}

func TestReadRefusesOtherFiles(t *testing.T) {
	for _, text := range []string{"", "nonsense", "{}", `{"schema":"portwho.snapshot/999"}`, `[]`, `{"schema":7}`} {
		if _, err := Read(strings.NewReader(text)); !errors.Is(err, ErrNotSnapshot) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	var buf bytes.Buffer
	if err := Write(&buf, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(buf.Bytes())
	f.Add([]byte(`{"schema":"portwho.snapshot/1","sockets":[{"local":"x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		snap, err := Read(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, ErrNotSnapshot) {
				t.Errorf("the error is no ErrNotSnapshot: %v", err)
			}
			return
		}
		if err := Write(&bytes.Buffer{}, snap); err != nil {
			t.Errorf("what was read cannot be saved: %v", err)
		}
	})
}

func TestRedact(t *testing.T) {
	original := sample()
	var buf bytes.Buffer
	if err := Write(&buf, Redact(original)); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"secret", "/home", "ana", `"box"`} {
		if strings.Contains(buf.String(), secret) {
			t.Errorf("%q is still in there:\n%s", secret, buf.String())
		}
	}
	if !reflect.DeepEqual(original, sample()) {
		t.Error("the original was changed")
	}
}

func TestProcess(t *testing.T) {
	s := sample()
	for pid, want := range map[int32]string{3: "sh", 12: "node"} {
		if p := s.Process(pid); p == nil || p.Name != want {
			t.Errorf("process %d: %+v", pid, p)
		}
	}
	for _, pid := range []int32{0, 4, 13} {
		if p := s.Process(pid); p != nil {
			t.Errorf("process %d: %+v", pid, p)
		}
	}
}

func TestIsLocal(t *testing.T) {
	n := &sample().Network
	tests := []struct {
		os, addr     string
		local, known bool
	}{
		{"linux", "127.0.0.1", true, true},
		{"linux", "127.200.0.9", true, true},
		{"darwin", "127.200.0.9", false, true},
		{"linux", "::ffff:192.0.2.7", true, true},
		{"linux", "192.0.2.8", false, true}, // same network, another machine
		{"linux", "0.0.0.0", true, true},
		{"linux", "::", true, true},
	}
	for _, tt := range tests {
		if local, known := n.IsLocal(tt.os, netip.MustParseAddr(tt.addr)); local != tt.local || known != tt.known {
			t.Errorf("%s on %s: local %v, known %v", tt.addr, tt.os, local, known)
		}
	}
	if _, known := (&Network{}).IsLocal("linux", netip.MustParseAddr("127.0.0.1")); known {
		t.Error("without addresses nothing is known")
	}
}

func TestScope(t *testing.T) {
	s := Scope{Ports: []port.Range{{First: 80, Last: 90}}, Protocols: []port.Protocol{port.TCP}}
	if !s.CoversPort(85) || s.CoversPort(91) || !s.CoversProtocol(port.TCP) || s.CoversProtocol(port.UDP) {
		t.Error("scope covers the wrong things")
	}
	if everything := (Scope{}); !everything.CoversPort(1) || !everything.CoversProtocol(port.UDP) {
		t.Error("an empty scope covers everything")
	}
}
