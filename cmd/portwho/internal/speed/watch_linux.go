package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// toolWatch is portwho watch with a look each second.
const toolWatch = "portwho watch"

// watched is how long a watch is measured, at one look a second.
const watched = 10 * time.Second

// watchCost is the processor time of portwho watch, at one look a second, on a
// machine on which nothing changes: in percent of one processor, once its first
// look is over. Listeners is how many it must have told by then.
func (p *plan) watchCost(listeners int) (percent float64, err error) {
	cmd := exec.Command(p.Portwho, "watch", "--json", "--interval", "1s")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	lines := bufio.NewReader(out)
	for range listeners {
		if _, err := lines.ReadString('\n'); err != nil {
			return 0, fmt.Errorf("%s told less than %d listeners: %w", toolWatch, listeners, err)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	time.Sleep(time.Second) // the first look ends, and the second begins
	before, err := processorTime(cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	started := time.Now()
	time.Sleep(watched)
	after, err := processorTime(cmd.Process.Pid)
	return 100 * (after - before).Seconds() / time.Since(started).Seconds(), err
}

// processorTime is what a process has used, by the clock that clock_getcpuclockid(3)
// names: ~pid in the upper bits, CPUCLOCK_SCHED in the lower.
func processorTime(pid int) (time.Duration, error) {
	const sched = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|sched, &t); err != nil {
		return 0, fmt.Errorf("processor time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}
