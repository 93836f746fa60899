package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// comeback says who took the port again after it was stopped, who started that,
// and what to run instead; empty when nobody did.
func comeback(after *host.Snapshot, action report.Action, before time.Time, opts diagnose.PlanOptions) string {
	p := newcomer(after, action, before)
	if p == nil {
		return ""
	}
	text := fmt.Sprintf("it was stopped, and %s (pid %d) has taken the port again", p.Name, p.PID)
	opts.ProcessOnly = false // what would have been right
	again := diagnose.Plan(after, targetOf(action), action.Target.Port, opts)
	for _, c := range again.Commands {
		return text + fmt.Sprintf("; %s started it, so stop that instead: %s", managed(c.Manager), strings.Join(c.Argv, " "))
	}
	for _, v := range again.Victims {
		if v.Role == report.RoleWatcher {
			return text + fmt.Sprintf("; %s (pid %d) started it, so stop that instead", v.Name, v.PID)
		}
	}
	if parent := after.Process(p.PPID); parent != nil && parent.PID > 1 {
		text += fmt.Sprintf("; %s (pid %d) started it, so stop that instead", parent.Name, parent.PID)
	}
	return text
}

func managed(m host.Manager) string {
	switch m.Kind {
	case host.ManagerContainer:
		return "the engine of container " + m.Name
	case host.ManagerUnit, host.ManagerSocketUnit:
		return "systemd (" + m.Name + ")"
	}
	return m.Name
}

// newcomer is a process that serves the port and is none of those that were
// stopped, or nil.
func newcomer(after *host.Snapshot, action report.Action, before time.Time) *host.Process {
	stopped := slices.Clone(action.Victims)
	for _, c := range action.Commands {
		stopped = append(stopped, c.Processes...)
	}
	for i := range after.Sockets {
		s := &after.Sockets[i]
		if s.Protocol != action.Target.Protocol || s.Local.Port() != action.Target.Port || !s.Serves() {
			continue
		}
		for _, h := range s.Holders {
			p := after.Process(h.PID)
			old := p != nil && slices.ContainsFunc(stopped, func(v report.Victim) bool {
				return v.PID == p.PID && v.StartTicks == p.StartTicks
			})
			// Start times have the precision of a clock tick.
			if p != nil && !old && !p.StartTime.Before(before.Add(-time.Second)) {
				return p
			}
		}
	}
	return nil
}
