package collect

import (
	"context"

	"github.com/portwho/portwho/pkg/host"
)

// Deepen reads what no table shows of the sockets of a snapshot that was just
// taken in this network namespace, and fills it in where it is missing:
// ReuseAddress, ReusePort and V6Only of TCP and UDP sockets, also of those
// that no process holds, such as TIME_WAIT, and the UID of orphans. The
// snapshot's BindBuckets become those of its TCP ports.
//
// A socket is recognised by its cookie, so nothing is filled in from another
// one that took its place. Those that have gone stay as they are.
//
// It runs a BPF program that only reads, which takes root (CAP_BPF and
// CAP_PERFMON). Where it is not permitted or the kernel is not able to, the
// snapshot gets one Gap whose source is host.GapOptions. The error is that of
// the context.
func Deepen(ctx context.Context, s *host.Snapshot) error { return deepen(ctx, s) }
