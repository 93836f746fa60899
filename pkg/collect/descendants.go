package collect

import (
	"context"

	"github.com/portwho/portwho/pkg/host"
)

// Descendants returns the processes below the given ones, by pid, without the
// given ones themselves. Process 1 is passed over: everything is below it. A
// process that starts meanwhile may be missing. On systems without procfs there
// is none to tell and no error. The error is that of the context, or says that
// procfs cannot be read.
func Descendants(ctx context.Context, procRoot string, pids []int32) ([]host.Process, error) {
	return descendants(ctx, orProc(procRoot), pids)
}
