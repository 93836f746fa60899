package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/sockdiag"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

const sourceSockDiag = "sock_diag"

// listing is what the enumerators found.
type listing struct {
	records []sockdiag.Record // of sock_diag
	sockets []host.Socket     // of gopsutil
	source  host.Source
	gaps    []host.Gap
	// lacksBound says that bound sockets that do not listen are not among
	// the records, because the kernel does not list them.
	lacksBound bool
	// conn is the netlink socket for further questions; nil when records is.
	conn *sockdiag.Conn
}

func (l *listing) close() {
	if l.conn != nil {
		l.conn.Close()
	}
}

// enumerate lists the sockets of the scope from the best source the
// configuration allows. Served is called when somebody listens on a port of the
// scope, before the connections are listed; nil asks nothing.
func enumerate(ctx context.Context, cfg Config, served func()) (*listing, error) {
	protocols := wantedProtocols(cfg.Scope)
	if cfg.Source == host.SourcePortable {
		return enumeratePortable(ctx, cfg, protocols), ctx.Err()
	}
	conn, err := sockdiag.Open()
	if err != nil {
		if cfg.Source == host.SourceSockDiag {
			return nil, fmt.Errorf("%w: %w", ErrSource, err)
		}
		l := enumeratePortable(ctx, cfg, protocols)
		l.gaps = append(l.gaps, fallbackGap("sockets", err))
		return l, ctx.Err()
	}
	l := &listing{source: host.SourceSockDiag, conn: conn}
	if served != nil && l.served(ctx, cfg.Scope) {
		served()
	}
	fallBack := make(map[port.Protocol]error)
	for _, protocol := range protocols {
		if err := l.dump(ctx, cfg, protocol); err != nil {
			fallBack[protocol] = err
		}
		if ctx.Err() != nil {
			l.close()
			return nil, ctx.Err()
		}
	}
	if err := l.fallBack(ctx, cfg, fallBack); err != nil {
		l.close()
		return nil, err
	}
	if l.source == host.SourceSockDiag && cfg.Scope.CoversProtocol(port.TCP) && !cfg.Scope.ListenersOnly {
		l.lacksBound = cfg.withoutBound || !l.showsBound(ctx)
	}
	return l, ctx.Err()
}

// dump adds the sockets of one protocol. The error is one for which another
// source has to stand in.
func (l *listing) dump(ctx context.Context, cfg Config, protocol port.Protocol) error {
	if protocol == port.TCP {
		err := l.dumpFamily(ctx, cfg, sockdiag.Both, protocol)
		var refusal *sockdiag.Refusal
		if !errors.As(err, &refusal) {
			return err
		}
	}
	err := l.dumpFamily(ctx, cfg, sockdiag.IPv4, protocol)
	if ctx.Err() != nil {
		return err
	}
	return cmp.Or(l.dumpFamily(ctx, cfg, sockdiag.IPv6, protocol), err)
}

func (l *listing) dumpFamily(ctx context.Context, cfg Config, family sockdiag.Family, protocol port.Protocol) error {
	records, err := l.conn.Dump(ctx, sockdiag.Query{
		Family: family, Protocol: protocol, Ports: cfg.Scope.Ports, ListenersOnly: cfg.Scope.ListenersOnly,
		WithoutBound: cfg.withoutBound,
	})
	rank(records, cfg.Scope)
	l.records = append(l.records, records...)
	switch {
	case err == nil, ctx.Err() != nil:
	case errors.Is(err, sockdiag.ErrInterrupted):
		l.gaps = append(l.gaps, host.Gap{
			Source: sourceSockDiag, Subject: fmt.Sprintf("some %s sockets over %s", protocol, family),
			Reason: err.Error(), Hint: host.HintAgain, Decides: true, Protocol: protocol,
		})
	case familyMissing(family), sockdiag.Lacks(protocol):
		// The kernel has no such sockets: nothing is missing.
	default:
		return err
	}
	return nil
}

