// Package process reads processes through gopsutil, where there is no procfs.
// It is a package of its own so that the program for Linux is without it: the
// library reads /proc/stat before main begins.
package process

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"github.com/shirou/gopsutil/v3/process"

	"github.com/portwho/portwho/pkg/host"
)

// paths returns the executable and the working directory of a process; empty
// where they cannot be read.
func paths(ctx context.Context, pid int32) (exe, cwd string) {
	// A Process made by hand saves the look whether the pid exists.
	p := &process.Process{Pid: pid}
	exe, _ = p.ExeWithContext(ctx)
	cwd, _ = p.CwdWithContext(ctx)
	return exe, cwd
}

// Read returns what gopsutil can tell about a process on any system. What it
// cannot tell stays empty. The error wraps fs.ErrNotExist when there is no
// such process.
func Read(ctx context.Context, pid int32) (host.Process, error) {
	exists, err := process.PidExistsWithContext(ctx, pid)
	if err != nil {
		return host.Process{}, fmt.Errorf("read process %d: %w", pid, err)
	}
	if !exists {
		return host.Process{}, fmt.Errorf("read process %d: %w", pid, fs.ErrNotExist)
	}
	p := &process.Process{Pid: pid}
	out := host.Process{PID: pid}
	out.Name, _ = p.NameWithContext(ctx)
	out.Exe, out.Cwd = paths(ctx, pid)
	out.PPID, _ = p.PpidWithContext(ctx)
	if out.Command, err = p.CmdlineSliceWithContext(ctx); err != nil || out.Command == nil {
		out.Command = []string{}
	}
	if uids, err := p.UidsWithContext(ctx); err == nil && len(uids) > 0 {
		// Real, effective, saved; or the effective one alone.
		effective := uids[0]
		if len(uids) > 1 {
			effective = uids[1]
		}
		out.UID = new(uint32(effective))
	}
	if created, err := p.CreateTimeWithContext(ctx); err == nil && created > 0 {
		out.StartTicks = uint64(created)
		out.StartTime = time.UnixMilli(created).UTC()
	}
	if states, err := p.StatusWithContext(ctx); err == nil && len(states) > 0 {
		out.State = processState(states[0])
	}
	return out, nil
}

func processState(name string) host.ProcessState {
	switch name {
	case process.Running, process.Sleep, process.Idle, process.Wait:
		return host.ProcessRunning
	case process.Stop:
		return host.ProcessStopped
	case process.Zombie:
		return host.ProcessZombie
	case process.Blocked, process.Lock:
		return host.ProcessBlocked
	}
	return ""
}
