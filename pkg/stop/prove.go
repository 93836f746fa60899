package stop

import (
	"context"
	"fmt"
	"time"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/probe"
)

// prove binds the candidates. It gives the port some time to come free, and
// then watches for a while whether somebody takes it again, as a supervisor
// that restarts its child does.
func (r *run) prove(ctx context.Context) {
	if len(r.out.Action.Candidates) == 0 {
		return // what was not chosen is in the way of every bind
	}
	started := time.Now()
	patience := r.cfg.Settle
	if len(r.out.Action.Commands) > 0 {
		// What a command stops may need a moment after the command is done.
		patience = max(patience, r.cfg.Timeout)
	}
	var free time.Time // when it was first seen free
	for {
		refused := r.bindAll(ctx)
		now := time.Now()
		switch {
		case ctx.Err() != nil:
			r.out.Free = false
			r.out.Error = "interrupted; whether the port stays free was not seen"
			return
		case refused == nil && free.IsZero():
			free = now
			r.step(portFree, 0, "", "every bind succeeds")
		case refused != nil && !free.IsZero():
			r.step(portRetaken, 0, "", fmt.Sprintf("%s answers %s again", refused.Candidate.Local, refused.Errno))
			r.out.Error = "the port was free and is taken again: something starts the server anew"
			return
		case refused != nil && (now.Sub(started) >= patience || hopeless(refused.Errno)):
			r.fail(fmt.Sprintf("binding %s still answers %s", refused.Candidate.Local, refused.Errno))
			return
		}
		if !free.IsZero() && now.Sub(free) >= r.cfg.Settle {
			r.out.Free = true
			r.out.Error = ""
			return
		}
		pause(ctx, pollEvery)
	}
}

// bindAll tries every candidate and returns the first that is refused.
func (r *run) bindAll(ctx context.Context) *host.Probe {
	r.out.Probes = r.out.Probes[:0]
	var refused *host.Probe
	for _, c := range r.out.Action.Candidates {
		p := probe.Bind(ctx, c)
		r.out.Probes = append(r.out.Probes, p)
		if p.Errno != host.OK && refused == nil {
			refused = &p
		}
	}
	return refused
}

// hopeless reports whether waiting cannot change the answer.
func hopeless(e host.Errno) bool { return e != host.EADDRINUSE }
