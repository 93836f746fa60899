package collect

import (
	"context"

	"github.com/portwho/portwho/pkg/host"
)

// StartTicks returns what identifies a process together with its pid, as
// host.Process has it, and reads nothing else of it. An empty procRoot means
// /proc. The error wraps fs.ErrNotExist when there is no such process any
// more; one that has exited and that its parent has not looked at yet is none.
func StartTicks(ctx context.Context, procRoot string, pid int32) (uint64, error) {
	return startTicks(ctx, orProc(procRoot), pid)
}

// Settings reads what the machine's settings say about ports and addresses, as
// host.Snapshot has it, with what could not be read.
func Settings(ctx context.Context, procRoot string) (host.Network, []host.Gap) {
	return readSettings(ctx, orProc(procRoot))
}
