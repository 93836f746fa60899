package diagnose

import (
	"fmt"
	"strconv"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// hung finds a server that cannot answer at this moment: every process that
// holds it is stopped, or the queue of connections is full, so that the kernel
// drops further ones (sk_acceptq_is_full, include/net/sock.h).
func hung(v *view) (report.Cause, bool) {
	for _, s := range v.serving {
		if cause, found := v.stopped(s); found {
			return cause, true
		}
	}
	for _, s := range v.serving {
		if s.State != host.StateListen || s.ReceiveQueue <= s.SendQueue {
			continue
		}
		name, plural := who(v.snap, s)
		return report.Cause{
			ID:         CauseHung,
			Confidence: report.Certain,
			Summary: fmt.Sprintf("%s %s not accept: %d connections wait on %s, more than its backlog of %d, and new ones are dropped",
				name, doOrDoes(plural), s.ReceiveQueue, s.Local.Addr(), s.SendQueue),
			Evidence: map[string]any{"sockets": []string{s.ID}, "waiting": s.ReceiveQueue, "backlog": s.SendQueue},
			Remedies: []report.Remedy{{
				Summary: "the server is busy or stuck: look at what it does before it is restarted",
				Command: []string{},
			}},
		}, true
	}
	return report.Cause{}, false
}

func (v *view) stopped(s *host.Socket) (report.Cause, bool) {
	if s.HolderStatus == host.HoldersHidden || len(s.Holders) == 0 {
		return report.Cause{}, false
	}
	// Who only inherited the socket serves nobody, stopped or not.
	pids := pidsWhere([]*host.Socket{s}, func(h host.Holder) bool { return !h.Inherited })
	if len(pids) == 0 {
		return report.Cause{}, false
	}
	state := host.ProcessStopped
	for _, pid := range pids {
		p := v.snap.Process(pid)
		if p == nil || p.State != host.ProcessStopped && p.State != host.ProcessTraced {
			return report.Cause{}, false
		}
		if p.State == host.ProcessTraced {
			state = host.ProcessTraced
		}
	}
	name, plural := whoAre(v.snap, pids)
	cause := report.Cause{
		ID:         CauseHung,
		Confidence: report.Certain,
		Evidence: map[string]any{
			"sockets": []string{s.ID}, "pids": pids, "state": string(state), "waiting": s.ReceiveQueue, "backlog": s.SendQueue,
		},
	}
	if s.HolderStatus == host.HoldersPartial {
		cause.Confidence = report.Likely // somebody who could not be read may serve it as well
	}
	waiting := ""
	if s.State == host.StateListen && s.ReceiveQueue > 0 {
		waiting = fmt.Sprintf("; %d %s", s.ReceiveQueue, verb("connection waits", "connections wait", s.ReceiveQueue > 1))
	}
	is := verb("is", "are", plural)
	if state == host.ProcessTraced {
		cause.Summary = fmt.Sprintf("%s %s held by a debugger and %s nobody%s", name, is, verb("answers", "answer", plural), waiting)
		cause.Remedies = []report.Remedy{{Summary: "let it go on in the debugger", Command: []string{}}}
		return cause, true
	}
	cause.Summary = fmt.Sprintf("%s %s stopped and %s nobody%s", name, is, verb("answers", "answer", plural), waiting)
	command := []string{"kill", "-CONT"}
	if !v.mine(s) {
		command = append([]string{"sudo"}, command...)
	}
	for _, pid := range pids {
		command = append(command, strconv.Itoa(int(pid)))
	}
	cause.Remedies = []report.Remedy{{Summary: "let it go on, as fg does in its shell", Command: command}}
	return cause, true
}
