package collect_test

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
)

func TestCollectRefusesUnknownSource(t *testing.T) {
	t.Parallel()
	if _, err := collect.Collect(t.Context(), collect.Config{Source: "tea leaves"}); !errors.Is(err, collect.ErrSource) {
		t.Errorf("got %v, want ErrSource", err)
	}
}

func TestCollectObeysItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := collect.Collect(ctx, collect.Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Everything in scope, as a person who types no target gets it.
func TestCollectKeepsItsPromises(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	s, err := collect.Collect(t.Context(), collect.Config{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if s.Schema != host.SnapshotSchema || !s.TakenAt.Equal(now) || s.Host.OS == "" || s.Source == "" {
		t.Errorf("got %q, %v, %+v, %q", s.Schema, s.TakenAt, s.Host, s.Source)
	}
	ids := make(map[string]bool)
	for i := range s.Sockets {
		socket := &s.Sockets[i]
		if ids[socket.ID] {
			t.Errorf("id %s occurs twice", socket.ID)
		}
		ids[socket.ID] = true
		if socket.Holders == nil || socket.HolderStatus == "" || socket.State == "" || socket.Local.Port() == 0 {
			t.Errorf("got %+v", socket)
		}
		named := socket.HolderStatus == host.HoldersKnown || socket.HolderStatus == host.HoldersPartial
		if named != (len(socket.Holders) > 0) {
			t.Errorf("%s: %d holders, and %s", socket.ID, len(socket.Holders), socket.HolderStatus)
		}
		for _, h := range socket.Holders {
			if s.Process(h.PID) == nil {
				t.Errorf("%s: holder %d is not among the processes", socket.ID, h.PID)
			}
		}
	}
	if !slices.IsSortedFunc(s.Sockets, func(a, b host.Socket) int {
		if a.Protocol != b.Protocol {
			return strings.Compare(string(a.Protocol), string(b.Protocol))
		}
		return int(a.Local.Port()) - int(b.Local.Port())
	}) {
		t.Error("the sockets are not sorted")
	}
	if s.Process(s.Viewer.PID) == nil {
		t.Errorf("the viewer %d is not among the processes", s.Viewer.PID)
	}
	var text strings.Builder
	if err := host.Write(&text, s); err != nil {
		t.Fatal(err)
	}
	if _, err := host.Read(strings.NewReader(text.String())); err != nil {
		t.Errorf("the snapshot does not read back: %v", err)
	}
	for _, a := range s.Network.Addresses {
		if a.Prefix == (netip.Prefix{}) || a.Interface == "" {
			t.Errorf("got address %+v", a)
		}
	}
}

func TestReadProcess(t *testing.T) {
	t.Parallel()
	before := time.Now()
	p, err := collect.ReadProcess(t.Context(), "", int32(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	if p.PID != int32(os.Getpid()) || p.PPID != int32(os.Getppid()) || p.Name == "" {
		t.Errorf("got %+v", p)
	}
	if !slices.Equal(p.Command, os.Args) {
		t.Errorf("command %q, want %q", p.Command, os.Args)
	}
	if p.StartTime.After(before) || before.Sub(p.StartTime) > 24*time.Hour {
		t.Errorf("started %v", p.StartTime)
	}
	again, err := collect.ReadProcess(t.Context(), "", int32(os.Getpid()))
	if err != nil || again.StartTicks != p.StartTicks || p.StartTicks == 0 {
		t.Errorf("start ticks %d, then %d, %v", p.StartTicks, again.StartTicks, err)
	}
	if _, err := collect.ReadProcess(t.Context(), "", 1<<31-1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such process: %v", err)
	}
}

func TestAncestors(t *testing.T) {
	t.Parallel()
	ancestors, err := collect.Ancestors(t.Context(), "", int32(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	if len(ancestors) == 0 || ancestors[0].PID != int32(os.Getppid()) {
		t.Fatalf("got %+v, want our parent %d first", ancestors, os.Getppid())
	}
	for i := 1; i < len(ancestors); i++ {
		if ancestors[i-1].PPID != ancestors[i].PID {
			t.Errorf("%d is followed by %d, and its parent is %d", ancestors[i-1].PID, ancestors[i].PID, ancestors[i-1].PPID)
		}
	}
	if _, err := collect.Ancestors(t.Context(), "", 1<<31-1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such process: %v", err)
	}
}
