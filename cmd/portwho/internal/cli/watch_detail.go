package cli

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"github.com/portwho/portwho/cmd/portwho/internal/text"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// watchDetail is what portwho TARGET prints, on the screen. What reading cannot
// tell is tried by a bind when a person asks, and not when the screen is kept
// up to date: a server that starts must not meet it. What the kernel said then
// stands for as long as the same sockets are there.
type watchDetail struct {
	app *app

	mu      sync.Mutex
	asked   string
	sockets []string
	probes  []host.Probe
}

func (d *watchDetail) text(ctx context.Context, target report.Target, width int, again bool) (string, error) {
	t, err := port.ParseTarget(target.Text)
	if err != nil {
		return "", err
	}
	targets := []port.Target{t}
	snap, err := d.app.snapshot(ctx, host.Scope{Ports: portRanges(targets), Protocols: wanted(targets, nil)}, asked)
	if err != nil {
		return "", err
	}
	var ids []string
	for _, s := range snap.Sockets {
		ids = append(ids, s.ID)
	}
	slices.Sort(ids)
	d.mu.Lock()
	if d.asked == target.Text && slices.Equal(d.sockets, ids) {
		snap.Probes = append(snap.Probes, d.probes...)
	}
	d.mu.Unlock()
	rep := d.app.settle(ctx, snap, targets, diagnose.Options{Tool: tool()}, again)
	d.mu.Lock()
	d.asked, d.sockets, d.probes = target.Text, ids, snap.Probes
	d.mu.Unlock()
	var out bytes.Buffer
	err = text.Verdict(&out, rep, d.app.paneLooks(width))
	return out.String(), err
}

// paneLooks are the options of text for a pane of the screen.
func (a *app) paneLooks(width int) text.Options {
	opts := a.looks(lookFlags{})
	opts.Width = width
	return opts
}
