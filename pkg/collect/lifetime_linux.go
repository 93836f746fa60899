package collect

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
)

func startTicks(_ context.Context, procRoot string, pid int32) (uint64, error) {
	root, err := procfs.Open(procRoot)
	if err != nil {
		return 0, fmt.Errorf("read process %d: %w", pid, notProcess(err))
	}
	defer root.Close()
	pin, err := root.Pin(pid)
	if err != nil {
		return 0, err
	}
	defer pin.Close()
	stat, err := pin.Stat()
	if err != nil {
		return 0, err
	}
	// A leader that has exited while other threads run is a zombie as well, and
	// its process lives.
	if stat.ProcessState() == host.ProcessZombie && stat.Threads <= 1 {
		return 0, fmt.Errorf("read process %d: it has exited: %w", pid, fs.ErrNotExist)
	}
	return stat.StartTicks, nil
}

func readSettings(ctx context.Context, procRoot string) (host.Network, []host.Gap) {
	return readNetwork(ctx, procRoot)
}
