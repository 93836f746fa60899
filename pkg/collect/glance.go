package collect

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"github.com/portwho/portwho/pkg/host"
)

// Glance lists the sockets of the scope and reads the settings of the network,
// which is what the verdict on a bind takes: no holder, nobody in charge. Every
// socket's HolderStatus is host.HoldersHidden.
// It is for who looks at a port many times a second; what it sees tells whether
// a look by Collect is worth it. The error is as that of Collect.
func Glance(ctx context.Context, cfg Config) (*host.Snapshot, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	snapshot := &host.Snapshot{
		Schema: host.SnapshotSchema, TakenAt: cfg.Now().UTC(), Host: host.Info{OS: runtime.GOOS}, Scope: cfg.Scope,
	}
	if cfg.ProcRoot == "" {
		cfg.ProcRoot = "/proc"
	}
	if err := glance(ctx, cfg, snapshot); err != nil {
		return nil, fmt.Errorf("list sockets: %w", err)
	}
	for i := range snapshot.Sockets {
		snapshot.Sockets[i].Holders, snapshot.Sockets[i].HolderStatus = nil, host.HoldersHidden
	}
	arrange(snapshot)
	return snapshot, nil
}

// Localhost is what the name localhost stands for, in the order in which a
// client tries the addresses, as in [host.Network]; nil where that is unknown,
// and on systems where it is not read. etcRoot is as in Config.
func Localhost(etcRoot string) []netip.Addr { return readLocalhost(cmp.Or(etcRoot, "/etc")) }
