package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/child"
	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

const (
	// leavePatience is how long what the command has left behind may take to go:
	// often it was told to, and is about to.
	leavePatience = time.Second
	leaveLook     = 20 * time.Millisecond
)

// leftover is a listener that a command left behind.
type leftover struct {
	pid      int32
	name     string
	socket   string
	number   uint16
	protocol port.Protocol
}

func (l leftover) String() string {
	target := port.Target{Ports: port.One(l.number)}
	if l.protocol != port.TCP {
		target.Protocol = l.protocol
	}
	return fmt.Sprintf("note: the command left %s (pid %d) listening on %s; stop it with: portwho kill %s", l.name, l.pid, l.socket, target)
}

// leftBehind are the listeners of processes that the command started and that
// live on. They are children of this process now, or below one.
func (a *app) leftBehind(ctx context.Context) []leftover {
	for deadline := a.now().Add(leavePatience); !child.Bereaved(); time.Sleep(leaveLook) {
		left := a.listenersBelow(ctx)
		if len(left) == 0 || a.now().After(deadline) {
			return left
		}
	}
	return nil
}

func (a *app) listenersBelow(ctx context.Context) []leftover {
	below, err := collect.Descendants(ctx, a.procRoot, []int32{int32(os.Getpid())})
	if err != nil || len(below) == 0 {
		return nil
	}
	snap, err := a.snapshot(ctx, host.Scope{ListenersOnly: true}, listed)
	if err != nil {
		return nil
	}
	var left []leftover
	for _, s := range snap.Sockets {
		if !s.Serves() || s.Protocol != port.TCP && isClients(snap, s.Local.Port()) {
			continue
		}
		for _, h := range s.Holders {
			i := slices.IndexFunc(below, func(p host.Process) bool { return p.PID == h.PID })
			if i < 0 {
				continue
			}
			left = append(left, leftover{
				pid: h.PID, name: below[i].Name, socket: string(s.Protocol) + " " + s.Local.String(), number: s.Local.Port(), protocol: s.Protocol,
			})
		}
	}
	return left
}

// isClients reports whether a UDP socket on this port is most likely that of a
// client: the kernel chose it.
func isClients(snap *host.Snapshot, number uint16) bool {
	ephemeral := snap.Network.Ephemeral
	return ephemeral == nil || ephemeral.Contains(number)
}
