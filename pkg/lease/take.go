package lease

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// Request asks for one port.
type Request struct {
	// Name and Project decide which port is tried first, so that the same ones
	// get the same port as long as it is free.
	Name, Project string
	// Protocol is TCP where it is empty.
	Protocol port.Protocol
	// Port asks for this very one; 0 lets the package choose.
	Port uint16
	// Range limits the choice; the zero Range is DefaultRange, or with Near every
	// port.
	Range port.Range
	// Near prefers the nearest ports to a number; 0 spreads over the range.
	Near uint16
	// Hold keeps the port by sockets until they are closed.
	Hold bool
	// Listen keeps it by one socket that listens on this address; the zero Addr
	// is none.
	Listen netip.Addr
}

// Taken is a lease with the sockets that keep its port.
type Taken struct {
	Lease
	// Ephemeral says that the port lies in the range that the kernel gives to
	// connections.
	Ephemeral bool
	// Sockets are closed on exec. The one of Request.Listen is the only one.
	Sockets []*os.File
}

// Close closes the sockets. The lease stays.
func (t *Taken) Close() { closeAll(t.Sockets) }

// UnavailableError says that a port that was asked for by number cannot be had.
type UnavailableError struct {
	Port     uint16
	Protocol port.Protocol
	// Lease is somebody else's lease on it; nil for none.
	Lease *Lease
	// Probe is what the kernel answered, where there is no lease.
	Probe host.Probe
}

func (e *UnavailableError) Error() string {
	what := fmt.Sprintf("take %d/%s: ", e.Port, e.Protocol)
	switch {
	case e.Lease == nil:
		return what + describe(e.Probe)
	case e.Lease.PID == 0:
		return what + "it is leased"
	case e.Lease.Name != "":
		return what + fmt.Sprintf("it is leased to process %d as %s", e.Lease.PID, e.Lease.Name)
	}
	return what + fmt.Sprintf("it is leased to process %d", e.Lease.PID)
}

// ExhaustedError says that there are fewer free ports than were asked for.
type ExhaustedError struct {
	Range port.Range // the zero Range is every port
	// Wanted and Found are how many.
	Wanted, Found int
}

func (e *ExhaustedError) Error() string {
	where := "on this machine"
	if e.Range != (port.Range{}) {
		where = "in " + e.Range.String()
	}
	return fmt.Sprintf("find ports: %d of %d found %s", e.Found, e.Wanted, where)
}

// Take leases a port for every request, or none at all. A port that is chosen
// was bound on every usual address before it is returned.
//
// The error wraps *UnavailableError, *ExhaustedError, or what is wrong with the
// folder, a full disk for example.
func (r *Registry) Take(ctx context.Context, owner Owner, requests []Request) ([]Taken, error) {
	network, _ := collect.Settings(ctx, r.cfg.ProcRoot)
	rules := rulesOf(network)
	owner, err := r.identify(ctx, owner)
	if err != nil {
		return nil, err
	}
	var taken []Taken
	err = r.locked(ctx, func() error {
		numbers, err := r.numbers()
		if err != nil {
			return err
		}
		if len(numbers) > manyLeases {
			if _, err := r.sweep(ctx, numbers); err != nil {
				return err
			}
		}
		b := batch{r: r, rules: rules, owner: owner, wanted: len(requests), gone: make(map[uint16]bool)}
		for _, q := range requests {
			if q.Protocol == "" {
				q.Protocol = port.TCP
			}
			if err := b.add(ctx, q); err != nil {
				b.undo()
				return err
			}
		}
		taken = b.taken
		return nil
	})
	return taken, err
}

// batch is a number of requests that succeed together.
type batch struct {
	r      *Registry
	rules  rules
	owner  Owner
	wanted int
	taken  []Taken
	// gone are ports that no nameless request can have. Such requests try the
	// ports in the same order, and there may be hundreds.
	gone map[uint16]bool
}

func (b *batch) undo() {
	for i := range b.taken {
		b.taken[i].Close()
		_ = b.r.root.Remove(fileName(b.taken[i].Port))
	}
}

