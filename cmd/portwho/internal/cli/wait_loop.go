package cli

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// How often to look, where nobody says. A change begins the series anew: more
// of them usually follow.
const (
	firstPause = 20 * time.Millisecond
	mostPause  = 250 * time.Millisecond
)

// patience is how long an answer that no reading explains stands before the
// kernel is asked again although nothing has changed.
const patience = time.Second

// waiter waits for ports.
type waiter struct {
	app       *app
	forWhat   string
	ports     []*waited
	protocols []port.Protocol
	opts      diagnose.Options
	source    host.Source
	interval  time.Duration
	// path, least and most are what is asked of an HTTP server.
	path        string
	least, most int
	// owner is whose server it has to be; nil for anybody's.
	owner     *report.Owner
	ownerText string
	// reached is the wish itself. It is given what a glance shows of the port.
	reached func(context.Context, *waited, *host.Snapshot, report.Result) answer
	// localhost is what the name stands for.
	localhost []netip.Addr
	gaps      []host.Gap
	hostInfo  host.Info
	// mostAnswer is how long a server may take to answer.
	mostAnswer time.Duration
	// named says that the holders were looked for since the last change.
	named bool
}

// waited is one port that is waited for.
type waited struct {
	target port.Target
	answer
	// seen tells what a glance showed last, told what was said about it last.
	seen, told string
	result     report.Result
	changes    []report.Change
	// again is when the kernel or the server is asked again though nothing has
	// changed, askedOf what a glance showed when they were asked.
	again   time.Time
	askedOf string
	// judged is when it was last found out whose server it is.
	judged time.Time
	// doubted says that a bind was refused once for no reason that was read.
	doubted bool
	probes  []host.Probe
}

// answer is whether a port is as wanted.
type answer struct {
	met bool
	// says how it stands, in a sentence; empty where the summary of the port
	// says it.
	says string
	// refused says that the kernel refuses a bind, and that once more.
	refused bool
	// foreign says that it is somebody else's.
	foreign bool
	// hopeless says that no time will change it, unsure that it could not be
	// told.
	hopeless, unsure bool
}

