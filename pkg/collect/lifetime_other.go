//go:build !linux

package collect

import (
	"context"

	"github.com/portwho/portwho/pkg/host"
)

func startTicks(ctx context.Context, procRoot string, pid int32) (uint64, error) {
	p, err := readProcess(ctx, procRoot, pid)
	return p.StartTicks, err
}

func readSettings(context.Context, string) (host.Network, []host.Gap) { return readNetwork() }
