package probe

import (
	"context"
	"os"

	"github.com/portwho/portwho/pkg/host"
)

// Hold makes the bind of the candidate as Bind does, and keeps the socket: the
// port is the caller's until it is closed. With listen it also begins to
// listen, as TCP can. The socket is closed when the process executes another
// program, and it blocks.
//
// The file is nil unless the answer is host.OK. The candidate's user must be
// the caller's. Where keeping a socket is not implemented the answer is
// host.ErrnoUnknown with a reason.
func Hold(ctx context.Context, c host.Candidate, listen bool) (*os.File, host.Probe) {
	if reason := untriable(ctx, c); reason != "" {
		return nil, unknown(c, "%s", reason)
	}
	return hold(c, listen)
}
