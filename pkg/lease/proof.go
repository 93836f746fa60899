package lease

import (
	"context"
	"fmt"
	"net/netip"
	"os"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/probe"
)

// usual are the addresses a server binds.
func usual() []netip.Addr {
	return []netip.Addr{
		netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv4Unspecified(), netip.IPv6Loopback(), netip.IPv6Unspecified(),
	}
}

// lacking reports whether an answer says that the machine has no such address,
// as without IPv6. It is no word about the port.
func lacking(p host.Probe) bool {
	return p.Candidate.Local.Addr().Is6() && (p.Errno == host.EAFNOSUPPORT || p.Errno == host.EADDRNOTAVAIL)
}

// prove makes the binds of a server on every usual address and returns the
// first refusal. Without reuse no trace of the port may be left, TIME_WAIT
// included, so that a server can start whatever options it sets.
func prove(ctx context.Context, protocol port.Protocol, number uint16, reuse bool) (refusal host.Probe, free bool) {
	bound := false
	for _, addr := range usual() {
		p := probe.Bind(ctx, host.Candidate{
			Protocol: protocol, Local: netip.AddrPortFrom(addr, number), Options: host.BindOptions{ReuseAddress: reuse},
		})
		switch {
		case p.Errno == host.OK:
			bound = true
		case !lacking(p):
			return p, false
		}
	}
	if !bound {
		return host.Probe{Errno: host.ErrnoUnknown, Reason: "the machine has no address to bind"}, false
	}
	return host.Probe{}, true
}

// hold keeps a port so that nobody can bind it at any address, until the files
// are closed.
func hold(ctx context.Context, protocol port.Protocol, number uint16) ([]*os.File, host.Probe) {
	var files []*os.File
	for _, addr := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		c := host.Candidate{Protocol: protocol, Local: netip.AddrPortFrom(addr, number)}
		c.Options.IPv6Only = addr.Is6() // the IPv4 half has a socket of its own
		f, p := probe.Hold(ctx, c, false)
		switch {
		case p.Errno == host.OK:
			files = append(files, f)
		case !lacking(p):
			closeAll(files)
			return nil, p
		}
	}
	return files, host.Probe{}
}

// listenOn opens the socket that a command is given.
func listenOn(ctx context.Context, q Request, number uint16) ([]*os.File, host.Probe) {
	f, p := probe.Hold(ctx, host.Candidate{
		Protocol: q.Protocol, Local: netip.AddrPortFrom(q.Listen, number),
		Options: host.BindOptions{ReuseAddress: true}, // so that the command can be started again
	}, q.Protocol == port.TCP)
	if p.Errno != host.OK {
		return nil, p
	}
	return []*os.File{f}, host.Probe{}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// describe says in a phrase what the kernel answered.
func describe(p host.Probe) string {
	if p.Errno == host.ErrnoUnknown {
		return p.Reason
	}
	return fmt.Sprintf("%s %s: %s", p.Call, p.Candidate.Local, p.Errno)
}
