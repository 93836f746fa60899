package collect

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/portwho/portwho/pkg/collect/internal/manage"
	"github.com/portwho/portwho/pkg/collect/internal/systemd"
	"github.com/portwho/portwho/pkg/host"
)

const sourceSystemctl = "systemctl"

// patience is how long systemd may take to answer everything. A verdict does
// not wait for a service manager that is stuck.
const patience = time.Second

// askSystemd asks about the units that are in charge of the snapshot's
// sockets, where there are any: the machine's systemd and the viewer's own. No
// other user's is asked, since reaching it would start a session of that user.
func askSystemd(ctx context.Context, cfg Config, snap *host.Snapshot) manage.Known {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var known manage.Known
	asked := [2][]string{}
	var failed [2]error
	// What systemd tells first (a socket unit, what starts a service) has
	// names that are asked about next.
	for range 2 {
		var next [2][]string
		next[0], next[1] = manage.Asks(snap, known)
		facts := [2]**systemd.Facts{&known.System, &known.User}
		var both sync.WaitGroup
		for i, names := range next {
			names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(asked[i], name) })
			asked[i] = append(asked[i], names...)
			if len(names) == 0 || failed[i] != nil {
				continue
			}
			both.Go(func() {
				units, err := systemd.Manager{User: i == 1, Environ: cfg.Environ}.Show(ctx, names...)
				if err != nil {
					failed[i] = err
					return
				}
				if *facts[i] == nil {
					*facts[i] = &systemd.Facts{}
				}
				(*facts[i]).Add(units...)
			})
		}
		both.Wait()
	}
	for i, subject := range []string{"what systemd knows about its units", "what the user's systemd knows about its units"} {
		if failed[i] != nil {
			snap.Gaps = append(snap.Gaps, systemctlGap(subject, failed[i]))
		}
	}
	sortGaps(snap.Gaps)
	return known
}

func systemctlGap(subject string, err error) host.Gap {
	g := host.Gap{Source: sourceSystemctl, Subject: subject, Reason: err.Error()}
	switch {
	case errors.Is(err, exec.ErrNotFound):
		g.Reason = "systemctl is not on the PATH"
	case errors.Is(err, context.DeadlineExceeded):
		g.Reason = "systemd did not answer within " + patience.String()
	}
	return g
}
