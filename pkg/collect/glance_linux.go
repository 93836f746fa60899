package collect

import (
	"context"

	"github.com/portwho/portwho/pkg/host"
)

func glance(ctx context.Context, cfg Config, snapshot *host.Snapshot) error {
	list, err := enumerate(ctx, cfg, nil)
	if err != nil {
		return err
	}
	defer list.close()
	for i := range list.records {
		snapshot.Sockets = append(snapshot.Sockets, list.records[i].Socket)
	}
	snapshot.Sockets = append(snapshot.Sockets, list.sockets...)
	network, gaps := readNetwork(ctx, cfg.ProcRoot)
	snapshot.Network, snapshot.Source, snapshot.Gaps = network, list.source, append(list.gaps, gaps...)
	return ctx.Err()
}
