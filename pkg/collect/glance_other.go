//go:build !linux

package collect

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/portwho/portwho/pkg/collect/internal/gops"
	"github.com/portwho/portwho/pkg/host"
)

func glance(ctx context.Context, cfg Config, snapshot *host.Snapshot) error {
	if cfg.Source == host.SourceSockDiag {
		return fmt.Errorf("%w: %w", ErrSource, errors.ErrUnsupported)
	}
	snapshot.Source = host.SourcePortable
	network, gaps := readNetwork()
	snapshot.Network, snapshot.Gaps = network, gaps
	sockets, gaps := portableSockets(gops.WithRoot(ctx, cfg.ProcRoot), cfg.Scope, wantedProtocols(cfg.Scope))
	snapshot.Sockets, snapshot.Gaps = sockets, append(snapshot.Gaps, gaps...)
	return ctx.Err()
}

func readLocalhost(string) []netip.Addr { return nil }
