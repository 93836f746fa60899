package collect_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
)

// TestDescendants: children and their children, not the process itself.
func TestDescendants(t *testing.T) {
	// The shell waits for its child, which ends with the pipe.
	cmd := exec.Command("sh", "-c", "(cat; true) | cat; true")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = in.Close()
		_ = cmd.Wait()
	}()
	pid := int32(cmd.Process.Pid)
	for {
		below, err := collect.Descendants(t.Context(), "", []int32{pid})
		if err != nil {
			t.Fatal(err)
		}
		if len(below) < 3 {
			continue // the shell has not started all of them yet
		}
		grandchild := false
		for i, p := range below {
			if p.PID == pid || p.StartTicks == 0 || p.Name == "" || i > 0 && below[i-1].PID >= p.PID {
				t.Errorf("descendants: %+v", below)
			}
			grandchild = grandchild || p.PPID != pid
		}
		if !grandchild {
			t.Errorf("no child of a child in %+v", below)
		}
		break
	}
	mine, err := collect.Descendants(t.Context(), "", []int32{int32(os.Getpid())})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(mine, func(p host.Process) bool { return p.PID == pid }) {
		t.Errorf("%d is not below the test: %+v", pid, mine)
	}
	if all, err := collect.Descendants(t.Context(), "", []int32{1}); err != nil || len(all) > 0 {
		t.Errorf("below init: %+v, %v", all, err)
	}
	if _, err := collect.Descendants(t.Context(), t.TempDir(), []int32{pid}); err == nil {
		t.Error("another folder passed for procfs")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := collect.Descendants(ctx, "", []int32{pid}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}
