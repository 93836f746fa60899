package process

import (
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"
)

func TestRead(t *testing.T) {
	t.Parallel()
	p, err := Read(t.Context(), int32(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	if p.PID != int32(os.Getpid()) || p.PPID != int32(os.Getppid()) || p.Name == "" || len(p.Command) == 0 {
		t.Errorf("got %+v", p)
	}
	if p.StartTicks == 0 || time.Since(p.StartTime) > 24*time.Hour {
		t.Errorf("started %d, %v", p.StartTicks, p.StartTime)
	}
	if uid := os.Geteuid(); uid >= 0 && (p.UID == nil || *p.UID != uint32(uid)) {
		t.Errorf("uid %v, want %d", p.UID, uid)
	}
	if _, err := Read(t.Context(), 1<<31-1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such process: %v", err)
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	exe, cwd := paths(t.Context(), int32(os.Getpid()))
	wantExe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if exe != wantExe {
		t.Errorf("exe %q, want %q", exe, wantExe)
	}
	if wantCwd, err := os.Getwd(); err != nil || cwd != wantCwd && cwd != "" {
		t.Errorf("cwd %q, want %q", cwd, wantCwd)
	}
	if exe, cwd := paths(t.Context(), 1<<31-1); exe != "" || cwd != "" {
		t.Errorf("no such process: %q %q", exe, cwd)
	}
}