// rank notes the order of UDP sockets on each port, which the kernel lists as
// it compares them (udp_dump and udp_lib_lport_inuse walk one list). A dump of
// many rows takes several steps, between which the list may change; nobody
// asks about the order of that many.
func rank(records []sockdiag.Record, scope host.Scope) {
	const few = 100
	if len(scope.Ports) == 0 || len(records) > few || len(records) == 0 || records[0].Protocol == port.TCP {
		return
	}
	seen := make(map[uint16]int)
	for i := range records {
		number := records[i].Local.Port()
		seen[number]++
		records[i].ListRank = seen[number]
	}
}

func enumeratePortable(ctx context.Context, cfg Config, protocols []port.Protocol) *listing {
	sockets, gaps := portableSockets(withRoot(ctx, cfg), cfg.Scope, protocols)
	return &listing{sockets: sockets, gaps: gaps, source: host.SourcePortable}
}

// fallBack asks gopsutil about the protocols that sock_diag failed on. What
// sock_diag did tell about those is dropped, so that no socket occurs twice.
func (l *listing) fallBack(ctx context.Context, cfg Config, failed map[port.Protocol]error) error {
	var again []port.Protocol
	for _, protocol := range wantedProtocols(cfg.Scope) {
		err, ok := failed[protocol]
		switch {
		case !ok:
		case cfg.Source == host.SourceSockDiag && sockdiag.Unsupported(err):
			return fmt.Errorf("%w: %w", ErrSource, err)
		case cfg.Source == host.SourceSockDiag, protocol == port.UDPLite:
			l.gaps = append(l.gaps, host.Gap{
				Source: sourceSockDiag, Subject: string(protocol) + " sockets", Reason: err.Error(), Decides: true, Protocol: protocol,
			})
		default:
			again = append(again, protocol)
			l.gaps = append(l.gaps, fallbackGap(string(protocol)+" sockets", err))
		}
	}
	if len(again) == 0 {
		return nil
	}
	kept := l.records[:0]
	for _, r := range l.records {
		if failed[r.Protocol] == nil || r.Protocol == port.UDPLite {
			kept = append(kept, r)
		}
	}
	l.records = kept
	sockets, gaps := portableSockets(withRoot(ctx, cfg), cfg.Scope, again)
	l.sockets = append(l.sockets, sockets...)
	l.gaps = append(l.gaps, gaps...)
	if failed[port.TCP] != nil {
		l.source = host.SourcePortable
	}
	return nil
}

// fallbackGap says that gopsutil stood in for sock_diag. What gopsutil leaves
// out is told by gaps of its own.
func fallbackGap(subject string, err error) host.Gap {
	return host.Gap{Source: sourceSockDiag, Subject: subject + " as sock_diag tells them; gopsutil stood in", Reason: err.Error()}
}

// showsBound reports whether the kernel lists bound sockets that do not
// listen, as since Linux 6.8.
func (l *listing) showsBound(ctx context.Context) bool {
	for i := range l.records {
		if l.records[i].State == host.StateBound && l.records[i].Protocol == port.TCP {
			return true
		}
	}
	if kernelAtLeast(kernelRelease(), 6, 8) {
		return true
	}
	shown, err := l.conn.ShowsBound(ctx)
	return err == nil && shown // a backport
}

// familyMissing reports whether the kernel runs without the address family.
func familyMissing(family sockdiag.Family) bool {
	return family != sockdiag.Both && !familyWorks(int(family))
}

// familyWorks tries the family with a socket that is closed at once.
func familyWorks(family int) bool {
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		unix.Close(fd)
	}
	return !errors.Is(err, unix.EAFNOSUPPORT)
}

// hasUDPLite reports whether the system has UDP-Lite sockets.
func hasUDPLite() bool { return !sockdiag.Lacks(port.UDPLite) }

// kernelRelease returns what uname -r prints.
func kernelRelease() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}

// kernelAtLeast compares the first two numbers of a release such as
// "6.1.0-18-amd64". A release it cannot read is old.
func kernelAtLeast(release string, major, minor int) bool {
	first, rest, _ := strings.Cut(release, ".")
	digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if digits >= 0 {
		rest = rest[:digits]
	}
	a, err := strconv.Atoi(first)
	if err != nil {
		return false
	}
	b, err := strconv.Atoi(rest)
	if err != nil {
		return false
	}
	return a > major || a == major && b >= minor
}