// run looks until every port is as wanted, the time is up, or there is no hope.
// Ports that were as wanted earlier than others are looked at again in the end.
// However short the time is, there is one look, so that there is something to
// tell; it ends with the context alone.
func (w *waiter) run(parent context.Context, timeout time.Duration, talk *talk) (report.WaitReport, error) {
	started := w.app.now()
	ctx := parent
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(parent, timeout)
		defer cancel()
		w.mostAnswer = min(mostAnswer, max(timeout, leastAnswer))
	}
	look := parent
	pause := firstPause
	for {
		changed, err := w.step(look, talk, func(p *waited) bool { return !p.met })
		look, w.mostAnswer = ctx, mostAnswer
		if err == nil && w.all() && len(w.ports) > 1 {
			_, err = w.step(ctx, talk, func(*waited) bool { return true })
		}
		hopeless := slices.ContainsFunc(w.ports, func(p *waited) bool { return p.hopeless })
		switch {
		case err == nil && w.all():
			return w.report(ctx, report.WaitMet, started), nil
		case ctx.Err() != nil:
			return w.report(ctx, report.WaitTimeout, started), nil
		case err != nil:
			return report.WaitReport{}, err
		case hopeless:
			return w.report(ctx, report.WaitHopeless, started), nil
		}
		talk.progress(w.state(), w.app.now().Sub(started))
		switch {
		case w.interval > 0:
			pause = w.interval
		case changed:
			pause = firstPause
		default:
			pause = min(pause*3/2, mostPause)
		}
		sleep(ctx, pause)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// timeUp is the error of a context, also in the moment in which its deadline has
// passed and it does not say so yet. What a server was asked with that deadline
// has failed by then, and that is no answer of the server.
func timeUp(ctx context.Context) error {
	if deadline, any := ctx.Deadline(); any && !time.Now().Before(deadline) {
		<-ctx.Done()
	}
	return ctx.Err()
}

func (w *waiter) all() bool {
	return !slices.ContainsFunc(w.ports, func(p *waited) bool { return !p.met })
}

// step looks at some of the ports once. It reports whether one of them has
// changed.
func (w *waiter) step(ctx context.Context, talk *talk, which func(*waited) bool) (changed bool, err error) {
	snap, err := collect.Glance(ctx, collect.Config{Scope: w.scope(), Source: w.source, ProcRoot: w.app.procRoot, Now: w.app.now})
	if err != nil {
		return false, err
	}
	for _, p := range w.ports {
		if !which(p) {
			continue
		}
		r := diagnose.Diagnose(snap, []port.Target{p.target}, w.opts).Results[0]
		same := true
		if now := glimpse(r); now != p.seen {
			p.seen, same = now, false
		}
		before := p.answer
		p.answer = w.reached(ctx, p, snap, r)
		if p.met && w.forWhat != "free" {
			p.result = r
		}
		switch {
		case timeUp(ctx) != nil && !p.met:
			p.answer = before // what was asked was not answered
			return changed, ctx.Err()
		case p.met && before.foreign && same && w.app.now().Sub(p.judged) < patience:
			p.answer = before // the same sockets have the same owner
		}
		changed = changed || !same || p.answer != before
	}
	if w.named = w.named && !changed; !w.named {
		w.gaps = snap.Gaps // else they are those of the look at the holders, which are more
	}
	if changed && (w.owner != nil || !w.all()) || w.counting() {
		if err := w.look(ctx); err != nil {
			return changed, err
		}
		w.tell(talk)
	}
	return changed, nil
}

// counting reports whether a port comes free by itself, so that what is said
// about it grows old.
func (w *waiter) counting() bool {
	now := w.app.now()
	return slices.ContainsFunc(w.ports, func(p *waited) bool {
		return !p.met && now.Sub(p.lookedAt()) >= patience && slices.ContainsFunc(p.result.Sockets, func(s report.Socket) bool { return s.ExpiresMS != nil })
	})
}

// lookedAt is when it was last said how the port stands.
func (p *waited) lookedAt() time.Time {
	if len(p.changes) == 0 {
		return time.Time{}
	}
	return p.changes[len(p.changes)-1].At
}

// glimpse tells apart what a glance may show of a port. Connections come and go
// while a server is there, and say nothing new.
func glimpse(r report.Result) string {
	var serving, others []string
	for _, s := range r.Sockets {
		text := fmt.Sprint(s.ID, s.State)
		if s.State == host.StateListen || s.State == host.StateUnconnected || s.State == host.StateBound {
			serving = append(serving, text)
		} else {
			others = append(others, text)
		}
	}
	if len(serving) == 0 {
		serving = others
	}
	return strings.Join(serving, " ")
}

func (w *waiter) scope() host.Scope {
	targets := w.targets()
	return host.Scope{Ports: portRanges(targets), Protocols: wanted(targets, w.protocols)}
}

func (w *waiter) targets() []port.Target {
	out := make([]port.Target, 0, len(w.ports))
	for _, p := range w.ports {
		out = append(out, p.target)
	}
	return out
}

// look reads who holds the ports, and whose servers they are.
func (w *waiter) look(ctx context.Context) error {
	snap, err := w.app.snapshot(ctx, w.scope(), judged)
	if err != nil {
		return err
	}
	for _, p := range w.ports {
		if p.refused || p.met {
			snap.Probes = append(snap.Probes, p.probes...)
		}
	}
	w.app.deepen(ctx, snap, w.targets(), w.opts)
	rep := diagnose.Diagnose(snap, w.targets(), w.opts)
	w.gaps, w.hostInfo, w.named = rep.Gaps, rep.Host, true
	for i, p := range w.ports {
		p.result = rep.Results[i]
		if p.met && w.owner != nil {
			p.answer = w.owned(snap, p)
		}
	}
	return nil
}

// owned is the answer for a port that is as wanted but for its owner.
func (w *waiter) owned(snap *host.Snapshot, p *waited) answer {
	p.judged = w.app.now()
	met, known, why := diagnose.Owns(snap, p.result, *w.owner)
	if met {
		return answer{met: true, says: p.says + ": " + why}
	}
	if !known {
		return answer{foreign: true, unsure: true, says: fmt.Sprintf("whether %s is served by %s could not be told: %s", portOf(p.target), w.ownerText, why)}
	}
	return answer{foreign: true, says: fmt.Sprintf("%s is not served by %s: %s", portOf(p.target), w.ownerText, why)}
}

func portOf(t port.Target) string { return fmt.Sprintf("%d/%s", t.Ports.First, t.Protocol) }

// summary says how the port stands.
func (p *waited) summary() string {
	if p.says != "" {
		return p.says
	}
	return p.result.Summary
}

// tell says what has changed.
func (w *waiter) tell(talk *talk) {
	for _, p := range w.ports {
		if !p.met && p.result.Status == report.StatusFree && w.forWhat == "free" && !p.refused {
			continue // the bind that proves it comes next
		}
		if now := p.summary(); now != p.told {
			p.told = now
			p.changes = append(p.changes, report.Change{At: w.app.now().UTC(), Summary: now})
			if !p.met {
				talk.change(now)
			}
		}
	}
}

// state is how those ports stand that are not as wanted yet: the first, and how
// many more there are.
func (w *waiter) state() string {
	text, more := "", 0
	for _, p := range w.ports {
		switch {
		case p.met:
		case text == "":
			text = p.summary()
		default:
			more++
		}
	}
	if more > 0 {
		text = fmt.Sprintf("%s (and %d more)", text, more)
	}
	return text
}

// report tells how it ended. Who holds the ports is looked for where that is
// not known yet; a program always wants to know it, a person when it went wrong or
// when somebody is beside a port that is free.
func (w *waiter) report(ctx context.Context, outcome report.WaitOutcome, started time.Time) report.WaitReport {
	ended := w.app.now()
	beside := w.forWhat == "free" && slices.ContainsFunc(w.ports, func(p *waited) bool { return len(p.result.Sockets) > 0 })
	if !w.named && (w.app.json || beside || outcome != report.WaitMet) && !errors.Is(ctx.Err(), context.Canceled) {
		_ = w.look(context.WithoutCancel(ctx)) // without it there is less to tell
	}
	rep := report.WaitReport{
		Schema: report.WaitSchema, Tool: tool(), Host: w.hostInfo, TakenAt: ended.UTC(), Gaps: w.gaps,
		For: w.forWhat, Owner: w.ownerText, Outcome: outcome, ElapsedMS: uint64(max(ended.Sub(started), 0).Milliseconds()),
	}
	for _, p := range w.ports {
		rep.Waits = append(rep.Waits, report.Wait{Met: p.met, Summary: p.summary(), Changes: p.changes, Result: p.result})
	}
	return rep
}
