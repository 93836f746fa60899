package collect_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"testing"

	"github.com/portwho/portwho/pkg/collect"
)

// TestStartTicks: as ReadProcess tells them, and none for a process that has
// exited, looked at or not.
func TestStartTicks(t *testing.T) {
	pid := int32(os.Getpid())
	want, err := collect.ReadProcess(t.Context(), "", pid)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := collect.StartTicks(t.Context(), "", pid); err != nil || got != want.StartTicks || got == 0 {
		t.Errorf("StartTicks = %d, %v; want %d", got, err, want.StartTicks)
	}
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	child := int32(cmd.Process.Pid)
	if got, err := collect.StartTicks(t.Context(), "", child); err != nil || got < want.StartTicks {
		t.Errorf("a child that lives: %d, %v", got, err)
	}
	_ = in.Close()
	_, _ = out.Read(make([]byte, 1)) // its end
	for {                            // it closes its output a moment before it is a zombie
		_, err = collect.StartTicks(t.Context(), "", child)
		if err != nil {
			break
		}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a zombie: %v", err)
	}
	_ = cmd.Wait()
	if _, err := collect.StartTicks(t.Context(), "", child); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nobody: %v", err)
	}
	if _, err := collect.StartTicks(t.Context(), t.TempDir(), pid); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no procfs: %v", err)
	}
}

func TestSettings(t *testing.T) {
	network, gaps := collect.Settings(t.Context(), "")
	if network.Ephemeral == nil || network.UnprivilegedStart == nil {
		t.Errorf("settings: %+v, %+v", network, gaps)
	}
}
