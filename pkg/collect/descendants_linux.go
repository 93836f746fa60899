package collect

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/portwho/portwho/pkg/collect/internal/gops"
	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
)

func descendants(ctx context.Context, procRoot string, pids []int32) ([]host.Process, error) {
	root, err := procfs.Open(procRoot)
	if err != nil {
		return nil, fmt.Errorf("read descendants: %w", err)
	}
	defer root.Close()
	all, err := root.PIDs()
	if err != nil {
		return nil, fmt.Errorf("read descendants: %w", err)
	}
	type link struct {
		parent int32
		ticks  uint64
	}
	links := make(map[int32]link, len(all))
	children := make(map[int32][]int32)
	for _, pid := range all {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		pin, err := root.Pin(pid)
		if err != nil {
			continue // it has ended, or is hidden
		}
		if stat, err := pin.Stat(); err == nil {
			links[pid] = link{stat.PPID, stat.StartTicks}
			children[stat.PPID] = append(children[stat.PPID], pid)
		}
		_ = pin.Close()
	}
	r := &reader{ctx: gops.WithRoot(ctx, procRoot), root: root}
	r.boot, _ = procfs.BootTime(time.Now())
	seen := make(map[int32]bool)
	queue := slices.Clone(pids)
	for _, pid := range queue {
		seen[pid] = true
	}
	var out []host.Process
	for len(queue) > 0 {
		parent := queue[0]
		queue = queue[1:]
		if parent == 1 {
			continue
		}
		for _, pid := range children[parent] {
			// A child is never older than its parent: such a parent's pid was
			// given away between the readings.
			if seen[pid] || links[pid].ticks < links[parent].ticks {
				continue
			}
			seen[pid] = true
			p, err := r.process(pid)
			if err != nil || p.StartTicks != links[pid].ticks {
				continue
			}
			p.PPID = parent
			out = append(out, p)
			queue = append(queue, pid)
		}
	}
	slices.SortFunc(out, func(a, b host.Process) int { return int(a.PID) - int(b.PID) })
	return out, ctx.Err()
}
