//go:build !linux

package collect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/portwho/portwho/pkg/collect/internal/gops"
	"github.com/portwho/portwho/pkg/collect/internal/gops/process"
	"github.com/portwho/portwho/pkg/host"
)

func collect(ctx context.Context, cfg Config, snapshot *host.Snapshot) error {
	if cfg.Source == host.SourceSockDiag {
		return fmt.Errorf("%w: %w", ErrSource, errors.ErrUnsupported)
	}
	ctx = gops.WithRoot(ctx, cfg.ProcRoot)
	snapshot.Source = host.SourcePortable
	snapshot.Viewer = viewer()
	sockets, gaps := portableSockets(ctx, cfg.Scope, wantedProtocols(cfg.Scope))
	snapshot.Gaps = append(snapshot.Gaps, gaps...)

	processes := make(map[int32]host.Process)
	for _, pid := range append(holderPIDs(sockets), snapshot.Viewer.PID) {
		if _, ok := processes[pid]; ok {
			continue
		}
		p, err := process.Read(ctx, pid)
		switch {
		case err == nil:
			processes[pid] = p
		case errors.Is(err, fs.ErrNotExist):
			dropHolder(sockets, pid)
		}
	}
	for _, pid := range holderPIDs(sockets) {
		if p, ok := processes[pid]; ok {
			addAncestors(processes, p, func(pid int32) (host.Process, error) { return process.Read(ctx, pid) })
		}
	}
	if p, ok := processes[snapshot.Viewer.PID]; ok {
		addAncestors(processes, p, func(pid int32) (host.Process, error) { return process.Read(ctx, pid) })
	}
	for _, p := range processes {
		snapshot.Processes = append(snapshot.Processes, p)
	}

	network, gaps := readNetwork()
	for i := range sockets {
		sockets[i].Interface = network.InterfaceName(sockets[i].InterfaceIndex)
	}
	snapshot.Network, snapshot.Sockets = network, sockets
	snapshot.Gaps = append(snapshot.Gaps, gaps...)
	return ctx.Err()
}

// holderPIDs lists the holders of the sockets, with repetitions.
func holderPIDs(sockets []host.Socket) []int32 {
	var pids []int32
	for i := range sockets {
		for _, h := range sockets[i].Holders {
			pids = append(pids, h.PID)
		}
	}
	return pids
}

// dropHolder takes a process that has ended off its sockets.
func dropHolder(sockets []host.Socket, pid int32) {
	for i := range sockets {
		s := &sockets[i]
		if len(s.Holders) == 1 && s.Holders[0].PID == pid {
			s.Holders, s.HolderStatus = []host.Holder{}, host.HoldersHidden
		}
	}
}

func readProcess(ctx context.Context, procRoot string, pid int32) (host.Process, error) {
	return process.Read(gops.WithRoot(ctx, procRoot), pid)
}

func holdsInode(string, int32, uint64) (bool, error) {
	return false, fmt.Errorf("look for a socket inode: %w", errors.ErrUnsupported)
}

// deepen has nothing to add: the kernels without BPF show no socket's cookie.
func deepen(ctx context.Context, _ *host.Snapshot) error { return ctx.Err() }
