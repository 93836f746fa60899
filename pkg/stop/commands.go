package stop

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// commands runs the commands of the action in their order, each checked just
// before. It reports false when the action ends there: one was refused by the
// check, failed, or the context is over. What earlier ones did stands.
func (r *run) commands(ctx context.Context) bool {
	for _, c := range r.out.Action.Commands {
		if ctx.Err() != nil {
			r.out.Error = "interrupted before " + c.Argv[0] + " was run"
			return false
		}
		processes, ok := r.unchanged(ctx, c)
		if ok {
			ok = r.command(ctx, c)
		}
		if ok {
			r.wait(ctx, processes, r.cfg.Timeout)
			for _, v := range alive(processes) {
				r.step(didTimeout, v.PID, "", "it is still there after the command")
			}
		}
		closePins(processes)
		if !ok {
			return false
		}
	}
	return true
}

// unchanged compares the processes that a command should end with the plan: one
// of them must still be what it was, hold the port and be in the same cgroup.
// It returns those, pinned. Of a server with workers some may have come and
// gone. A pid that is another process now, or a process that was moved, means
// that the manager may have nothing to do with the port any more.
func (r *run) unchanged(ctx context.Context, c report.Command) ([]*victim, bool) {
	var same []*victim
	detail := "none of its processes is what it was"
	for _, planned := range c.Processes {
		p, err := openPin(planned.PID)
		if err != nil {
			continue
		}
		v := &victim{Victim: planned, pin: p}
		if why := r.differs(ctx, v); why != "" {
			detail = fmt.Sprintf("process %d %s", planned.PID, why)
			p.close()
			continue
		}
		same = append(same, v)
	}
	if len(c.Processes) > 0 && len(same) == 0 {
		r.step(wasChanged, 0, "", detail)
		r.fail(fmt.Sprintf("%s was not run: %s", c.Argv[0], detail))
		return nil, false
	}
	if r.cfg.Check != nil {
		if err := r.cfg.Check(ctx, c); err != nil {
			r.step(wasChanged, 0, "", err.Error())
			r.fail(fmt.Sprintf("%s was not run: %v", c.Argv[0], err))
			return same, false
		}
	}
	return same, true
}

// differs says in which way a pinned process is not that of the plan; empty
// where it is.
func (r *run) differs(ctx context.Context, v *victim) string {
	now, err := collect.ReadProcess(ctx, r.cfg.ProcRoot, v.PID)
	switch {
	case err != nil:
		return "could not be compared with the plan: " + err.Error()
	case now.State == host.ProcessZombie && v.pin.exited():
		return "has ended"
	case v.StartTicks == 0 || now.StartTicks != v.StartTicks:
		return "is another one now"
	case now.Cgroup != v.Cgroup:
		return "is in another cgroup now"
	}
	holds, err := r.holds(v)
	switch {
	case err != nil:
		return "could not be compared with the plan: " + err.Error()
	case !holds:
		return "holds the port no more"
	}
	return ""
}

// command runs one command.
func (r *run) command(ctx context.Context, c report.Command) bool {
	runner := r.cfg.Runner
	if runner == nil {
		runner = Exec(nil)
	}
	most := r.cfg.CommandTimeout
	if most <= 0 {
		most = commandPatience
	}
	limited, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	output, err := runner(limited, c.Argv)
	step := report.Step{Do: didCommand, Command: c.Argv}
	if err == nil {
		r.record(step)
		return true
	}
	step.Detail = err.Error()
	switch {
	case ctx.Err() != nil:
		step.Detail = "interrupted"
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		step.Detail = fmt.Sprintf("it did not end in %s", most)
	}
	if text := lastLines(output); text != "" {
		step.Detail += ": " + text
	}
	r.record(step)
	if ctx.Err() != nil {
		r.out.Error = fmt.Sprintf("interrupted while %s ran; what it did stands", c.Argv[0])
		return false
	}
	r.fail(fmt.Sprintf("%s failed: %s", strings.Join(c.Argv, " "), step.Detail))
	return false
}

// mostLines is how much of what a failed command wrote is told.
const mostLines = 3

// lastLines is the end of what a command wrote, as one line. The bytes stay as
// they are: whoever shows them cleans them.
func lastLines(output []byte) string {
	var lines []string
	for line := range strings.Lines(string(output)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-mostLines):], "; ")
}
