package collect

import (
	"context"
	"net/netip"
	"time"

	"github.com/portwho/portwho/pkg/host"
)

// freshUsually is how old may be what a Watch does not look at each time.
const freshUsually = 5 * time.Second

// Watch reads listeners again and again, at little cost while nothing changes.
// Each look lists the sockets. While they are the same ones and each of their
// holders still has its descriptor, runs under the same name and has the same
// parent, the rest is that of the last complete look: further holders, such as
// children that were started since, the facts about processes, who is in charge,
// and the settings of the machine. When any of that differs, or the complete
// look is older than Fresh, everything is read anew. A holder that has let go is
// so never told, and what else is told is at most Fresh late.
//
// It is for one goroutine at a time.
type Watch struct {
	// Config says what to read. Only listeners on Linux are compared; whatever
	// else the scope holds is read anew each time.
	Config Config
	// Fresh is the greatest age of a complete look; 0 means 5 s.
	Fresh time.Duration

	last      *host.Snapshot
	read      time.Time // zero where last is older than the last look
	was       []listed  // last, as a list of it shows it, by cookie
	connected []host.Socket
}

// listed is what a list shows of a socket, but for its queues. The cookie is
// never used twice.
type listed struct {
	cookie, inode uint64
	local         netip.AddrPort
	state         host.State
	device        uint32
}

// Connected are the UDP sockets that the last look does not show, as they have
// connected to a peer since the look before: they take datagrams of that peer
// alone, and are not gone. They have the id of the look before, and no holders.
// There are none elsewhere than on Linux, where that cannot be seen.
func (w *Watch) Connected() []host.Socket { return w.connected }

// Look reads the machine. Same says that nothing was found to differ from the
// look before; the snapshot is then that one but for its time, and shares its
// parts. The error is as that of Collect.
func (w *Watch) Look(ctx context.Context) (snapshot *host.Snapshot, same bool, err error) {
	now := w.Config.Now
	if now == nil {
		now = time.Now
	}
	fresh := w.Fresh
	if fresh <= 0 {
		fresh = freshUsually
	}
	w.connected = nil
	started := now()
	if w.last != nil && !w.read.IsZero() && started.Sub(w.read) < fresh && w.unchanged(ctx) {
		again := *w.last
		again.TakenAt = started.UTC()
		return &again, true, nil
	}
	w.read = time.Time{}
	cfg := w.Config
	cfg.withoutPassers = true
	if snapshot, err = Collect(ctx, cfg); err != nil {
		return nil, false, err
	}
	w.connected = w.nowConnected(ctx, snapshot)
	w.last, w.read, w.was = snapshot, started, nil
	return snapshot, false, nil
}
