package collect_test

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// systemd-socket-activate does what systemd does, and is not it: no unit is in
// charge of what it holds, and nobody is asked.
func TestSocketActivateIsNoUnit(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	program, err := exec.LookPath("systemd-socket-activate")
	if err != nil {
		unavailable(t, err.Error())
	}
	cmd := exec.Command(program, "--listen=127.0.0.1:8002", "cat")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	asked := filepath.Join(t.TempDir(), "asked")
	fake := filepath.Dir(asked)
	if err := os.WriteFile(filepath.Join(fake, "systemctl"), []byte("#!/bin/sh\n: >"+asked+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	var s host.Socket
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		snap, err := collect.Collect(t.Context(), collect.Config{
			Scope: host.Scope{Ports: []port.Range{port.One(8002)}}, Managers: true, Environ: []string{"PATH=" + fake},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(snap.Sockets) == 1 && len(snap.Sockets[0].Holders) > 0 {
			s = snap.Sockets[0]
			break
		}
		if time.Now().After(end) {
			t.Fatalf("it does not listen: %+v", snap.Sockets)
		}
	}
	if s.Local != netip.MustParseAddrPort("127.0.0.1:8002") || s.Holders[0].PID != int32(cmd.Process.Pid) {
		t.Errorf("got %+v", s)
	}
	for _, m := range s.Managers {
		if strings.HasPrefix(string(m.Kind), "systemd") {
			t.Errorf("got %+v", m)
		}
	}
	if _, err := os.Stat(asked); err == nil {
		t.Error("systemctl was run")
	}
}
