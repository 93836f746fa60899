package lease

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/port"
)

// Lease is a port that is spoken for.
type Lease struct {
	Port     uint16        `json:"port"`
	Protocol port.Protocol `json:"protocol"`
	// Name is what the owner calls the port; empty for none.
	Name string `json:"name,omitempty"`
	// Project is the folder that the name belongs to.
	Project string `json:"project,omitempty"`
	Owner
	TakenAt time.Time `json:"taken_at"`
}

// Owner says how long a lease lasts.
type Owner struct {
	// PID is the process that the lease ends with; 0 for none.
	PID int32 `json:"pid,omitempty"`
	// StartTicks is the start of that process, as host.Process has it. Registry
	// fills it in.
	StartTicks uint64 `json:"start_ticks,omitempty"`
	// Parent may hand its leases on: a port that is leased to it can be asked for
	// by number. 0 for none.
	Parent int32 `json:"-"`
	// AtLeast keeps the lease until then, whether the process lives or not;
	// zero for no such time. It is for a process that asks on behalf of one that
	// is not known.
	AtLeast time.Time `json:"at_least,omitzero"`
	// AtMost ends the lease even if the process lives; zero for no such time.
	AtMost time.Time `json:"at_most,omitzero"`
}

// parseLease reads the file of a port. What is not the lease of that very port
// is an error.
func parseLease(text []byte, number uint16) (Lease, error) {
	var l Lease
	if err := json.Unmarshal(text, &l); err != nil {
		return Lease{}, fmt.Errorf("read lease %d: %w", number, err)
	}
	switch {
	case l.Port != number:
		return Lease{}, fmt.Errorf("read lease %d: it is about port %d", number, l.Port)
	case l.PID < 0, l.PID == 0 && l.AtLeast.IsZero() && l.AtMost.IsZero():
		return Lease{}, fmt.Errorf("read lease %d: it never ends", number)
	}
	return l, nil
}

// holds reports whether a lease still stands. A process that cannot be looked at
// counts as one that lives.
func (r *Registry) holds(ctx context.Context, l Lease) bool {
	now := r.cfg.Now()
	s, known := r.census[l.PID]
	if !known && l.PID != 0 {
		s.ticks, s.err = collect.StartTicks(ctx, r.cfg.ProcRoot, l.PID)
		r.census[l.PID] = s
	}
	switch {
	case !l.AtMost.IsZero() && !now.Before(l.AtMost):
		return false
	case now.Before(l.AtLeast):
		return true
	case l.PID == 0:
		return l.AtLeast.IsZero() // until AtMost
	case errors.Is(s.err, fs.ErrNotExist):
		return false
	}
	return s.err != nil || l.StartTicks == 0 || s.ticks == l.StartTicks
}
