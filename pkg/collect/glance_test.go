package collect_test

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

func TestGlance(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddrPort(l.Addr().String())
	cfg := collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(at.Port())}, Protocols: []port.Protocol{port.TCP}}}
	look := func() []host.Socket {
		t.Helper()
		snap, err := collect.Glance(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if len(snap.Processes) > 0 || snap.TakenAt.IsZero() || snap.Host.OS == "" {
			t.Errorf("got %+v", snap)
		}
		return snap.Sockets
	}
	found := look()
	if len(found) != 1 || found[0].Local != at || !found[0].Serves() || found[0].ID == "" || len(found[0].Holders) > 0 || found[0].HolderStatus != host.HoldersHidden {
		t.Errorf("while it listens: %+v", found)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if found := look(); len(found) != 0 {
		t.Errorf("after that: %+v", found)
	}
}

func TestLocalhost(t *testing.T) {
	etc := t.TempDir()
	if err := os.WriteFile(filepath.Join(etc, "hosts"), []byte("127.0.0.1 localhost\n127.0.0.3 localhost other\n192.0.2.1 elsewhere\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var want []netip.Addr
	if runtime.GOOS == "linux" {
		want = []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.3")}
	}
	if got := collect.Localhost(etc); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func BenchmarkGlance(b *testing.B) {
	cfg := collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(9)}, Protocols: []port.Protocol{port.TCP}}}
	for b.Loop() {
		if _, err := collect.Glance(b.Context(), cfg); err != nil {
			b.Fatal(err)
		}
	}
}
