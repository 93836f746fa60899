package cli

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/probe"
	"github.com/portwho/portwho/pkg/report"
)

// mostAnswer is how long a server may take to accept a connection or to answer,
// leastAnswer how long it may in the one look that there is at least.
const (
	mostAnswer  = 5 * time.Second
	leastAnswer = time.Second
)

// isFree reports whether a server could bind the port. As long as a socket that
// was read is certainly in the way, no bind is tried. A bind exists for some
// microseconds, in which a server without SO_REUSEADDR that starts then would be
// refused; so there are as few as can be: one where nothing is in the way any
// more, and one a second where the kernel refuses for a reason that no table
// shows. A first refusal without a reason is asked about again before anything
// is said: a socket that is just being closed is in no table, and in the way.
func (w *waiter) isFree(ctx context.Context, p *waited, snap *host.Snapshot, r report.Result) answer {
	if slices.ContainsFunc(r.Binds, func(b report.Bind) bool { return b.Errno == host.EADDRINUSE && len(b.BlockedBy) > 0 }) {
		p.probes, p.doubted = nil, false
		return answer{}
	}
	if !w.due(p) && !p.doubted {
		return p.answer
	}
	p.probes = nil
	for _, c := range w.opts.Candidates(runtime.GOOS, []port.Target{p.target}) {
		p.probes = append(p.probes, probe.Bind(ctx, c))
	}
	tried := *snap
	tried.Probes = p.probes
	result := diagnose.Diagnose(&tried, []port.Target{p.target}, w.opts).Results[0]
	if result.Status != report.StatusFree && !p.doubted && !p.refused {
		p.doubted = true
		return answer{}
	}
	p.doubted = false
	switch result.Status {
	case report.StatusFree:
		p.result = result
		return answer{met: true}
	case report.StatusForbidden:
		return answer{refused: true, hopeless: true}
	case report.StatusUnknown:
		return answer{refused: true, unsure: true}
	}
	return answer{refused: true}
}

// due reports whether the kernel or a server should be asked again: something
// has changed, or the last time is long ago.
func (w *waiter) due(p *waited) bool {
	now := w.app.now()
	if p.askedOf == p.seen && now.Before(p.again) {
		return false
	}
	p.askedOf, p.again = p.seen, now.Add(patience)
	return true
}

// isListening reports whether each address accepts connections. UDP knows none:
// there it is enough that a socket takes what is sent to the address. Where no
// listener is seen, a connection is tried once a second all the same: a rule of
// the packet filter may send it to one.
func (w *waiter) isListening(ctx context.Context, p *waited, _ *host.Snapshot, r report.Result) answer {
	var there, missing []string
	ask := serves(r) || w.due(p)
	for _, to := range w.addresses(p.target) {
		switch {
		case p.target.Protocol != port.TCP:
			if slices.ContainsFunc(r.Sockets, func(s report.Socket) bool { return takes(s, to) }) {
				there = append(there, to.Addr().String())
				continue
			}
		case !ask:
			return p.answer
		default:
			err := w.asks(ctx, func(ctx context.Context) error { return probe.Connect(ctx, to) })
			if err == nil {
				there = append(there, to.Addr().String())
				continue
			}
			if len(there) > 0 && (errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EAFNOSUPPORT)) {
				continue // the hosts file names ::1, and the machine has none
			}
		}
		missing = append(missing, to.Addr().String())
	}
	says := func(tcp, udp string, addresses []string) string {
		if p.target.Protocol == port.TCP {
			udp = tcp
		}
		return fmt.Sprintf("%s: %s on %s", portOf(p.target), udp, strings.Join(addresses, " and "))
	}
	if len(missing) == 0 {
		return answer{met: true, says: says("somebody accepts connections", "a socket is bound", there)}
	}
	return answer{says: says("nobody accepts connections", "no socket is bound", missing)}
}

// answers asks the first address that accepts a connection, as a client would.
func (w *waiter) answers(ctx context.Context, p *waited, _ *host.Snapshot, r report.Result) answer {
	if !serves(r) && !w.due(p) {
		return p.answer
	}
	why := "nobody accepts connections"
	for _, to := range w.addresses(p.target) {
		code := 0
		err := w.asks(ctx, func(ctx context.Context) (err error) {
			code, err = probe.HTTPStatus(ctx, to, w.path)
			return err
		})
		switch {
		case err == nil && w.least <= code && code <= w.most:
			return answer{met: true, says: fmt.Sprintf("%s: http:%s is answered with %d", portOf(p.target), w.path, code)}
		case err == nil:
			why = fmt.Sprintf("http:%s is answered with %d", w.path, code)
		case errors.Is(err, probe.ErrNotHTTP):
			why = "what answers does not speak HTTP"
		case errors.Is(err, context.DeadlineExceeded):
			why = fmt.Sprintf("http:%s is not answered within %s", w.path, w.mostAnswer)
		default: // nobody is there: a client tries the next address
			continue
		}
		break
	}
	return answer{says: fmt.Sprintf("%s: %s", portOf(p.target), why)}
}

// asks gives a question to a server its time.
func (w *waiter) asks(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, w.mostAnswer)
	defer cancel()
	return ask(ctx)
}

// serves reports whether a socket on the port may take a connection.
func serves(r report.Result) bool {
	return slices.ContainsFunc(r.Sockets, func(s report.Socket) bool { return s.State == host.StateListen })
}

// takes reports whether a UDP socket takes what is sent to an address.
func takes(s report.Socket, to netip.AddrPort) bool {
	local, addr := s.Local.Addr(), to.Addr()
	switch {
	case s.State != host.StateUnconnected || s.Protocol == port.TCP:
		return false
	case local.Unmap() == addr:
		return true
	case local == netip.IPv4Unspecified():
		return addr.Is4()
	case local == netip.IPv6Unspecified():
		return addr.Is6() || s.IPv6Only == nil || !*s.IPv6Only
	}
	return false
}

// addresses are those that a server has to be reached on: what localhost stands
// for, or the target's own.
func (w *waiter) addresses(t port.Target) []netip.AddrPort {
	addresses := t.Addresses
	if len(addresses) != 1 {
		addresses = w.localhost
	}
	out := make([]netip.AddrPort, 0, len(addresses))
	for _, a := range addresses {
		out = append(out, netip.AddrPortFrom(a, t.Ports.First))
	}
	return out
}

// localhostOf is what localhost stands for, of one family or both.
func localhostOf(etcRoot string, family int) []netip.Addr {
	names := collect.Localhost(etcRoot)
	if len(names) == 0 {
		names = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	return slices.DeleteFunc(names, func(a netip.Addr) bool { return family != 0 && a.Is4() != (family == 4) })
}