func (b *batch) add(ctx context.Context, q Request) error {
	if q.Port != 0 {
		return b.addFixed(ctx, q)
	}
	for number, ephemeral := range b.rules.candidates(q, os.Geteuid()) {
		if q.Name == "" && b.gone[number] {
			continue
		}
		l, held, err := b.r.look(ctx, number)
		if err != nil {
			return err
		}
		b.gone[number] = true
		if held && !b.mine(l, q) {
			continue
		}
		refusal, free := prove(ctx, q.Protocol, number, false)
		if !free {
			if err := undecided(refusal); err != nil {
				return err
			}
			continue
		}
		sockets, refusal, err := b.keep(ctx, q, number)
		if err != nil {
			return err
		}
		if refusal.Errno != host.OK {
			continue // somebody was faster
		}
		return b.note(q, number, ephemeral, sockets)
	}
	return &ExhaustedError{Range: q.Range, Wanted: b.wanted, Found: len(b.taken)}
}

// addFixed takes the port that was asked for. A server may share it with what a
// closed connection has left, as servers do.
func (b *batch) addFixed(ctx context.Context, q Request) error {
	l, held, err := b.r.look(ctx, q.Port)
	if err != nil {
		return err
	}
	unavailable := &UnavailableError{Port: q.Port, Protocol: q.Protocol}
	if held && !b.mine(l, q) && !b.handedOn(l) {
		unavailable.Lease = &l
		return unavailable
	}
	if refusal, free := prove(ctx, q.Protocol, q.Port, q.Protocol == port.TCP); !free {
		if err := undecided(refusal); err != nil {
			return err
		}
		unavailable.Probe = refusal
		return unavailable
	}
	sockets, refusal, err := b.keep(ctx, q, q.Port)
	if err != nil {
		return err
	}
	if refusal.Errno != host.OK && q.Listen.IsValid() {
		unavailable.Probe = refusal
		return unavailable
	}
	// Without a socket, as beside a TIME_WAIT, the lease alone keeps the port.
	return b.note(q, q.Port, b.rules.ephemeral.Contains(q.Port), sockets)
}

// mine reports whether a lease may be given again: the same process asks for the
// same name. One that asks after it is not known from one that asks beside it.
func (b *batch) mine(l Lease, q Request) bool {
	if q.Name == "" || l.Name != q.Name || l.Project != q.Project {
		return false
	}
	for _, t := range b.taken {
		if t.Port == l.Port {
			return false
		}
	}
	return l.PID != 0 && l.PID == b.owner.PID && l.StartTicks == b.owner.StartTicks
}

// handedOn reports whether a lease is one of the owner's parent: a shell that has
// asked for a free port and now starts a command on it.
func (b *batch) handedOn(l Lease) bool {
	s, known := b.r.census[l.PID] // by the look at the lease
	return known && s.err == nil && l.PID == b.owner.Parent && s.ticks == l.StartTicks
}

// keep opens the sockets that a request asks for.
func (b *batch) keep(ctx context.Context, q Request, number uint16) ([]*os.File, host.Probe, error) {
	var sockets []*os.File
	var refusal host.Probe
	switch {
	case q.Listen.IsValid():
		sockets, refusal = listenOn(ctx, q, number)
		if refusal.Errno == host.EADDRNOTAVAIL || refusal.Errno == host.EAFNOSUPPORT {
			return nil, refusal, fmt.Errorf("listen on %s: %w", q.Listen, ErrAddress)
		}
	case q.Hold:
		sockets, refusal = hold(ctx, q.Protocol, number)
	}
	return sockets, refusal, undecided(refusal)
}

// note writes the lease.
func (b *batch) note(q Request, number uint16, ephemeral bool, sockets []*os.File) error {
	l := Lease{
		Port: number, Protocol: q.Protocol, Name: q.Name, Project: q.Project, Owner: b.owner,
		TakenAt: b.r.cfg.Now().UTC().Truncate(0),
	}
	if err := b.r.write(l); err != nil {
		closeAll(sockets)
		return err
	}
	b.taken = append(b.taken, Taken{Lease: l, Ephemeral: ephemeral, Sockets: sockets})
	return nil
}

// ErrAddress says that [Request.Listen] is no address of this machine, whatever
// the port.
var ErrAddress = errors.New("it is no address of this machine")

// ErrUnproved says that the kernel could not be asked whether a port is free.
var ErrUnproved = errors.New("the port could not be tried")

// undecided turns an answer that says nothing about the port into an error:
// the next port would fare no better.
func undecided(p host.Probe) error {
	if p.Errno != host.ErrnoUnknown {
		return nil
	}
	return fmt.Errorf("find ports: %w: %s", ErrUnproved, p.Reason)
}
